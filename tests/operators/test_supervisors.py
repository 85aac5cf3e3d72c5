import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, stats

from mile_desktop.operators.corrections import ImperfectHand
from mile_desktop.operators.inaccurate import Inaccuracy, InaccurateSupervisor
from mile_desktop.operators.nobody import NoOperator
from mile_desktop.operators.operator import Operator, OperatorContext, OperatorReading
from mile_desktop.operators.probit import (
    ProbitSettings,
    ProbitSupervisor,
    expected_shortfall,
)
from mile_desktop.operators.segment import SegmentSettings, SegmentSupervisor
from mile_desktop.operators.supervisors import SUPERVISORS, UnknownSupervisorError, make_supervisor
from tests.operators.conftest import context

FloatArray = NDArray[np.float32]
GOAL = np.array([1.0, 0.0, 0.0, -1.0], np.float32)


def expert(observation: FloatArray) -> FloatArray:
    """Always the same wish."""
    return GOAL.copy()


def seen(proposal: FloatArray, std: float = 0.1) -> OperatorContext:
    proposal = np.asarray(proposal, np.float32)
    return replace(
        context(len(proposal)),
        proposal=proposal,
        policy_mean=proposal,
        policy_std=np.full(len(proposal), std, np.float32),
    )


def drive(operator: Operator, proposals: list[FloatArray]) -> list[OperatorReading]:
    return [operator.poll(seen(proposal)) for proposal in proposals]


def spans(readings: list[OperatorReading]) -> list[tuple[int, int]]:
    """Return (first step, length) of every takeover."""
    found: list[tuple[int, int]] = []
    for step, reading in enumerate(readings):
        if reading.takeover and found and sum(found[-1]) == step:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif reading.takeover:
            found.append((step, 1))
    return found


# ── probit ───────────────────────────────────────────────────────────────────────────────────────────────────────


def probability(shortfall: float, size: int, cost: float, cdf_scale: float) -> float:
    """Integrate the published model directly: p = E_T Φ((K − c − T)/σ)."""

    def integrand(own_loss: float) -> float:
        decided = stats.norm.cdf((shortfall - cost - own_loss) / cdf_scale)
        return float(stats.gamma.pdf(own_loss, size / 2.0) * decided)

    return float(integrate.quad(integrand, 0.0, np.inf)[0])


@pytest.mark.parametrize(
    ("gap", "cost", "cdf_scale"), [(0.0, 0.0, 1.0), (0.4, 2.0, 2.0), (0.6, 4.0, 1.0), (1.0, 4.0, 0.3)]
)
def test_probit_takes_over_as_often_as_the_model_says(gap: float, cost: float, cdf_scale: float) -> None:
    chosen = ProbitSettings(expert_std=0.3, cost=cost, cdf_scale=cdf_scale)
    supervisor = ProbitSupervisor(expert, chosen)
    supervisor.reset(11)
    step = seen(GOAL - np.array([gap, 0.0, 0.0, -gap], np.float32), std=0.2)
    expected = probability(expected_shortfall(GOAL, 0.3, step.policy_mean, step.policy_std), 4, cost, cdf_scale)
    count = 8000
    rate = sum(supervisor.poll(step).takeover for _ in range(count)) / count
    assert rate == pytest.approx(expected, abs=4.5 * math.sqrt(expected * (1 - expected) / count) + 1e-3)


def test_shortfall_is_half_the_dimensions_for_the_humans_own_policy() -> None:
    assert expected_shortfall(GOAL, 0.3, GOAL, np.full(4, 0.3, np.float32)) == pytest.approx(2.0, abs=1e-6)


def test_a_higher_cost_means_fewer_takeovers() -> None:
    rates = []
    for cost in (0.0, 3.0, 6.0, 12.0):
        supervisor = ProbitSupervisor(expert, ProbitSettings(expert_std=0.3, cost=cost))
        supervisor.reset(2)
        rates.append(sum(reading.takeover for reading in drive(supervisor, [GOAL * 0.3] * 500)))
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > rates[-1]


