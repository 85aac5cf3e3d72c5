import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.operators.stick_response import fit_action, shape, turn_to_view

positions = st.floats(-1.0, 1.0)
dead_zones = st.floats(0.0, 0.9)
expos = st.floats(0.0, 1.0)


@given(positions, dead_zones, expos)
def test_response_stays_in_the_box_and_is_odd(position: float, dead_zone: float, expo: float) -> None:
    response = shape(position, dead_zone=dead_zone, expo=expo)
    assert -1.0 <= response <= 1.0
    assert response == -shape(-position, dead_zone=dead_zone, expo=expo)
    assert response * position >= 0.0


@given(positions, positions, dead_zones, expos)
def test_further_never_means_less(one: float, other: float, dead_zone: float, expo: float) -> None:
    low, high = sorted((one, other))
    # one rounding step of room: u + expo·(u³ − u) is computed in floating point
    assert shape(low, dead_zone=dead_zone, expo=expo) <= shape(high, dead_zone=dead_zone, expo=expo) + 1e-15


@given(st.floats(0.0, 1.0), dead_zones, expos)
def test_inside_the_dead_zone_nothing_happens(part: float, dead_zone: float, expo: float) -> None:
    assert shape(part * dead_zone, dead_zone=dead_zone, expo=expo) == 0.0


@given(dead_zones, expos)
def test_full_deflection_is_full_speed_and_the_edge_has_no_step(dead_zone: float, expo: float) -> None:
    assert shape(1.0, dead_zone=dead_zone, expo=expo) == pytest.approx(1.0)
    assert shape(dead_zone + 1e-6, dead_zone=dead_zone, expo=expo) < 1.1e-5


def test_expo_softens_the_middle() -> None:
    assert shape(0.5, dead_zone=0.0, expo=0.0) == 0.5
    assert shape(0.5, dead_zone=0.0, expo=1.0) == 0.125


@given(positions, positions, st.floats(-720.0, 720.0))
def test_turned_push_stays_in_the_box_and_keeps_its_direction(ahead: float, left: float, yaw_deg: float) -> None:
    x, y = turn_to_view(ahead, left, yaw_deg)
    assert max(abs(x), abs(y)) <= 1.0
    yaw = math.radians(yaw_deg)
    back = (x * math.cos(yaw) + y * math.sin(yaw), -x * math.sin(yaw) + y * math.cos(yaw))
    assert back[0] * left == pytest.approx(back[1] * ahead, abs=1e-9)
    assert back[0] * ahead + back[1] * left >= -1e-12


@pytest.mark.parametrize(
    ("yaw_deg", "left_is"), [(0.0, (0.0, 1.0)), (90.0, (-1.0, 0.0)), (180.0, (0.0, -1.0)), (-90.0, (1.0, 0.0))]
)
def test_left_is_left_as_seen(yaw_deg: float, left_is: tuple[float, float]) -> None:
    assert turn_to_view(0.0, 1.0, yaw_deg) == pytest.approx(left_is, abs=1e-12)


@given(st.lists(st.floats(-1e6, 1e6, width=32), max_size=8), st.integers(1, 8))
def test_actions_fit_the_scene(values: list[float], size: int) -> None:
    action = fit_action(values, size)
    assert action.dtype == np.float32
    assert action.shape == (size,)
    assert np.all(np.abs(action) <= 1.0)
    assert np.all(action[len(values) :] == 0.0)
    assert not np.any(np.signbit(action) & (action == 0.0))
