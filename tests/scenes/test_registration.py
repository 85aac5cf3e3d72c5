import subprocess
import sys

import gymnasium
import pytest

from mile_desktop.scenes.catalogue import SceneInfo, UnknownSceneError, scenes
from mile_desktop.scenes.environment import make_scene, supervised


def test_importing_the_scenes_registers_them_and_imports_no_simulator() -> None:
    code = "import sys, mile_desktop.scenes, gymnasium; print('pybullet' in sys.modules, len(gymnasium.registry) > 0)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "True"]


@pytest.mark.parametrize("info", scenes(), ids=lambda info: info.name)
def test_every_scene_of_the_catalogue_can_be_made(info: SceneInfo) -> None:
    assert info.env_id in gymnasium.registry
    env = make_scene(info.name)
    discrete = gymnasium.spaces.Discrete(len(info.choices)) if info.choices else None
    assert env.action_space == discrete or env.action_space.shape == (len(info.action_labels),)
    observation, _ = env.reset(seed=0)
    assert len(supervised(env).observation_labels) == len(observation)
    env.close()
    env.close()


def test_an_unknown_scene_is_said() -> None:
    with pytest.raises(UnknownSceneError, match="peg-insertion"):
        make_scene("peg-extraction")
