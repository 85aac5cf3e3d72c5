from collections.abc import Iterator

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.environment import make_scene
from mile_desktop.scenes.experts import expert_flaws, load_expert
from mile_desktop.scenes.lunar_lander import STATE_SIZE, LunarLanderEnv
from mile_desktop.scenes.modules import load_module
from mile_desktop.scenes.snapshots import UnknownSnapshotError
from mile_desktop.scenes.task import Expert

OFF, LEFT, MAIN, RIGHT = range(4)


@pytest.fixture(scope="module")
def env() -> Iterator[LunarLanderEnv]:
    made = make_scene("lunar-lander").unwrapped
    assert isinstance(made, LunarLanderEnv)
    yield made
    made.close()


def fly(env: LunarLanderEnv, expert: Expert, seed: int) -> tuple[bool, float, int]:
    observation, info = env.reset(seed=seed)
    total, done = 0.0, False
    while not done:
        action = expert(observation)
        assert sorted(action.tolist()) == [0, 0, 0, 1]
        observation, reward, terminated, truncated, info = env.step(int(action.argmax()))
        total, done = total + reward, terminated or truncated
    return info["success"], total, info["step"]


def test_is_a_gymnasium_environment(env: LunarLanderEnv) -> None:
    check_env(env, skip_render_check=True)
    assert env.max_steps == scene_info("lunar-lander").max_steps
    assert len(env.observation_labels) == 8


def test_is_the_published_lander(env: LunarLanderEnv) -> None:
    import gymnasium  # noqa: PLC0415

    published = gymnasium.make("LunarLander-v3", disable_env_checker=True)
    mine, _ = env.reset(seed=5)
    theirs, _ = published.reset(seed=5)
    rng = np.random.default_rng(0)
    for _ in range(60):
        np.testing.assert_array_equal(mine, theirs)
        action = int(rng.integers(4))
        mine, my_reward, *_ = env.step(action)
        theirs, their_reward, *_ = published.step(action)
        assert my_reward == pytest.approx(float(their_reward))
    published.close()


@pytest.mark.parametrize("action", [4, -1, 1.5, None])
def test_actions_that_are_none_are_refused(env: LunarLanderEnv, action: object) -> None:
    env.reset(seed=0)
    before = env.scene_state()
    with pytest.raises(ValueError, match=r"expected 0 \(off\)"):
        env.step(action)  # type: ignore[arg-type]
    np.testing.assert_array_equal(env.scene_state(), before)


@pytest.mark.parametrize(("engine", "sign"), [(LEFT, -1), (RIGHT, 1)])
def test_an_engine_pushes_and_tilts_to_the_side_it_is_named_after(env: LunarLanderEnv, engine: int, sign: int) -> None:
    env.reset(seed=2)
    start = env.step(OFF)[0]
    for _ in range(12):
        observation, *_ = env.step(engine)
    assert sign * (observation[2] - start[2]) > 0.1
    assert -sign * (observation[4] - start[4]) > 0.05


def test_the_expert_lands(env: LunarLanderEnv) -> None:
    flights = [fly(env, load_expert("lunar-lander"), seed) for seed in range(1000, 1030)]
    assert sum(success for success, _, _ in flights) >= 29
    assert np.mean([total for _, total, _ in flights]) > 240
    assert max(steps for *_, steps in flights) < env.max_steps


def test_flawed_experts_land_sometimes(env: LunarLanderEnv) -> None:
    assert expert_flaws("lunar-lander") == ("drifts-past", "brakes-late")
    for flaw in expert_flaws("lunar-lander"):
        successes = sum(fly(env, load_expert("lunar-lander", flaw), seed)[0] for seed in range(12))
        assert 2 <= successes <= 10, flaw


@pytest.mark.parametrize("engine", [OFF, LEFT, MAIN, RIGHT])
def test_nobody_lands_by_accident(env: LunarLanderEnv, engine: int) -> None:
    rng = np.random.default_rng(engine)
    for seed in range(6):
        env.reset(seed=seed)
        done = False
        while not done:
            action = engine if rng.random() < 0.7 else int(rng.integers(4))
            _, _, terminated, truncated, info = env.step(action)
            done = terminated or truncated
        assert not info["success"]


def test_coming_back_repeats_the_flight_exactly(env: LunarLanderEnv) -> None:
    expert, rng = load_expert("lunar-lander"), np.random.default_rng(1)
    observation, _ = env.reset(seed=11)
    tokens, seen = [], []
    for step in range(150):
        if step % 50 == 0:
            tokens.append((env.snapshot(), observation, env.scene_state()))
        action = int(expert(observation).argmax()) if rng.random() < 0.8 else int(rng.integers(4))
        observation, reward, terminated, _, _ = env.step(action)
        seen.append((action, observation, reward))
        assert not terminated
    for at, (token, before, state) in reversed(list(enumerate(tokens))):
        np.testing.assert_array_equal(env.restore(token), before)
        # the engine that fired is part of the picture, not of the physics
        np.testing.assert_array_equal(env.scene_state(), state)
        for action, expected, reward in seen[50 * at :]:
            observation, again, *_ = env.step(action)
            np.testing.assert_array_equal(observation, expected)
            assert again == reward


def test_snapshots_of_another_branch_stay_valid_and_die_with_the_episode(env: LunarLanderEnv) -> None:
    env.reset(seed=4)
    for _ in range(20):
        env.step(MAIN)
    early = env.snapshot()
    there = env.step(LEFT)[0]
    late = env.snapshot()
    env.restore(early)
    env.step(RIGHT)
    np.testing.assert_array_equal(env.restore(late), there)
    env.release(late)
    with pytest.raises(UnknownSnapshotError, match="expected one of the 1"):
        env.restore(late)
    env.reset(seed=4)
    with pytest.raises(UnknownSnapshotError):
        env.restore(early)


def test_a_state_can_be_drawn_wherever_it_was_recorded(env: LunarLanderEnv) -> None:
    picture = load_module("lunar-lander").picture
    assert picture is not None
    env.reset(seed=1)
    grounds = []
    for seed in (1, 2):
        env.reset(seed=seed)
        for engine in (OFF, LEFT, MAIN, RIGHT):
            env.step(engine)
            state = env.scene_state()
            assert state.shape == (STATE_SIZE,)
            drawn = picture(state)
            assert drawn.anchor == pytest.approx(tuple(env.end_effector()[[0, 2]].tolist()))
        grounds.append(state[12:].tolist())
    assert grounds[0] != grounds[1]
    with pytest.raises(ValueError, match="expected 23 finite values"):
        picture(state[:-1])
