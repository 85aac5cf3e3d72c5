"""Our scenes for people who use them from gymnasium: pictures, rates, names and vectors of environments."""

from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RecordVideo

from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.experts import load_expert

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


def test_a_dense_reward_grows_on_the_way_to_the_goal() -> None:
    sparse, dense = (gymnasium.make("mile/PegInsertion-v0", reward=reward) for reward in ("sparse", "dense"))
    expert, rewards = load_expert("peg-insertion"), []
    observation, _ = dense.reset(seed=1)
    sparse.reset(seed=1)
    over = False
    while not over:
        action = expert(observation)
        _, plain, *_ = sparse.step(action)
        observation, reward, terminated, truncated, _ = dense.step(action)
        assert reward <= plain
        rewards.append(reward)
        over = terminated or truncated
    assert terminated
    assert rewards[-1] > 0.9
    assert 0 > rewards[-2] > rewards[0]
    sparse.close()
    dense.close()


def test_pictures_can_be_the_observation(scene: str) -> None:
    env = gymnasium.make(scene_info(scene).env_id, observation="pixels")
    first, _ = env.reset(seed=0)
    assert env.observation_space.dtype == np.uint8
    assert env.observation_space.contains(first)
    later = env.step(2 if scene_info(scene).choices else np.ones(4, np.float32))[0]
    assert (first != later).any()
    env.close()


def test_stable_baselines3_accepts_it(scene: str) -> None:
    checker = pytest.importorskip("stable_baselines3.common.env_checker", reason="stable-baselines3 is not installed")
    env = gymnasium.make(scene_info(scene).env_id)
    checker.check_env(env)
    env.close()


def test_stable_baselines3_trains_on_it_for_a_moment(scene: str) -> None:
    sb3 = pytest.importorskip("stable_baselines3", reason="stable-baselines3 is not installed")
    env = gymnasium.make(scene_info(scene).env_id)
    model = sb3.PPO("MlpPolicy", env, n_steps=64, batch_size=32, n_epochs=1, device="cpu", seed=0)
    before = [each.detach().clone() for each in model.policy.parameters()]
    model.learn(128)
    assert any(bool((each != now).any()) for each, now in zip(before, model.policy.parameters(), strict=True))
    action, _ = model.predict(env.reset(seed=0)[0])
    assert env.action_space.contains(int(action) if scene_info(scene).choices else action)
    env.close()


def test_episodes_can_be_recorded_as_videos(scene: str, tmp_path: Path) -> None:
    pytest.importorskip("moviepy", reason="gymnasium's RecordVideo needs moviepy, which is not installed")
    folder = tmp_path / "videos"  # it warns where its folder is there already
    video = RecordVideo(gymnasium.make(scene_info(scene).env_id, render_mode="rgb_array"), str(folder))
    video.reset(seed=0)
    for _ in range(3):
        video.step(0 if scene_info(scene).choices else np.zeros(4, np.float32))
    video.close()
    assert [path.suffix for path in folder.iterdir() if path.suffix == ".mp4"] == [".mp4"]


@pytest.mark.parametrize(
    ("option", "words"), [("reward", "'sparse' or 'dense'"), ("observation", "'state' or 'pixels'")]
)
def test_another_word_is_refused(scene: str, option: str, words: str) -> None:
    with pytest.raises(ValueError, match=rf"{option}: found 'tea', expected {words}"):
        gymnasium.make(scene_info(scene).env_id, **{option: "tea"})


def test_tables_of_both_spaces_are_the_docstring(scene: str) -> None:
    info = scene_info(scene)
    env = gymnasium.make(info.env_id)
    doc = str(env.unwrapped.__doc__)
    assert info.summary in doc
    rows = [line for line in doc.splitlines() if line.startswith("| ") and line[2].isdigit()]
    assert len(rows) == len(info.action_labels) + env.observation_space.shape[0]  # type: ignore[index]
    env.close()


def test_a_vector_of_processes_steps_them_together(scene: str) -> None:
    envs = gymnasium.make_vec(scene_info(scene).env_id, num_envs=2, vectorization_mode="async")
    observations, _ = envs.reset(seed=[1, 2])
    assert observations.shape[0] == 2
    assert (observations[0] != observations[1]).any()
    _, rewards, *_ = envs.step(envs.action_space.sample())
    assert rewards.shape == (2,)
    envs.close()
