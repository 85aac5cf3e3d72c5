import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn

from mile_desktop.scenes.gymnasium.spaces import (
    ContinuousActions,
    FlatObservations,
    NumberedActions,
    SpaceError,
    read_actions,
)

FINITE = st.floats(-1e3, 1e3, width=32)


@given(
    low=hn.arrays(np.float32, 3, elements=FINITE),
    width=hn.arrays(np.float32, 3, elements=st.floats(0.5, 1e3, width=32)),
)
def test_both_bounds_are_reached_exactly_and_every_action_comes_back(low: np.ndarray, width: np.ndarray) -> None:
    space = spaces.Box(low, low + width, dtype=np.float32)
    actions = ContinuousActions(space)
    np.testing.assert_array_equal(actions.to_environment(np.full(3, -1.0, np.float32)), space.low)
    np.testing.assert_array_equal(actions.to_environment(np.full(3, 1.0, np.float32)), space.high)
    for share in (-1.0, -0.3, 0.0, 0.7, 1.0, 5.0):
        taken = actions.to_environment(np.full(3, share, np.float32))
        assert space.contains(taken)
        np.testing.assert_allclose(actions.from_environment(taken), np.full(3, min(share, 1.0)), atol=2e-3)


def test_a_box_keeps_its_shape_and_type() -> None:
    taken = read_actions(spaces.Box(0.0, 2.0, (2, 2), np.float64)).to_environment(np.zeros(4, np.float32))
    assert isinstance(taken, np.ndarray)
    assert (taken.shape, taken.dtype, taken.tolist()) == ((2, 2), np.float64, [[1.0, 1.0], [1.0, 1.0]])


def test_infinite_bounds_are_refused_with_the_entry() -> None:
    with pytest.raises(SpaceError, match=r"bounds 0 and inf of entry 1, expected finite"):
        read_actions(spaces.Box(np.zeros(2, np.float32), np.array([1.0, np.inf], np.float32)))


@pytest.mark.parametrize(
    ("space", "size"),
    [(spaces.Discrete(3, start=2), 3), (spaces.MultiDiscrete([2, 3], start=[0, 5]), 6), (spaces.MultiBinary(3), 8)],
)
def test_every_numbered_action_is_one_of_the_space_and_comes_back(space: spaces.Space, size: int) -> None:
    actions = read_actions(space)
    assert isinstance(actions, NumberedActions)
    assert actions.size == size
    for number in range(size):
        taken = actions.to_environment(number)
        assert space.contains(taken)
        assert actions.from_environment(taken).tolist() == np.eye(size)[number].tolist()


@pytest.mark.parametrize("space", [spaces.MultiDiscrete([9, 9]), spaces.MultiBinary(40), spaces.Text(5), spaces.Dict()])
def test_actions_that_are_too_many_or_no_numbers_are_refused(space: spaces.Space) -> None:
    with pytest.raises(SpaceError, match=r"action: found"):
        read_actions(space)


def test_an_action_that_is_none_of_the_space_is_refused() -> None:
    with pytest.raises(SpaceError, match=r"expected one of Discrete"):
        read_actions(spaces.Discrete(3)).from_environment(3)
    with pytest.raises(SpaceError, match=r"shape \(2,\), expected \(3,\)"):
        read_actions(spaces.Box(-1.0, 1.0, (3,))).from_environment([0.0, 0.0])


def test_a_nested_observation_becomes_one_row_with_names() -> None:
    space = spaces.Dict(
        {
            "arm": spaces.Dict({"joints": spaces.Box(-1, 1, (2,)), "open": spaces.Box(0, 1, (1,))}),
            "camera": spaces.Box(0, 255, (32, 48, 3), np.uint8),
            "gear": spaces.Discrete(2, start=3),
            "map": spaces.Box(0, 9, (2, 2), np.uint8),
            "words": spaces.Text(4),
        }
    )
    flat = FlatObservations(space)
    assert flat.labels == (
        "arm joints 0", "arm joints 1", "arm open", "gear = 3", "gear = 4", "map 0", "map 1", "map 2", "map 3",
    )  # fmt: skip
    assert flat.left_out == ["camera 32 × 48 × 3", "words (Text)"]
    row = flat.row(
        {
            "arm": {"joints": np.array([0.5, -0.5]), "open": np.array([1.0])},
            "camera": np.zeros((32, 48, 3), np.uint8),
            "gear": 4,
            "map": np.array([[1, 2], [3, 4]], np.uint8),
            "words": "no",
        }
    )
    assert (row.dtype, row.tolist()) == (np.float32, [0.5, -0.5, 1.0, 0.0, 1.0, 1.0, 2.0, 3.0, 4.0])
    assert len(flat.low) == len(flat.high) == len(row)


def test_categories_and_tuples_are_flattened_too() -> None:
    flat = FlatObservations(spaces.Tuple([spaces.MultiDiscrete([2, 2]), spaces.MultiBinary(2)]))
    assert flat.labels == ("0 0 = 0", "0 0 = 1", "0 1 = 0", "0 1 = 1", "1 0", "1 1")
    assert flat.row((np.array([1, 0]), np.array([0, 1]))).tolist() == [0, 1, 1, 0, 0, 1]


def test_only_pictures_are_refused() -> None:
    with pytest.raises(SpaceError, match=r"found only the picture 96 × 96 × 3, expected numbers"):
        FlatObservations(spaces.Box(0, 255, (96, 96, 3), np.uint8))
