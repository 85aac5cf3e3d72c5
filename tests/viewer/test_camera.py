import numpy as np
import pybullet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.viewer.camera import FAR_M, NARROWEST, NEAR_M, View, light_matrix

ANGLES = st.floats(-180, 180)
PITCHES = st.floats(-89, 89)
PLACES = st.tuples(*[st.floats(-2, 2)] * 3)


@given(ANGLES, PITCHES, st.floats(0.1, 5), PLACES)
def test_views_are_those_of_pybullet(yaw: float, pitch: float, distance: float, target: tuple) -> None:
    view = View(yaw, pitch, distance, target, fov_deg=50.0)
    theirs = pybullet.computeViewMatrixFromYawPitchRoll(target, distance, yaw, pitch, 0, 2)
    assert view.view_matrix() == pytest.approx(np.reshape(theirs, (4, 4)).T, abs=1e-4)
    theirs = pybullet.computeProjectionMatrixFOV(50.0, 1.5, NEAR_M, FAR_M)
    assert view.projection_matrix(1.5) == pytest.approx(np.reshape(theirs, (4, 4)).T, abs=1e-6)


@given(ANGLES, PITCHES, st.floats(0.1, 5), PLACES)
def test_the_target_is_in_the_middle(yaw: float, pitch: float, distance: float, target: tuple) -> None:
    clip = View(yaw, pitch, distance, target).view_projection(1.5) @ np.array([*target, 1.0])
    assert clip[:2] == pytest.approx([0.0, 0.0], abs=1e-4)
    assert clip[3] == pytest.approx(distance, abs=1e-4)


@given(st.floats(0.1, NARROWEST))
def test_narrow_pictures_show_as_much_from_left_to_right(aspect: float) -> None:
    view = View(50.0, -35.0, 1.1, (0.5, 0.0, 0.1))
    narrow, usual = view.projection_matrix(aspect), view.projection_matrix(NARROWEST)
    assert narrow[0, 0] == pytest.approx(usual[0, 0])
    assert narrow[1, 1] == pytest.approx(narrow[0, 0] * aspect)  # nothing is stretched


@given(PLACES, st.floats(0.1, 3))
def test_a_light_sees_its_ball_and_what_is_nearer_is_in_front(centre: tuple, radius: float) -> None:
    towards = np.array([-0.2, -0.3, 1.0])
    matrix = light_matrix(tuple(towards), centre, radius)
    middle = matrix @ np.array([*centre, 1.0])
    near = matrix @ np.array([*(np.array(centre) + radius * towards / np.linalg.norm(towards)), 1.0])
    assert middle == pytest.approx([0, 0, 0, 1], abs=1e-4)
    assert near == pytest.approx([0, 0, -1, 1], abs=1e-4)
