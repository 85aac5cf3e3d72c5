from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mile_desktop.learning.data_hygiene import (
    HygieneReport,
    TakeoverPlace,
    failed_steps,
    idle_steps,
    is_discrete,
    runs,
)
from mile_desktop.learning.data_selection import select_for_policy
from mile_desktop.learning.dataset import supervised_steps
from mile_desktop.learning.step_problem import PROBLEMS, StepProblem
from mile_desktop.storage.records import PARTIAL, Episode, Outcome
from mile_desktop.storage.steps import stack, summarise
from tests.learning.toy import a_start, a_step

ZERO = np.zeros(2, np.float32)
STD = np.full(2, 0.1, np.float32)


def an_episode(
    places: np.ndarray,
    actions: np.ndarray,
    human: np.ndarray | None = None,
    *,
    name: str = "episode",
    operator: str = "gamepad",
    outcome: Outcome = "success",
) -> Episode:
    """Return an episode through ``places`` (t, 2) with ``actions`` (t, a); by default all of it is the person's."""
    taken = np.ones(len(places), bool) if human is None else human
    rest = np.zeros(actions.shape[1], np.float32)
    steps = [
        a_step(place.astype(np.float32), action.astype(np.float32), human=bool(own), mean=rest, std=rest + 0.1)
        for place, action, own in zip(places, actions, taken, strict=True)
    ]
    return stack(summarise(a_start(name, operator), steps, outcome), steps)