def test_probit_acts_like_the_expert_with_its_own_spread() -> None:
    supervisor = ProbitSupervisor(lambda _: np.zeros(4, np.float32), ProbitSettings(expert_std=0.2))
    supervisor.reset(3)
    actions = np.stack([reading.action for reading in drive(supervisor, [GOAL] * 3000)])
    assert actions.mean(axis=0) == pytest.approx(np.zeros(4), abs=0.02)
    assert actions.std(axis=0) == pytest.approx(np.full(4, 0.2), rel=0.06)


@pytest.mark.parametrize("wrong", [{"expert_std": 0.0}, {"cdf_scale": -1.0}, {"cost": math.nan}])
def test_probit_settings_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is"):
        ProbitSettings(**wrong)


# ── segment ──────────────────────────────────────────────────────────────────────────────────────────────────────

STEADY = SegmentSettings(tremor=0.0, lean=0.0)


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


proposals = st.lists(st.lists(st.floats(-1.0, 1.0, width=32), min_size=4, max_size=4), min_size=1, max_size=80)


@settings(max_examples=60, deadline=None)
@given(proposals, st.integers(0, 2**31))
def test_whatever_the_robot_does_takeovers_are_long_enough(story: list[list[float]], seed: int) -> None:
    supervisor = SegmentSupervisor(expert)
    supervisor.reset(seed)
    for begin, length in spans(drive(supervisor, [np.array(each, np.float32) for each in story])):
        assert length >= 10 or begin + length == len(story)


# ── inaccurate ───────────────────────────────────────────────────────────────────────────────────────────────────


