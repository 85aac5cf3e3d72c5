import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mile_desktop.arrays import Float64Array
from mile_desktop.paths import scene_folder
from mile_desktop.scenes.description import load_description, model_path
from mile_desktop.scenes.kinematics import read_chain
from mile_desktop.scenes.urdf import ModelError

DESCRIPTION = load_description(scene_folder("peg-insertion"))
URDF = model_path(DESCRIPTION, DESCRIPTION.robot.urdf)
CHAIN = read_chain(URDF, DESCRIPTION.robot.tip_link)
HOME = np.array(DESCRIPTION.robot.home_joints)
DOWN = np.diag([1.0, -1.0, -1.0])
shares = st.lists(st.floats(0, 1), min_size=7, max_size=7).map(np.array)
places = st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)).map(np.array)


@given(shares)
def test_the_jacobian_is_the_derivative_of_the_pose(share: Float64Array) -> None:
    joints = CHAIN.lower + share * (CHAIN.upper - CHAIN.lower)
    pose, jacobian = CHAIN.forward(joints)
    for index in range(7):
        step = np.zeros(7)
        step[index] = 1e-6
        moved, _ = CHAIN.forward(joints + step)
        turned = (moved[:3, :3] @ pose[:3, :3].T - np.eye(3)) / 1e-6
        np.testing.assert_allclose((moved[:3, 3] - pose[:3, 3]) / 1e-6, jacobian[:3, index], atol=1e-5)
        np.testing.assert_allclose([turned[2, 1], turned[0, 2], turned[1, 0]], jacobian[3:, index], atol=1e-5)


@given(places)
@settings(max_examples=50)
def test_every_place_of_the_workspace_can_be_reached_hand_down_within_the_joint_limits(share: Float64Array) -> None:
    low, high = np.array(DESCRIPTION.workspace.low), np.array(DESCRIPTION.workspace.high)
    target = low + share * (high - low)
    joints = CHAIN.solve(HOME, HOME, target, DOWN, iterations=60)
    pose, _ = CHAIN.forward(joints)
    np.testing.assert_allclose(pose[:3, 3], target, atol=1e-4)
    np.testing.assert_allclose(pose[:3, :3], DOWN, atol=1e-3)
    assert (joints >= CHAIN.lower).all()
    assert (joints <= CHAIN.upper).all()


def test_one_iteration_follows_a_moving_target_to_a_quarter_of_a_millimetre() -> None:
    joints, target = (
        CHAIN.solve(HOME, HOME, np.array([0.45, -0.25, 0.2]), DOWN, iterations=60),
        np.array([0.45, -0.25, 0.2]),
    )
    step = np.array([0.003, 0.0125, -0.002])
    for _ in range(40):
        target = target + step
        joints = CHAIN.solve(joints, HOME, target, DOWN)
        assert np.abs(CHAIN.forward(joints)[0][:3, 3] - target).max() < 2.5e-4


def test_a_start_that_is_already_there_is_returned_unchanged() -> None:
    pose, _ = CHAIN.forward(HOME)
    assert CHAIN.solve(HOME, HOME + 0.3, pose[:3, 3], pose[:3, :3]) is HOME


def test_a_target_out_of_reach_is_approached_and_never_overshoots_the_limits() -> None:
    joints = CHAIN.solve(HOME, HOME, np.array([1.5, 0.0, 0.3]), DOWN, iterations=200)
    assert (joints >= CHAIN.lower).all()
    assert (joints <= CHAIN.upper).all()
    assert CHAIN.forward(joints)[0][0, 3] > 0.6


def test_a_link_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelError, match="panda_elbow"):
        read_chain(URDF, "panda_elbow")


def test_a_sliding_joint_on_the_way_is_refused() -> None:
    with pytest.raises(ModelError, match="panda_finger_joint1"):
        read_chain(URDF, "panda_leftfinger")
