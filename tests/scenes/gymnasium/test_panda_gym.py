import pytest

from mile_desktop.scenes.environment import make_scene
from mile_desktop.scenes.experts import load_expert
from mile_desktop.scenes.gymnasium.environment import GymnasiumEnv

pytest.importorskip("panda_gym", reason="needs the extra panda-gym")


def test_the_expert_brings_the_cube_to_the_goal_and_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    env = make_scene("panda-gym-pick-and-place").unwrapped
    assert isinstance(env, GymnasiumEnv)
    expert = load_expert("panda-gym-pick-and-place")
    assert env.observation_labels[:4] == ("cube x (m)", "cube y (m)", "cube z (m)", "goal x (m)")
    successes = 0
    for seed in range(3):
        observation, _ = env.reset(seed=seed)
        over = False
        while not over:
            observation, _, terminated, truncated, info = env.step(expert(observation))
            over = terminated or truncated
        successes += info["success"]
    env.close()
    assert successes == 3
    assert env.can_rewind
    assert capfd.readouterr().out == ""
