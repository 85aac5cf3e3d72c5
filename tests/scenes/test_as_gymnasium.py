"""Our scenes for people who use them from gymnasium: pictures, rates, names and vectors of environments."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from mile_desktop.scenes.catalogue import scene_info

SCENES = ("peg-insertion", "lunar-lander")


@pytest.fixture(params=SCENES)
def scene(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_it_draws_itself_at_a_known_rate_and_passes_the_checker(scene: str) -> None:
    info = scene_info(scene)
    env = gymnasium.make(info.env_id, render_mode="rgb_array", disable_env_checker=True)
    check_env(env.unwrapped, skip_render_check=scene == "lunar-lander")  # pygame's own picture has no other mode
    env.reset(seed=3)
    first = env.render()
    action = 2 if info.choices else np.array([1.0, 1.0, -1.0, 1.0], np.float32)
    for _ in range(15):
        env.step(action)
    later = env.render()
    assert isinstance(first, np.ndarray)
    assert (first.dtype, first.ndim, first.shape[2]) == (np.uint8, 3, 3)
    assert (first != later).any()
    assert len(np.unique(first.reshape(-1, 3), axis=0)) > 3
    assert (env.metadata["render_fps"], env.unwrapped.render_mode) == (info.rate_hz, "rgb_array")
    env.close()


def test_the_registration_says_its_time_limit_and_it_holds(scene: str) -> None:
    info = scene_info(scene)
    assert gymnasium.spec(info.env_id).max_episode_steps == info.max_steps
    env = gymnasium.make(info.env_id, max_episode_steps=3)
    env.reset(seed=0)
    still = 0 if info.choices else np.zeros(4, np.float32)
    assert [env.step(still)[3] for _ in range(3)] == [False, False, True]
    env.close()


def test_success_has_both_names_and_actions_have_labels(scene: str) -> None:
    info = scene_info(scene)
    env = gymnasium.make(info.env_id)
    env.reset(seed=0)
    told = env.step(0 if info.choices else np.zeros(4, np.float32))[4]
    assert told["is_success"] is told["success"] is False
    assert env.unwrapped.action_labels == info.action_labels  # type: ignore[attr-defined]
    env.close()


def test_without_a_render_mode_there_is_no_picture(scene: str) -> None:
    env = gymnasium.make(scene_info(scene).env_id).unwrapped
    env.reset(seed=0)
    assert env.render() is None
    env.close()


def test_a_vector_of_processes_steps_them_together(scene: str) -> None:
    envs = gymnasium.make_vec(scene_info(scene).env_id, num_envs=2, vectorization_mode="async")
    observations, _ = envs.reset(seed=[1, 2])
    assert observations.shape[0] == 2
    assert (observations[0] != observations[1]).any()
    _, rewards, *_ = envs.step(envs.action_space.sample())
    assert rewards.shape == (2,)
    envs.close()
