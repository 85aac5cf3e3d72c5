import itertools

import pytest

from mile_desktop.operators.stall import StallSettings, StallSupervisor
from tests.operators.rolled_out import episode, takeovers, to_the_right

STEADY = StallSettings(tremor=0.0, lean=0.0)


def test_robot_that_stands_still_is_taken_over_and_brought_on() -> None:
    steps = episode(StallSupervisor(to_the_right, STEADY), proposal=0.0)
    first, *_ = takeovers(steps)
    before = next(row for row, step in enumerate(steps) if step.intervention)
    # one window to see it, and the reaction
    assert STEADY.window_steps <= before <= STEADY.window_steps + STEADY.reaction_steps * 2
    assert len(first) <= STEADY.hold_steps * 1.5
    assert steps[-1].success


def test_robot_that_moves_is_left_alone_even_in_the_wrong_direction() -> None:
    assert takeovers(episode(StallSupervisor(to_the_right, STEADY), proposal=-0.3, max_steps=100)) == []


def test_fitted_rates_are_kept_with_and_without_progress() -> None:
    never = StallSettings(stalled_rate=0.0)
    assert takeovers(episode(StallSupervisor(to_the_right, never), proposal=0.0, max_steps=100)) == []
    rarely = StallSettings(stalled_rate=0.1, other_rate=0.1, hold_steps=1, reaction_steps=0)
    steps = [step for seed in range(5) for step in episode(
        StallSupervisor(to_the_right, rarely), proposal=-0.3, max_steps=100, seed=seed)]  # fmt: skip
    assert 0.04 < sum(step.intervention for step in steps) / len(steps) < 0.2


def test_takeover_ends_by_itself_and_the_next_needs_a_new_stall() -> None:
    short = StallSettings(tremor=0.0, lean=0.0, hold_steps=2)
    steps = episode(StallSupervisor(to_the_right, short), proposal=0.0, max_steps=100)
    driven = takeovers(steps)
    assert len(driven) > 1
    assert all(1 <= len(each) <= 3 for each in driven)
    starts = [row for row, step in enumerate(steps) if step.intervention and not steps[row - 1].intervention]
    assert all(later - earlier > short.window_steps for earlier, later in itertools.pairwise(starts))


def test_equal_seeds_give_equal_episodes_and_others_do_not() -> None:
    def run(seed: int) -> list[float]:
        return [float(step.action[0]) for step in episode(StallSupervisor(to_the_right), proposal=0.0, seed=seed)]

    assert run(3) == run(3)
    assert run(3) != run(4)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"stalled_rate": 0.1, "other_rate": 0.2}, "stalled_rate"),
        ({"window_steps": 0}, "window_steps"),
        ({"stillness": 0.0}, "stillness"),
        ({"tremor": -1.0}, "tremor"),
    ],
)
def test_settings_that_make_no_sense_are_named(changes: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        StallSettings(**changes)  # type: ignore[arg-type]
