import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.ui.viewport.orbit import DISTANCE_RANGE_M, HOME, PITCH_RANGE, REACH_M, Orbit

pixels = st.floats(-5000, 5000)


@given(st.lists(st.tuples(st.sampled_from("opz"), pixels, pixels), max_size=20))
def test_every_gesture_keeps_the_orbit_in_its_bounds(gestures: list[tuple[str, float, float]]) -> None:
    orbit = HOME
    for kind, x, y in gestures:
        if kind == "o":
            orbit = orbit.orbited(x, y)
        elif kind == "p":
            orbit = orbit.panned(x, y, 480)
        else:
            orbit = orbit.zoomed(x / 100)
    assert PITCH_RANGE[0] <= orbit.pitch_deg <= PITCH_RANGE[1]
    assert DISTANCE_RANGE_M[0] <= orbit.distance_m <= DISTANCE_RANGE_M[1]
    assert -180 <= orbit.yaw_deg <= 180
    assert all(abs(value) <= REACH_M for value in orbit.target)


def test_panning_moves_along_the_image_plane() -> None:
    orbit = Orbit(yaw_deg=0.0, pitch_deg=0.0, distance_m=1.0, target=(0.0, 0.0, 0.0))
    assert orbit.panned(100, 0, 100).target == pytest.approx((-1.0, 0.0, 0.0))
    assert orbit.panned(0, 100, 100).target == pytest.approx((0.0, 0.0, 1.0))


@given(st.floats(-180, 180), st.floats(-80, 10))
def test_the_image_axes_are_orthonormal(yaw: float, pitch: float) -> None:
    right, up = (np.array(axis) for axis in Orbit(yaw_deg=yaw, pitch_deg=pitch)._image_axes())
    assert np.dot(right, up) == pytest.approx(0.0, abs=1e-9)
    assert np.linalg.norm(right) == pytest.approx(1.0)
    assert np.linalg.norm(up) == pytest.approx(1.0)


def test_zooming_in_and_out_comes_back() -> None:
    assert HOME.zoomed(3).distance_m < HOME.distance_m
    assert HOME.zoomed(3).zoomed(-3).distance_m == pytest.approx(HOME.distance_m)
