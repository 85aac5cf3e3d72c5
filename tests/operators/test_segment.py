import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mile_desktop.operators.corrections import ImperfectHand
from mile_desktop.operators.segment import SegmentSettings, SegmentSupervisor
from tests.operators.supervised import GOAL, STEADY, drive, expert, seen, spans, stories


def test_segment_leaves_a_good_robot_alone() -> None:
    supervisor = SegmentSupervisor(expert)
    supervisor.reset(0)
    assert not spans(drive(supervisor, [GOAL * 0.9] * 300))


def test_segment_forgives_a_short_lapse() -> None:
    supervisor = SegmentSupervisor(expert)
    supervisor.reset(0)
    assert not spans(drive(supervisor, [GOAL] * 20 + [-GOAL] * 2 + [GOAL] * 50))


@pytest.mark.parametrize("reaction_steps", [0, 4, 12])
def test_segment_reacts_late(reaction_steps: int) -> None:
    begins = []
    for seed in range(20):
        supervisor = SegmentSupervisor(expert, replace(STEADY, reaction_steps=reaction_steps))
        supervisor.reset(seed)
        begins.append(spans(drive(supervisor, [-GOAL] * 60))[0][0])
    prompt = min(begins)
    at_once = SegmentSupervisor(expert, replace(STEADY, reaction_steps=0))
    at_once.reset(0)
    noticed = spans(drive(at_once, [-GOAL] * 60))[0][0]
    slack = reaction_steps // 2
    assert prompt >= noticed + reaction_steps - slack
    assert max(begins) <= noticed + reaction_steps + slack
    assert len(set(begins)) > 1 or slack == 0


def test_segment_holds_for_at_least_ten_steps_and_hands_back_when_the_robot_agrees() -> None:
    supervisor = SegmentSupervisor(expert, STEADY)
    supervisor.reset(0)
    found = spans(drive(supervisor, [-GOAL] * 8 + [GOAL] * 60))
    assert len(found) == 1
    assert found[0][1] == 10


def test_segment_keeps_a_robot_that_goes_on_disagreeing() -> None:
    supervisor = SegmentSupervisor(expert, STEADY)
    supervisor.reset(0)
    readings = drive(supervisor, [-GOAL] * 80)
    begin, length = spans(readings)[0]
    assert begin + length == 80


def test_segment_notices_a_robot_that_stands_still() -> None:
    supervisor = SegmentSupervisor(lambda _: np.array([0.4, 0.0, 0.0, 0.0], np.float32))
    supervisor.reset(0)
    still = np.zeros(4, np.float32)
    # the distance alone, 0.2, would never call for a takeover
    assert spans(drive(supervisor, [still] * 60))


def test_segment_does_not_call_waiting_a_stall() -> None:
    supervisor = SegmentSupervisor(lambda _: np.zeros(4, np.float32))
    supervisor.reset(0)
    assert not spans(drive(supervisor, [np.zeros(4, np.float32)] * 100))


def test_a_new_episode_begins_let_go() -> None:
    supervisor = SegmentSupervisor(expert, STEADY)
    supervisor.reset(0)
    assert drive(supervisor, [-GOAL] * 40)[-1].takeover
    supervisor.reset(1)
    assert not supervisor.poll(seen(GOAL)).takeover


def test_corrections_are_like_the_experts_but_not_the_same() -> None:
    supervisor = SegmentSupervisor(lambda _: np.zeros(4, np.float32), SegmentSettings(tremor=0.1, lean=0.0))
    supervisor.reset(0)
    actions = np.stack([reading.action for reading in drive(supervisor, [GOAL] * 4000)])
    assert actions.std(axis=0) == pytest.approx(np.full(4, 0.1), rel=0.15)
    lag_one = [np.corrcoef(column[:-1], column[1:])[0, 1] for column in actions.T]
    assert lag_one == pytest.approx([0.7] * 4, abs=0.06)


def test_the_lean_lasts_an_episode() -> None:
    hand = ImperfectHand(tremor=0.0, lean=0.2, smoothness=0.0)
    rng = np.random.default_rng(0)
    rest = np.zeros(4, np.float32)
    one, two = hand.act(rest, rng), hand.act(rest, rng)
    hand.reset()
    other = hand.act(rest, rng)
    assert np.array_equal(one, two)
    assert one.any()
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    "wrong",
    [
        {"reaction_steps": -1},
        {"min_hold_steps": 0},
        {"memory": 1.0},
        {"agreement": 0.9},
        {"tremor": -0.1},
        {"stall": math.nan},
    ],
)
def test_segment_settings_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SegmentSettings(**wrong)


@settings(max_examples=60, deadline=None)
@given(stories, st.integers(0, 2**31))
def test_whatever_the_robot_does_takeovers_are_long_enough(story: list[list[float]], seed: int) -> None:
    supervisor = SegmentSupervisor(expert)
    supervisor.reset(seed)
    for begin, length in spans(drive(supervisor, [np.array(each, np.float32) for each in story])):
        assert length >= 10 or begin + length == len(story)
