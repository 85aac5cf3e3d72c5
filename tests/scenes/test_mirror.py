from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pybullet
import pytest

from mile_desktop.arrays import Float32Array
from mile_desktop.paths import SIM_SCENES
from mile_desktop.scenes.experts import load_expert
from mile_desktop.scenes.manipulation import ManipulationEnv
from mile_desktop.scenes.mirror import SceneMirror
from tests.scenes.wandering import random_actions

LIGHT = SIM_SCENES / "panda" / "panda.urdf"


@contextmanager
def mirror_of(env: ManipulationEnv, robot_urdf: Path | None = LIGHT) -> Iterator[SceneMirror]:
    client = pybullet.connect(pybullet.DIRECT)
    yield SceneMirror(client, env.description, robot_urdf)
    pybullet.disconnect(physicsClientId=client)


@pytest.fixture
def mirror(env: ManipulationEnv) -> Iterator[SceneMirror]:
    with mirror_of(env) as made:
        yield made


def test_the_robot_is_drawn_as_it_is_with_any_model(peg_env: ManipulationEnv) -> None:
    peg_env.reset(seed=11)
    with mirror_of(peg_env, None) as mirror:
        mirror.apply(peg_env.scene_state())
        np.testing.assert_allclose(mirror.end_effector(), peg_env.end_effector(), atol=1e-5)


def test_the_mirror_shows_what_the_scene_state_says(env: ManipulationEnv, mirror: SceneMirror) -> None:
    env.reset(seed=11)
    for action in random_actions(11, 40):
        env.step(action)
    state = env.scene_state()
    assert state.dtype == np.float32
    assert state.shape == (env.description.state_size,)

    mirror.apply(state)

    np.testing.assert_allclose(mirror.end_effector(), env.end_effector(), atol=1e-5)
    for body, (number, _) in zip(env.description.moving_bodies, mirror._moving, strict=True):
        position, _ = pybullet.getBasePositionAndOrientation(number, physicsClientId=mirror._client)
        np.testing.assert_allclose(position, env._world.pose(body.name).position, atol=1e-6)


@pytest.mark.parametrize("spoil", [lambda state: state[:-1], lambda state: state * np.nan])
def test_a_state_that_does_not_fit_is_refused(
    env: ManipulationEnv, mirror: SceneMirror, spoil: Callable[[Float32Array], Float32Array]
) -> None:
    env.reset(seed=1)
    with pytest.raises(ValueError, match="scene state"):
        mirror.apply(spoil(env.scene_state()))


def test_the_first_camera_is_the_main_one_and_one_follows_the_hand(mirror: SceneMirror) -> None:
    cameras = mirror.cameras()
    assert cameras[0].name == "main"
    assert [camera.name for camera in cameras if camera.follows_end_effector] == ["wrist", "close"]


def test_drawers_and_buttons_are_drawn_where_their_joints_are(env: ManipulationEnv, mirror: SceneMirror) -> None:
    env.reset(seed=2)
    expert = load_expert(env.scene)
    observation = env.step(np.zeros(4, np.float32))[0]
    for _ in range(30):
        observation, *_ = env.step(expert(observation))
    mirror.apply(env.scene_state())
    for body, (number, joints) in zip(env.description.moving_bodies, mirror._moving, strict=True):
        for joint, index in zip(body.joints, joints, strict=True):
            drawn = pybullet.getJointState(number, index, physicsClientId=mirror._client)[0]
            assert drawn == pytest.approx(env._world.joint(body.name, joint.name).position, abs=1e-6)
