import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.ui.plots.strip_model import EPISODE_GAP_S, MAX_POINTS, StripModel
from tests.ui.supervise.examples import taken


def filled(steps: int, *, capacity: int = 4096) -> StripModel:
    model = StripModel(capacity=capacity)
    for step in range(steps):
        model.append(taken(step, probability=step / 1000), episode=1)
    return model


def test_the_newest_step_is_at_zero_and_the_oldest_at_the_left_edge() -> None:
    shown = filled(1000).last_seconds(30.0)
    assert shown.time[-1] == 0.0
    assert shown.time[0] == pytest.approx(-30.0)
    assert shown.probability[-1] == pytest.approx(0.999)


@given(st.integers(2, 40), st.integers(0, 200))
def test_memory_stays_bounded_and_keeps_the_newest_steps_in_order(capacity: int, steps: int) -> None:
    model = filled(steps, capacity=capacity)
    assert len(model) == min(capacity, steps)
    shown = model.last_seconds(1e9)
    assert list(shown.step) == list(range(max(0, steps - capacity), steps))


@given(st.lists(st.integers(0, 60), min_size=1, max_size=60))
def test_a_rewind_leaves_one_branch(steps: list[int]) -> None:
    model = StripModel(capacity=32)
    for step in steps:
        model.append(taken(step))
    shown = model.whole_episode()
    assert shown.step[-1] == steps[-1]
    assert np.all(np.diff(shown.step) > 0)


def test_an_episode_takes_its_newest_number() -> None:
    model = filled(10)
    assert model.last_seconds(30.0).boundaries() == []
    for step, number in ((0, 1), (1, 2)):
        model.append(taken(step, episode_id="e2"), episode=number)
    assert [number for _, number in model.last_seconds(30.0).boundaries()] == [2]


def test_episodes_follow_each_other_with_a_gap() -> None:
    model = filled(10)
    model.append(taken(0, episode_id="e2"), episode=2)
    shown = model.last_seconds(30.0)
    assert shown.time[-1] - shown.time[-2] == pytest.approx(0.05 + EPISODE_GAP_S)
    [(where, number)] = shown.boundaries()
    assert number == 2
    assert shown.time[-2] < where < shown.time[-1]
    assert len(model.whole_episode()) == 1


def test_takeovers_are_the_runs_of_human_steps() -> None:
    model = StripModel()
    for step in range(10):
        model.append(taken(step, intervention=step in {2, 3, 8, 9}))
    found = np.array(model.whole_episode().takeovers())
    assert found == pytest.approx(np.array([(0.1, 0.2), (0.4, 0.45)]))


def test_hovering_finds_the_nearest_step_within_a_second() -> None:
    shown = filled(20).whole_episode()
    assert shown.nearest(0.26) == 5
    assert shown.nearest(30.0) is None
    assert StripModel().whole_episode().nearest(0.0) is None


def test_long_episodes_are_thinned_but_keep_their_newest_step() -> None:
    shown = filled(4000).last_seconds(1e9)
    assert len(shown) <= MAX_POINTS
    assert shown.time[-1] == 0.0


def test_actions_of_another_width_are_padded_or_cut() -> None:
    model = StripModel(actions=3)
    model.append(taken(0, proposed=(1.0,), executed=(1.0, 2.0, 3.0, 4.0)))
    shown = model.whole_episode()
    assert shown.executed.tolist() == [[1.0, 2.0, 3.0]]
    assert np.isnan(shown.proposed[0, 1:]).all()


def test_clearing_removes_all_steps_and_counts_as_a_change() -> None:
    model = filled(5)
    before = model.version
    model.clear()
    assert len(model) == 0
    assert model.version > before


@pytest.mark.parametrize("wrong", [{"actions": 0}, {"capacity": 1}, {"rate_hz": 0.0}])
def test_invalid_sizes_raise(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="needs"):
        StripModel(**wrong)  # type: ignore[arg-type]


def test_no_line_joins_two_episodes() -> None:
    model = StripModel()
    for episode in (1, 2, 3):
        for step in range(4):
            model.append(taken(step, episode_id=f"e{episode}", probability=0.5), episode=episode)
    shown = model.last_seconds(30.0)
    time, probability = shown.broken(shown.probability)
    assert np.flatnonzero(np.isnan(probability)).tolist() == [4, 9]
    assert np.all(np.diff(time) > 0)
    assert time[np.isnan(probability)].tolist() == pytest.approx([at for at, _ in shown.boundaries()])