class Watcher(NoOperator):
    """Keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[OperatorContext] = []

    def poll(self, context: OperatorContext) -> OperatorReading:
        self.shown.append(context)
        return super().poll(context)


def test_no_inaccuracy_changes_nothing() -> None:
    watcher = Watcher()
    wrapped = InaccurateSupervisor(watcher, Inaccuracy())
    wrapped.reset(0)
    drive(wrapped, [GOAL, GOAL * 0.5])
    assert np.array_equal(watcher.shown[1].proposal, GOAL * 0.5)
    assert np.array_equal(watcher.shown[1].policy_mean, GOAL * 0.5)


def test_stale_shows_what_the_robot_did_before() -> None:
    watcher = Watcher()
    wrapped = InaccurateSupervisor(watcher, Inaccuracy(lag_steps=2))
    wrapped.reset(0)
    story = [GOAL * part for part in (0.1, 0.2, 0.3, 0.4)]
    drive(wrapped, story)
    means = [float(each.policy_mean[0]) for each in watcher.shown]
    assert means == pytest.approx([0.1, 0.1, 0.1, 0.2])


def test_bias_lasts_an_episode_and_noise_does_not() -> None:
    watcher = Watcher()
    zero = np.zeros(4, np.float32)
    wrapped = InaccurateSupervisor(watcher, Inaccuracy(bias=0.2))
    wrapped.reset(0)
    drive(wrapped, [zero, zero])
    first, second = (each.policy_mean for each in watcher.shown)
    assert np.array_equal(first, second)
    assert np.sqrt(np.mean(first**2)) == pytest.approx(0.2, rel=1e-5)
    wrapped.reset(1)
    drive(wrapped, [zero])
    assert not np.array_equal(watcher.shown[2].policy_mean, first)

    noisy = InaccurateSupervisor(watcher, Inaccuracy(noise_std=0.1))
    noisy.reset(0)
    drive(noisy, [zero] * 1000)
    errors = np.stack([each.policy_mean for each in watcher.shown[3:]])
    assert errors.std() == pytest.approx(0.1, rel=0.05)


def test_another_policy_can_be_believed_to_run() -> None:
    watcher = Watcher()
    old = np.full(4, 0.5, np.float32)
    wrapped = InaccurateSupervisor(watcher, Inaccuracy(), belief=lambda _: (old, old * 0.1))
    wrapped.reset(0)
    drive(wrapped, [GOAL])
    assert np.array_equal(watcher.shown[0].policy_mean, old)
    assert np.array_equal(watcher.shown[0].policy_std, old * np.float32(0.1))


@pytest.mark.parametrize("wrong", [{"lag_steps": -1}, {"bias": -0.1}, {"noise_std": math.inf}])
def test_inaccuracies_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is"):
        Inaccuracy(**wrong)


# ── all of them ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", SUPERVISORS)
def test_every_supervisor_is_repeatable_from_its_seed(name: str) -> None:
    rng = np.random.default_rng(0)
    story = [rng.uniform(-1, 1, 4).astype(np.float32) for _ in range(120)]

    def run(seed: int) -> list[tuple[bool, list[float]]]:
        supervisor = make_supervisor(name, expert)
        supervisor.reset(99)
        drive(supervisor, story[:30])
        supervisor.reset(seed)
        told = [(reading.takeover, reading.action.tolist()) for reading in drive(supervisor, story)]
        supervisor.close()
        return told

    assert run(7) == run(7)
    if name != "none":
        assert run(7) != run(8)
        assert any(takeover for takeover, _ in run(7))


@pytest.mark.parametrize("name", SUPERVISORS)
@settings(max_examples=20, deadline=None)
@given(story=proposals, seed=st.integers(0, 2**31))
def test_every_action_is_in_the_box(name: str, story: list[list[float]], seed: int) -> None:
    supervisor = make_supervisor(name, expert)
    supervisor.reset(seed)
    for reading in drive(supervisor, [np.array(each, np.float32) for each in story]):
        assert reading.action.dtype == np.float32
        assert reading.action.shape == (4,)
        assert np.all(np.abs(reading.action) <= 1.0)
        assert reading.connected


@pytest.mark.parametrize("name", SUPERVISORS)
def test_every_supervisor_is_recorded_under_its_name(name: str) -> None:
    supervisor = make_supervisor(name, expert)
    assert supervisor.kind == name
    assert supervisor.device


def test_unknown_names_list_those_there_are() -> None:
    with pytest.raises(UnknownSupervisorError, match="'robot'; there are none, probit, segment, inaccurate-probit"):
        make_supervisor("robot", expert)


@pytest.mark.parametrize(("name", "wrong"), [("probit", SegmentSettings()), ("segment", ProbitSettings())])
def test_settings_have_to_be_the_supervisors_own(name: str, wrong: ProbitSettings | SegmentSettings) -> None:
    with pytest.raises(UnknownSupervisorError, match=f"not {type(wrong).__name__}"):
        make_supervisor(name, expert, wrong)


# ── a probit supervisor with evidence, delay and persistence ─────────────────────────────────────────────────────


def test_delayed_probit_reacts_so_many_steps_late() -> None:
    prompt, late = (
        ProbitSupervisor(expert, ProbitSettings(cost=50.0, cdf_scale=0.1, delay_steps=delay)) for delay in (0, 3)
    )
    proposals = [GOAL] * 5 + [-GOAL] * 6
    assert spans(drive(prompt, proposals)) == [(5, 6)]
    assert spans(drive(late, proposals)) == [(8, 3)]


def test_persistent_probit_holds_on_as_long_as_it_does_not_think() -> None:
    proposals = [-GOAL] + [GOAL] * 150
    held = []
    for seed in range(40):
        supervisor = ProbitSupervisor(expert, ProbitSettings(cost=50.0, cdf_scale=0.1, hand_back=0.1))
        supervisor.reset(seed)
        held.append(spans(drive(supervisor, proposals))[0][1])
    assert 7 < np.mean(held) < 14  # geometric, 10 on average


def test_evidence_adds_up() -> None:
    # each step falls short of the cost by a third of it or less; only together they call for a takeover
    near = GOAL * 0.55
    forgetful, retentive = (
        ProbitSupervisor(expert, ProbitSettings(cost=8.0, cdf_scale=0.1, retention=retention))
        for retention in (0.0, 0.9)
    )
    shortfall = expected_shortfall(GOAL, 0.15, near, np.full(4, 0.1, np.float32))
    assert 8.0 < shortfall < 12.0
    forgetful.reset(0)
    retentive.reset(0)
    proposals = [near] * 30
    assert sum(length for _, length in spans(drive(forgetful, proposals))) < 25
    assert spans(drive(retentive, proposals))[-1][1] > 20


# ── discrete actions ─────────────────────────────────────────────────────────────────────────────────────────────


def one_hot(action: int) -> FloatArray:
    return np.eye(4, dtype=np.float32)[action]


def choice(proposed: int, probability: float = 0.97) -> OperatorContext:
    mean = np.full(4, (1 - probability) / 3, np.float32)
    mean[proposed] = probability
    return replace(
        context(4), proposal=one_hot(proposed), policy_mean=mean, policy_std=np.sqrt(mean * (1 - mean)), discrete=True
    )


@pytest.mark.parametrize(("proposed", "probability_of_it"), [(1, 0.97), (2, 0.9), (0, 0.4)])
def test_discrete_probit_takes_over_as_often_as_the_model_says(proposed: int, probability_of_it: float) -> None:
    cost, cdf_scale = 1.5, 0.8
    supervisor = ProbitSupervisor(lambda _: one_hot(1), ProbitSettings(slip=0.2, cost=cost, cdf_scale=cdf_scale))
    supervisor.reset(5)
    step = choice(proposed, probability_of_it)
    policy = 0.8 * one_hot(1).astype(float) + 0.05
    mean = step.policy_mean.astype(float)
    advantage = np.log(policy) - mean @ np.log(policy) - cost
    expected = float(policy @ stats.norm.cdf(advantage / cdf_scale))
    readings = [supervisor.poll(step) for _ in range(8000)]
    rate = float(np.mean([reading.takeover for reading in readings]))
    assert rate == pytest.approx(expected, abs=4.5 * math.sqrt(expected * (1 - expected) / 8000) + 1e-3)
    acted = np.stack([reading.action for reading in readings])
    assert (acted.sum(axis=1) == 1).all()
    assert acted.mean(axis=0) == pytest.approx(policy, abs=0.02)


def test_what_stepping_in_costs_follows_the_kind_of_actions_unless_it_is_said() -> None:
    assert ProbitSettings().threshold(discrete=False) == (12.0, 2.0)
    assert ProbitSettings().threshold(discrete=True) == (2.0, 0.8)
    assert ProbitSettings(cost=5.0).threshold(discrete=True) == (5.0, 0.8)
    with pytest.raises(ValueError, match="slip is 1"):
        ProbitSettings(slip=1.0)


def test_segment_sees_no_difference_in_when_an_engine_fires_but_in_how_often() -> None:
    pulses = iter([one_hot(2 * (step % 2)) for step in range(300)])
    supervisor = SegmentSupervisor(lambda _: next(pulses), STEADY)
    supervisor.reset(0)
    out_of_step = [supervisor.poll(choice(2 - 2 * (step % 2))) for step in range(200)]
    assert not spans(out_of_step)
    supervisor = SegmentSupervisor(lambda _: one_hot(2), STEADY)
    supervisor.reset(0)
    never = [supervisor.poll(choice(0)) for _ in range(60)]
    (start, length), *_ = spans(never)
    assert 4 <= start <= 14
    assert length == 60 - start
    assert all(reading.action.tolist() == one_hot(2).tolist() for reading in never)
    agreed = [supervisor.poll(choice(2)) for _ in range(30)]
    assert spans(agreed)[0][1] < 12


def test_an_imperfect_hand_is_late_at_buttons() -> None:
    hand = ImperfectHand(tremor=0.3, lean=0.0, smoothness=0.0)
    hand.reset()
    rng = np.random.default_rng(0)
    late = [hand.choose(one_hot(step % 4), rng).argmax() != step % 4 for step in range(2000)]
    assert 0.2 < np.mean(late) < 0.35


@pytest.mark.parametrize("wrong", [Inaccuracy(lag_steps=3), Inaccuracy(bias=0.3), Inaccuracy(noise_std=0.3)])
def test_inaccurate_supervisors_expect_other_probabilities(wrong: Inaccuracy) -> None:
    told = Watcher()
    supervisor = InaccurateSupervisor(told, wrong)
    supervisor.reset(3)
    for step in range(40):
        supervisor.poll(choice(step % 4))
    assert any(
        abs(each.policy_mean.max() - 0.97) > 0.02 or each.policy_mean.argmax() != step % 4
        for step, each in enumerate(told.shown)
    )
    for each in told.shown:
        assert each.policy_mean.sum() == pytest.approx(1.0, abs=1e-5)
        assert each.policy_mean.min() >= 0
        assert sorted(each.proposal.tolist()) == [0, 0, 0, 1]
