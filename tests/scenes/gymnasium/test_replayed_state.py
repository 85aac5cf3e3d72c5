import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.scenes.gymnasium.replayed_state import MOST_NUMBERS, drawn_by_replay, read_replayed, with_actions


@given(seed=st.integers(0, 2**60 - 1), steps=st.integers(0, 50), size=st.integers(1, 8))
def test_everything_comes_back(seed: int, steps: int, size: int) -> None:
    actions = list(np.random.default_rng(0).uniform(-1, 1, (steps, size)).astype(np.float32))
    read = read_replayed(drawn_by_replay(seed, steps, actions), size)
    assert (read.seed, read.step, read.first) == (seed, steps, 0)
    np.testing.assert_array_equal(read.actions, np.reshape(actions, (steps, size)))


def test_of_a_long_episode_the_newest_actions_are_kept() -> None:
    actions = [np.full(4, step, np.float32) for step in range(2000)]
    state = drawn_by_replay(7, 2000, actions)
    assert len(state) <= MOST_NUMBERS
    read = read_replayed(state, 4)
    assert read.step == read.first + len(read.actions) == 2000
    assert read.actions[-1].tolist() == [1999.0] * 4


@pytest.mark.parametrize(("row", "path"), [(0, []), (2, [0, 1]), (4, [0, 1, 2, 3]), (5, [0, 1]), (7, [0, 1, 5, 6])])
def test_a_recorded_state_gets_the_actions_that_led_there_across_a_rewind(row: int, path: list[int]) -> None:
    actions = np.arange(8, dtype=np.float32)[:, None]
    starts_at_row = np.array([-1, -1, -1, -1, -1, 2, -1, -1])  # row 5 starts where row 2 started
    whole = with_actions(drawn_by_replay(3, len(path)), actions, starts_at_row, row, discrete=False)
    read = read_replayed(whole, 1)
    assert (read.seed, read.step, read.actions.ravel().tolist()) == (3, len(path), path)


def test_discrete_actions_become_their_numbers_and_other_states_stay() -> None:
    actions = np.eye(3, dtype=np.float32)
    state = with_actions(drawn_by_replay(3, 3), actions, np.full(3, -1), 3, discrete=True)
    assert read_replayed(state, 1).actions.ravel().tolist() == [0.0, 1.0, 2.0]
    other = np.array([1.0, 5.0], np.float32)
    assert with_actions(other, actions, np.full(3, -1), 2, discrete=True) is other
