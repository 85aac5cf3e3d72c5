from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pybullet
import pytest

from mile_desktop.places import SIM_SCENES
from mile_desktop.scenes.description import load_description, scene_folder
from mile_desktop.scenes.environment import FloatArray
from mile_desktop.scenes.mirror import SceneMirror
from mile_desktop.scenes.peg_insertion import PegInsertionEnv
from tests.scenes.wandering import random_actions

DESCRIPTION = load_description(scene_folder("peg-insertion"))


@pytest.fixture(params=[None, SIM_SCENES / "panda" / "panda.urdf"], ids=["default", "light"])
def mirror(request: pytest.FixtureRequest) -> Iterator[SceneMirror]:
    robot_urdf: Path | None = request.param
    client = pybullet.connect(pybullet.DIRECT)
    yield SceneMirror(client, DESCRIPTION, robot_urdf)
    pybullet.disconnect(physicsClientId=client)


def test_the_mirror_shows_what_the_scene_state_says(env: PegInsertionEnv, mirror: SceneMirror) -> None:
    env.reset(seed=11)
    for action in random_actions(11, 40):
        env.step(action)
    state = env.scene_state()
    assert state.dtype == np.float32
    assert state.shape == (DESCRIPTION.state_size,)

    mirror.apply(state)

    np.testing.assert_allclose(mirror.end_effector(), env.end_effector(), atol=1e-5)
    for body, number in zip(DESCRIPTION.moving_bodies, mirror._moving, strict=True):
        position, _ = pybullet.getBasePositionAndOrientation(number, physicsClientId=mirror._client)
        np.testing.assert_allclose(position, env._world.pose(body.name).position, atol=1e-6)


@pytest.mark.parametrize("spoil", [lambda state: state[:-1], lambda state: state * np.nan])
def test_a_state_that_does_not_fit_is_refused(
    env: PegInsertionEnv, mirror: SceneMirror, spoil: Callable[[FloatArray], FloatArray]
) -> None:
    env.reset(seed=1)
    with pytest.raises(ValueError, match="scene state"):
        mirror.apply(spoil(env.scene_state()))


def test_the_first_camera_is_the_main_one_and_one_follows_the_hand(mirror: SceneMirror) -> None:
    cameras = mirror.cameras()
    assert cameras[0].name == "main"
    assert [camera.name for camera in cameras if camera.follows_end_effector] == ["wrist"]
