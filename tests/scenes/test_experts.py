import numpy as np
import pytest

from mile_desktop.scenes.experts import Expert, UnknownExpertError, expert_flaws, load_expert
from mile_desktop.scenes.peg_insertion import PegInsertionEnv


def run(env: PegInsertionEnv, expert: Expert, seed: int) -> tuple[bool, int]:
    observation, info = env.reset(seed=seed)
    while True:
        action = expert(observation)
        assert action.dtype == np.float32
        assert action.shape == (4,)
        assert (np.abs(action) <= 1).all()
        observation, _, terminated, truncated, info = env.step(action)
        if terminated or truncated:
            return info["success"], info["step"]


def test_the_expert_seats_the_peg_in_moderate_time(env: PegInsertionEnv) -> None:
    results = [run(env, load_expert("peg-insertion"), seed) for seed in range(1000, 1020)]
    assert sum(success for success, _ in results) >= 19
    assert 60 <= np.median([steps for _, steps in results]) <= 140


def test_the_expert_can_take_over_from_where_a_wanderer_left(env: PegInsertionEnv) -> None:
    expert, rng = load_expert("peg-insertion"), np.random.default_rng(0)
    successes = 0
    for seed in range(5):
        observation, info = env.reset(seed=seed)
        for _ in range(15):
            observation, *_ = env.step(np.append(rng.uniform(-1, 1, 2), [rng.uniform(0, 1), 0.0]).astype(np.float32))
        done = False
        while not done:
            observation, _, terminated, truncated, info = env.step(expert(observation))
            done = terminated or truncated
        successes += info["success"]
    assert successes == 5


@pytest.mark.parametrize("flaw", expert_flaws("peg-insertion"))
def test_a_flawed_expert_succeeds_sometimes_and_fails_sometimes(env: PegInsertionEnv, flaw: str) -> None:
    successes = sum(run(env, load_expert("peg-insertion", flaw), seed)[0] for seed in range(8))
    assert 1 <= successes <= 7


def test_the_expert_has_no_memory(env: PegInsertionEnv) -> None:
    expert = load_expert("peg-insertion")
    observations = [env.reset(seed=seed)[0] for seed in range(4)]
    first = [expert(observation) for observation in observations]
    np.testing.assert_array_equal([expert(observation) for observation in reversed(observations)], first[::-1])


def test_unknown_scenes_and_flaws_are_named() -> None:
    with pytest.raises(UnknownExpertError, match="tea-making"):
        load_expert("tea-making")
    with pytest.raises(UnknownExpertError, match="stops-short"):
        load_expert("peg-insertion", "is-lazy")
    assert expert_flaws("tea-making") == ()
