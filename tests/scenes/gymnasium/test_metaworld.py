from collections.abc import Iterator

import gymnasium
import numpy as np
import pytest

from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.environment import make_scene
from mile_desktop.scenes.experts import load_expert
from mile_desktop.scenes.gymnasium.environment import GymnasiumEnv

pytest.importorskip("metaworld", reason="needs the extra metaworld")

TASKS = ("drawer-open", "peg-insert-side", "button-press", "pick-place")


@pytest.fixture(params=TASKS)
def env(request: pytest.FixtureRequest) -> Iterator[GymnasiumEnv]:
    made = make_scene(f"metaworld-{request.param}").unwrapped
    assert isinstance(made, GymnasiumEnv)
    yield made
    made.close()


def run(env: GymnasiumEnv, seed: int) -> bool:
    expert = load_expert(env.description.folder.name.replace("_", "-"))
    observation, _ = env.reset(seed=seed)
    while True:
        observation, _, terminated, truncated, info = env.step(expert(observation))
        if terminated or truncated:
            return bool(info["success"])


def test_observations_are_four_frames_of_39_numbers_with_names(env: GymnasiumEnv) -> None:
    observation, _ = env.reset(seed=0)
    assert observation.shape == (4 * 39,)
    assert env.observation_labels[-1] == "goal z (m) @ t"
    assert np.abs(observation[-3:]).max() > 0.1  # the goal is seen
    assert env.problems == ()


def test_the_scripted_expert_succeeds_and_that_ends_the_episode(env: GymnasiumEnv) -> None:
    assert sum(run(env, seed) for seed in range(3)) >= 2


def test_every_seed_is_a_start_of_its_own_and_always_the_same(env: GymnasiumEnv) -> None:
    starts = [env.reset(seed=seed)[0].tolist() for seed in (1, 2, 3, 1)]
    assert starts[0] == starts[3]
    assert starts[0] != starts[1] != starts[2]


def test_going_back_is_exact_and_quick(env: GymnasiumEnv) -> None:
    assert env.probe.saves_state
    rng = np.random.default_rng(0)
    env.reset(seed=4)
    actions = rng.uniform(-1, 1, (40, 4)).astype(np.float32)
    for action in actions[:10]:
        env.step(action)
    token = env.snapshot()
    first = [env.step(action)[:2] for action in actions]
    env.restore(token)
    for (observation, reward), action in zip(first, actions, strict=True):
        again = env.step(action)
        np.testing.assert_array_equal(again[0], observation)
        assert again[1] == reward


def test_a_rescue_may_go_on_after_the_benchmarks_limit(env: GymnasiumEnv) -> None:
    env.reset(seed=0)
    still = np.zeros(4, np.float32)
    truncated = [env.step(still)[3] for _ in range(505)]
    assert truncated.index(True) == 499


def test_pushes_are_turned_into_the_picture() -> None:
    (camera,) = scene_info("metaworld-drawer-open").cameras
    assert camera.yaw_deg == 28.0


def test_an_unknown_task_is_refused() -> None:
    import mile_desktop.scenes.gymnasium.metaworld  # noqa: F401, PLC0415 - registers the tasks

    with pytest.raises(KeyError, match="no-such-task"):
        gymnasium.make("meta-world/Task-v3", task="no-such-task")
