"""Symmetries: found from labels, declared, checked by the experts, and exact on rows."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mile_desktop.policies.symmetric_rows import RowMovements, SymmetricRows
from mile_desktop.policies.symmetry import (
    DeclaredReflection,
    DeclaredSymmetry,
    Movement,
    Reflection,
    Symmetry,
    SymmetryError,
    check_symmetry,
    find_symmetry,
    moved_action,
    moved_observation,
)

LABELS = (
    "end effector x (m) @ t-1",
    "end effector y (m) @ t-1",
    "end effector z (m) @ t-1",
    "axis x @ t-1",
    "axis y @ t-1",
    "end effector x (m) @ t",
    "end effector y (m) @ t",
    "hole - tip x (m) @ t",
    "hole - tip y (m) @ t",
    "gripper opening (m) @ t",
)
ACTIONS = ("dx", "dy", "dz", "grip")
FOUND = find_symmetry(LABELS, ACTIONS)


def test_vectors_and_the_hand_s_position_are_found_from_labels() -> None:
    assert FOUND.vectors == ((0, 1), (3, 4), (5, 6), (7, 8))
    assert FOUND.positions == ((0, 1), (5, 6))
    assert FOUND.action_vector == (0, 1)
    assert (FOUND.rotation_deg, FOUND.translation, FOUND.reflection) == (60.0, 0.15, None)
    assert FOUND.text == "Symmetry: recorded steps are also turned by up to ±60°, moved sideways by up to 0.15 m."


@pytest.mark.parametrize(
    ("extra", "turned", "moved"),
    [
        ("tool yaw (rad)", False, True),
        ("wind x", False, True),  # its y is missing
        ("block height (m)", True, True),
    ],
)
def test_an_entry_that_a_turn_would_change_forbids_turns(extra: str, turned: bool, moved: bool) -> None:
    found = find_symmetry((*LABELS, extra), ACTIONS)
    assert (bool(found.rotation_deg), bool(found.translation)) == (turned, moved)


def test_another_absolute_position_forbids_moves() -> None:
    found = find_symmetry((*LABELS, "block x (m)", "block y (m)"), ACTIONS)
    assert found.rotation_deg == 60.0
    assert found.translation == 0.0


def test_without_a_horizontal_action_there_is_no_symmetry() -> None:
    assert find_symmetry(LABELS, ("left", "right")).is_empty


def test_a_scene_switches_off_and_narrows() -> None:
    found = find_symmetry(LABELS, ACTIONS, DeclaredSymmetry(rotation_deg=20, translation_m=0))
    assert (found.rotation_deg, found.translation) == (20.0, 0.0)


@pytest.mark.parametrize(
    "declared",
    [
        DeclaredSymmetry(rotation_deg=10),
        DeclaredSymmetry(translation_m=0.1),
        DeclaredSymmetry(reflection=DeclaredReflection(negated=("height",))),
    ],
)
def test_a_declaration_that_does_not_fit_is_refused(declared: DeclaredSymmetry) -> None:
    with pytest.raises(SymmetryError, match=r"The scene"):
        find_symmetry(("x", "speed"), ("left", "right"), declared)


def test_the_check_refuses_what_the_expert_contradicts() -> None:
    def homesick(observation: np.ndarray) -> np.ndarray:
        """Always drives along +x, wherever the hole is."""
        return np.array([1.0, 0.0, 0.0, 0.0], np.float32)

    states = np.random.default_rng(0).normal(size=(50, len(LABELS))).astype(np.float32)
    kept, refused = check_symmetry(FOUND, homesick, states)
    assert kept.translation == 0.15
    assert kept.rotation_deg < 60.0 or refused
    reflected = Symmetry(reflection=Reflection(action_negated=(0,)))
    kept, refused = check_symmetry(reflected, homesick, states)
    assert kept.is_empty
    assert refused == (
        "The reflection is not used: the expert acts as it says in 0% of 50 recorded states, expected at least 80%.",
    )


# ── properties ───────────────────────────────────────────────────────────────────────────────────────────────────

_WITH_REFLECTION = Symmetry(
    vectors=FOUND.vectors,
    positions=FOUND.positions,
    action_vector=FOUND.action_vector,
    rotation_deg=180.0,
    translation=0.3,
    reflection=Reflection(negated=(1, 4, 6, 8), swapped=((2, 9),), action_negated=(1,), action_swapped=((2, 3),)),
)
_angles = st.floats(-math.pi, math.pi)
_seeds = st.integers(0, 2**31 - 1)


@given(angle=_angles, seed=_seeds)
def test_a_turn_and_its_opposite_change_nothing(angle: float, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=len(LABELS)).astype(np.float32)
    there = moved_observation(FOUND, Movement(angle), values)
    np.testing.assert_allclose(moved_observation(FOUND, Movement(-angle), there), values, atol=1e-5)
    action = values[:4]
    back = moved_action(FOUND, Movement(-angle), moved_action(FOUND, Movement(angle), action))
    np.testing.assert_allclose(back, action, atol=1e-5)


@given(seed=_seeds)
def test_a_reflection_twice_changes_nothing(seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=len(LABELS)).astype(np.float32)
    mirror = Movement(mirrored=True)
    twice = moved_observation(_WITH_REFLECTION, mirror, moved_observation(_WITH_REFLECTION, mirror, values))
    np.testing.assert_array_equal(twice, values)


@settings(max_examples=50)
@given(angle=_angles, x=st.floats(-1, 1), y=st.floats(-1, 1), mirrored=st.booleans(), seed=_seeds)
def test_tensors_move_as_single_rows_do(angle: float, x: float, y: float, mirrored: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    seen, action = random.normal(size=len(LABELS)).astype(np.float32), random.normal(size=4).astype(np.float32)
    rows = RowMovements(
        torch.tensor([[math.cos(angle)]]),
        torch.tensor([[math.sin(angle)]]),
        torch.tensor([[x, y]]),
        torch.tensor([[mirrored]]),
    )
    moving = SymmetricRows(_WITH_REFLECTION, len(LABELS), 4)
    movement = Movement(angle, (x, y), mirrored)
    before = torch.from_numpy(seen)[None].clone()
    found = moving.observation(before, rows)[0].numpy()
    np.testing.assert_allclose(found, moved_observation(_WITH_REFLECTION, movement, seen), atol=1e-5)
    found = moving.action(torch.from_numpy(action)[None], rows)[0].numpy()
    np.testing.assert_allclose(found, moved_action(_WITH_REFLECTION, movement, action), atol=1e-5)
    assert torch.equal(before[0], torch.from_numpy(seen))  # recorded rows stay as they are


@given(angle=_angles)
def test_the_spread_is_that_of_the_turned_gaussian(angle: float) -> None:
    std = torch.tensor([[0.2, 0.5, 0.3, 0.1]])
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    expected = (turn @ torch.diag(std[0, :2].square()) @ turn.T).diagonal().sqrt()
    rows = RowMovements(turn[:1, :1], turn[1:, :1], None, None)
    found = SymmetricRows(FOUND, len(LABELS), 4).spread(std, rows)
    assert torch.allclose(found[0, :2], expected, atol=1e-5)
    assert torch.equal(found[0, 2:], std[0, 2:])


def test_about_half_of_the_rows_are_turned_and_all_are_moved() -> None:
    rows = SymmetricRows(FOUND, len(LABELS), 4).draw((4000,), torch.Generator().manual_seed(0))
    assert rows.shift is not None
    turned = (rows.sine != 0).float().mean()
    assert 0.45 < float(turned) < 0.55
    assert float(rows.sine.abs().max()) <= math.sin(math.radians(60)) + 1e-6
    assert bool((rows.shift != 0).all())
    assert float(rows.shift.abs().max()) <= 0.15
