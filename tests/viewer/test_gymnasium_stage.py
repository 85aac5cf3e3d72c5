from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mile_desktop.cameras.source import Picture
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.description import SceneDescriptionError
from mile_desktop.scenes.environment import make_scene
from mile_desktop.scenes.gymnasium.environment import GymnasiumEnv
from mile_desktop.scenes.gymnasium.new_scene import new_gymnasium_scene
from mile_desktop.viewer.camera import View
from mile_desktop.viewer.gymnasium_stage import GymnasiumStage
from mile_desktop.viewer.renderer import Pixels
from mile_desktop.viewer.stages import open_stage
from tests.scenes.gymnasium.conftest import ODD, own

__all__ = ["own"]

WHOLE = View(0.0, 0.0, 1.0, (0.0, 0.0, 0.0), 53.13)
Open = Callable[[str], tuple[GymnasiumEnv, GymnasiumStage]]


@pytest.fixture
def opened(own: Path) -> Iterator[Open]:
    """Make a scene of an environment; open it and its stage."""
    made: list[GymnasiumEnv | GymnasiumStage] = []

    def open_it(env_id: str) -> tuple[GymnasiumEnv, GymnasiumStage]:
        name = new_gymnasium_scene(env_id).name
        env, stage = make_scene(name).unwrapped, open_stage(name)
        assert isinstance(env, GymnasiumEnv)
        assert isinstance(stage, GymnasiumStage)
        made.extend((env, stage))
        return env, stage

    yield open_it
    for each in made:
        each.close()


def drawn(stage: GymnasiumStage, state: np.ndarray) -> Pixels:
    stage.pose(state)
    return stage.renderer.draw(WHOLE, 120, 90)


@pytest.mark.parametrize("env_id", ["Pendulum-v1", "LunarLander-v3", "BipedalWalker-v3", "FrozenLake-v1"])
def test_the_copy_shows_what_the_running_environment_would_draw(opened: Open, env_id: str) -> None:
    env, stage = opened(env_id)
    rng = np.random.default_rng(0)
    env.reset(seed=3)
    pictures = []
    for _ in range(4):
        for _ in range(2):
            action = int(rng.integers(env.action_space.n)) if env.description.choices else np.full(1, 0.6, np.float32)
            env.step(action if env.description.choices else np.resize(action, env.action_space.shape))
        pictures.append(drawn(stage, env.view_state()))
    # a second copy that sees only the last state draws the same
    second = open_stage(stage.scene)
    assert isinstance(second, GymnasiumStage)
    differing = (drawn(second, env.view_state()) != pictures[-1]).any(axis=2)
    assert differing.mean() < 0.01  # Box2D's environments let sparks fade whenever they draw
    second.close()
    if env_id != "FrozenLake-v1":
        assert any((one != other).any() for one, other in pairwise(pictures))


def test_a_rewind_and_a_new_episode_are_followed(opened: Open) -> None:
    env, stage = opened("LunarLander-v3")
    env.reset(seed=1)
    for _ in range(10):
        env.step(2)
    token, before = env.snapshot(), drawn(stage, env.view_state())
    for _ in range(25):
        env.step(1)
    assert (drawn(stage, env.view_state()) != before).any()
    env.restore(token)
    np.testing.assert_array_equal(drawn(stage, env.view_state()), before)
    env.reset(seed=2)
    assert (drawn(stage, env.view_state()) != before).any()


def test_a_state_without_its_actions_is_refused_and_the_next_one_is_shown(opened: Open) -> None:
    env, stage = opened("LunarLander-v3")
    env.reset(seed=1)
    for _ in range(5):
        env.step(2)
    with pytest.raises(ValueError, match="not all of them are here"):
        stage.pose(env.scene_state())
    with pytest.raises(ValueError, match="not a replayed state"):
        stage.pose(np.array([2.0, 0.0], np.float32))
    stage.pose(env.view_state())


def test_every_new_picture_is_offered_to_the_video(opened: Open) -> None:
    env, _ = opened("Pendulum-v1")
    taken: list[Picture] = []
    stage = GymnasiumStage(scene_info("pendulum"), taken.append)
    env.reset(seed=0)
    for _ in range(3):
        env.step(np.ones(1, np.float32))
        drawn(stage, env.view_state())
        stage.renderer.draw(WHOLE, 60, 60)
    assert [picture.pixels.shape for picture in taken] == [(500, 500, 3)] * 3
    assert taken[0].timestamp < taken[2].timestamp
    stage.close()


def test_an_environment_without_a_picture_says_so(own: Path) -> None:
    new_gymnasium_scene(f"{ODD}/Walk-v0")
    with pytest.raises(SceneDescriptionError, match=r"Walk has no picture \(drawn = false in scene.toml\)"):
        open_stage("walk")