def a_way(start: float = 0.0, steps: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Return a straight way to the right, and its actions."""
    x = start + 0.05 * np.arange(steps)
    return np.stack([x, np.zeros(steps)], axis=1), np.tile([0.5, 0.0], (steps, 1))


def demonstrations(count: int = 4) -> list[Episode]:
    return [an_episode(*a_way(0.01 * n), name=f"demo-{n}", operator="expert") for n in range(count)]


def test_a_held_takeover_without_a_command_is_idle_and_the_robots_own_rest_is_not() -> None:
    places, actions = a_way()
    actions[5:9] = 0.0
    actions[12:14] = 0.0
    human = np.ones(20, bool)
    human[12:14] = False
    assert np.flatnonzero(idle_steps(an_episode(places, actions, human))).tolist() == [5, 6, 7, 8]


def test_standing_still_while_the_gripper_closes_is_part_of_the_task() -> None:
    places, _ = a_way(steps=30)
    actions = np.zeros((30, 4))
    actions[:, 3] = -1.0
    actions[10:, 3] = 1.0
    found = np.flatnonzero(idle_steps(an_episode(places, actions)))
    assert found.tolist() == [*range(10), *range(20, 30)], "ten steps from the order to close are not idle"


def test_discrete_actions_have_no_idle_steps() -> None:
    places, _ = a_way(steps=6)
    chosen = np.eye(4)[[0, 0, 1, 0, 2, 0]]
    episode = an_episode(places, chosen)
    assert is_discrete(episode)
    assert not idle_steps(episode).any()


@pytest.mark.parametrize("outcome", ["failure", "aborted"])
def test_takeovers_of_an_episode_that_did_not_succeed_are_found(outcome: Outcome) -> None:
    human = np.arange(20) >= 15
    assert failed_steps(an_episode(*a_way(), human, outcome=outcome)).tolist() == human.tolist()
    assert not failed_steps(an_episode(*a_way(), human)).any()


def test_an_action_against_all_demonstrations_of_the_place_contradicts_them() -> None:
    places, actions = a_way(0.02)
    actions[8:11] = [-1.0, 0.0]
    report = HygieneReport([an_episode(places, actions)], demonstrations())
    assert np.flatnonzero(report.masks(StepProblem.CONTRADICTION)[0]).tolist() == [8, 9, 10]


def test_a_full_key_in_the_right_direction_contradicts_nobody() -> None:
    places, actions = a_way(0.02)
    actions[:] = [1.0, 0.0]
    report = HygieneReport([an_episode(places, actions)], demonstrations())
    assert report.steps(StepProblem.CONTRADICTION) == 0


def test_where_nobody_has_been_before_nothing_contradicts() -> None:
    places, actions = a_way(0.02)
    places[:, 1] = 5.0
    actions[:] = [-1.0, 0.0]
    report = HygieneReport([an_episode(places, actions)], demonstrations())
    assert report.steps(StepProblem.CONTRADICTION) == 0


def test_the_way_out_and_back_within_one_takeover_is_a_detour() -> None:
    x = np.concatenate([np.arange(6), np.full(20, 5)]) * 0.05
    y = np.concatenate([np.zeros(6), np.linspace(0, 0.6, 10), np.linspace(0.55, 0.0, 10)])
    places = np.stack([x, y], axis=1)
    episode = an_episode(places, np.tile([0.5, 0.0], (26, 1)))
    found = np.flatnonzero(HygieneReport([episode], demonstrations()).masks(StepProblem.DETOUR)[0])
    assert 5 <= found[0] <= 7
    assert found[-1] >= 23
    straight = an_episode(*a_way(0.03))
    assert HygieneReport([straight], demonstrations()).steps(StepProblem.DETOUR) == 0


def there_and_back(outcome: Outcome) -> Episode:
    """Return an episode with two takeovers: five steps to the right, and later ten steps to the left."""
    x = np.concatenate([np.arange(10), np.arange(10, 0, -1)]) * 0.05
    human = np.zeros(20, bool)
    human[3:8] = human[10:] = True
    return an_episode(np.stack([x, np.zeros(20)], axis=1), np.tile([0.5, 0.0], (20, 1)), human, outcome=outcome)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("failure", range(10, 20)), ("aborted", range(10, 20)), ("success", ()), (PARTIAL, ())],
)
def test_a_takeover_that_leads_away_from_the_goal_is_without_progress_where_the_episode_failed(
    outcome: Outcome, expected: Sequence[int]
) -> None:
    report = HygieneReport([there_and_back(outcome)], demonstrations())
    assert np.flatnonzero(report.masks(StepProblem.NO_PROGRESS)[0]).tolist() == list(expected)


def test_without_demonstrations_successful_episodes_say_what_progress_is() -> None:
    failed, succeeded = there_and_back("failure"), an_episode(*a_way(0.01), name="good")
    assert HygieneReport([failed]).steps(StepProblem.NO_PROGRESS) == 0, "nothing to compare with"
    report = HygieneReport([failed, succeeded])
    assert [mask.sum() for mask in report.masks(StepProblem.NO_PROGRESS)] == [10, 0]


def test_places_are_told_as_spans_of_one_episode() -> None:
    places, actions = a_way()
    actions[[2, 3, 9]] = 0.0
    report = HygieneReport([an_episode(places, actions, name="one"), an_episode(*a_way(), name="two")])
    spans = report.spans(StepProblem.IDLE)
    assert [(each.episode_id, each.first, each.steps) for each in spans] == [("one", 2, 2), ("one", 9, 1)]
    assert report.steps(StepProblem.IDLE) == 3


def test_the_policy_does_not_learn_from_what_is_left_out_and_demonstrations_stay() -> None:
    places, actions = a_way()
    actions[5:9] = 0.0
    episodes = [an_episode(places, actions, name="one"), *demonstrations(1)]
    steps = supervised_steps(episodes)
    chosen = select_for_policy(steps, episodes, (), (StepProblem.IDLE,))
    assert len(chosen.steps) == len(steps) - 4
    assert int(chosen.steps.demonstration.sum()) == 20
    assert chosen.text == "Left out: 4 steps without a command."
    everything = select_for_policy(steps, episodes, (), ())
    assert everything.steps is steps
    assert everything.text == ""


def test_a_takeover_is_left_out_by_any_of_its_rows() -> None:
    human = np.zeros(20, bool)
    human[3:6] = human[10:12] = True
    episode = an_episode(*a_way(), human, name="one")
    steps = supervised_steps([episode])
    for row in (10, 11):
        chosen = select_for_policy(steps, [episode], (), (), [TakeoverPlace("one", row)])
        assert len(chosen.steps) == 18
        assert chosen.takeovers == 1
    trimmed = replace(episode, first_row=100)
    assert select_for_policy(steps, [trimmed], (), (), [TakeoverPlace("one", 104)]).takeovers == 1
    assert select_for_policy(steps, [episode], (), (), [TakeoverPlace("one", 7)]).takeovers == 0
    assert select_for_policy(steps, [episode], (), (), [TakeoverPlace("two", 4)]).takeovers == 0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), episodes=st.integers(0, 3), demos=st.integers(0, 2))
def test_only_steps_of_takeovers_are_doubted_whatever_the_data(seed: int, episodes: int, demos: int) -> None:
    random = np.random.default_rng(seed)

    def drawn(name: str) -> Episode:
        length = int(random.integers(1, 25))
        human = random.random(length) < 0.6
        outcome: Outcome = "success" if random.random() < 0.5 else "failure"
        return an_episode(random.normal(size=(length, 2)), random.uniform(-1, 1, (length, 4)), human, name=name,
                          outcome=outcome)  # fmt: skip

    recorded = [drawn(f"episode-{n}") for n in range(episodes)]
    report = HygieneReport(recorded, [drawn(f"demo-{n}") for n in range(demos)])
    for problem in StepProblem:
        for mask, episode in zip(report.masks(problem), recorded, strict=True):
            assert mask.shape == (len(episode),)
            assert not (mask & ~episode.intervention.astype(bool)).any()
        assert sum(each.steps for each in report.spans(problem)) == report.steps(problem)


@given(st.lists(st.booleans(), max_size=30))
def test_runs_cover_exactly_what_is_true(flags: list[bool]) -> None:
    mask = np.array(flags, bool)
    covered = np.zeros(len(mask), bool)
    for first, last in runs(mask):
        assert not covered[first:last].any()
        covered[first:last] = True
    assert (covered == mask).all()


def test_every_problem_has_its_words() -> None:
    assert set(PROBLEMS) == set(StepProblem)


def test_takeovers_of_a_partial_success_are_not_those_of_a_failure_and_its_calm_steps_do_not_count() -> None:
    way = a_way()
    partly, failed = (an_episode(*way, name=name, outcome=name) for name in ("partial success", "failure"))
    assert not failed_steps(partly).any()
    assert failed_steps(failed).all()
    steps = supervised_steps([partly, failed], [])
    assert not steps.success.any()
    assert steps.failed is not None
    assert steps.failed.tolist() == [False] * 20 + [True] * 20
