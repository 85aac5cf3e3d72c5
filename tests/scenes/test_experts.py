import numpy as np
import pytest

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.catalogue import UnknownSceneError
from mile_desktop.scenes.experts import UnknownExpertError, expert_flaws, load_expert
from mile_desktop.scenes.manipulation import ManipulationEnv
from tests.scenes.conftest import run


def test_the_expert_succeeds_in_moderate_time(env: ManipulationEnv) -> None:
    results = [run(env, load_expert(env.scene), seed) for seed in range(1000, 1005)]
    assert all(success for success, _ in results)
    assert 25 <= np.median([steps for _, steps in results]) <= 0.7 * env.max_steps


def test_the_expert_can_take_over_from_where_a_wanderer_left(env: ManipulationEnv) -> None:
    expert, rng = load_expert(env.scene), np.random.default_rng(0)
    successes = 0
    for seed in range(4):
        observation, info = env.reset(seed=seed)
        for _ in range(15):
            observation, *_ = env.step(np.append(rng.uniform(-1, 1, 2), [rng.uniform(0, 1), 0.0]).astype(np.float32))
        done = False
        while not done:
            observation, _, terminated, truncated, info = env.step(expert(observation))
            done = terminated or truncated
        successes += info["success"]
    assert successes == 4


def test_flawed_experts_succeed_sometimes_and_fail_sometimes(env: ManipulationEnv) -> None:
    for flaw in expert_flaws(env.scene):
        outcomes: set[bool] = set()
        for seed in range(6):
            outcomes.add(run(env, load_expert(env.scene, flaw), seed)[0])
            if len(outcomes) == 2:
                break
        else:
            pytest.fail(f"{flaw}: six times {outcomes}")


@pytest.mark.parametrize("env", ["drawer-open", "button-press", "pick-place"], indirect=True)
def test_the_gripper_is_left_alone_once_it_is_as_wanted(env: ManipulationEnv) -> None:
    """But for the peg's expert, who closes all the time."""
    expert, asked = load_expert(env.scene), []

    def listened(observation: Float32Array) -> Float32Array:
        asked.append(expert(observation))
        return asked[-1]

    assert run(env, listened, 1000)[0]
    assert np.mean(np.abs(asked)[:, 3] < 0.05) > 0.5


def test_the_expert_has_no_memory(env: ManipulationEnv) -> None:
    expert = load_expert(env.scene)
    observations = [env.reset(seed=seed)[0] for seed in range(4)]
    first = [expert(observation) for observation in observations]
    np.testing.assert_array_equal([expert(observation) for observation in reversed(observations)], first[::-1])


def test_unknown_scenes_and_flaws_are_named() -> None:
    with pytest.raises(UnknownSceneError, match="tea-making"):
        load_expert("tea-making")
    with pytest.raises(UnknownExpertError, match="stops-short"):
        load_expert("peg-insertion", "is-lazy")
