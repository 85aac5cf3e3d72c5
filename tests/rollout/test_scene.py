"""Discrete actions between loop and environment."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mile_desktop.arrays import Float32Array
from mile_desktop.evaluation.evaluate import evaluate
from mile_desktop.paths import SCENES_VARIABLE
from mile_desktop.policies.expert_policy import ExpertPolicy
from mile_desktop.rollout.safety import action_problem
from mile_desktop.rollout.scene import GymScene
from mile_desktop.scenes.experts import load_expert
from mile_desktop.scenes.template import new_scene


@pytest.fixture
def lander() -> Iterator[GymScene]:
    scene = GymScene.make("lunar-lander")
    yield scene
    scene.close()


def test_a_one_hot_action_becomes_the_number_of_the_choice(lander: GymScene) -> None:
    assert (lander.discrete, lander.action_size, lander.observation_size) == (True, 4, 8)
    lander.reset(seed=0)
    fired = []
    for choice in range(4):
        lander.step(np.eye(4, dtype=np.float32)[choice])
        fired.append(lander.scene_state()[11])
    assert fired == [0, 1, 2, 3]


@pytest.mark.parametrize("action", [(0.0, 0.0, 0.0, 0.0), (0.5, 0.5, 0.0, 0.0), (1.0, 1.0, 0.0, 0.0), (-1.0, 0, 0, 0)])
def test_an_action_that_chooses_nothing_or_several_does_not_reach_the_scene(action: tuple[float, ...]) -> None:
    vector = np.array(action, np.float32)
    assert action_problem(vector, 4) == ""
    assert "chooses none of the 4 actions" in action_problem(vector, 4, discrete=True)
    assert action_problem(np.eye(4, dtype=np.float32)[2], 4, discrete=True) == ""


def test_evaluation_counts_landings_and_returns_and_breakdowns(lander: GymScene) -> None:
    good = evaluate(lander, ExpertPolicy(load_expert("lunar-lander")), (0, 1))
    assert all(result.success and result.total_reward > 150 for result in good)

    def undecided(observation: Float32Array) -> Float32Array:
        return np.full(4, 0.25, np.float32)

    (broken,) = evaluate(lander, ExpertPolicy(undecided), (0,))
    assert "chooses none" in broken.crash


def test_a_scene_with_a_round_body_says_that_rewinding_is_not_exact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SCENES_VARIABLE, str(tmp_path))
    model = new_scene("lever") / "lever.urdf"
    boxes = GymScene.make("lever")
    assert (boxes.rewinds_exactly, boxes.problems) == (True, ())
    boxes.close()
    text = model.read_text()
    knob = '<box size="0.026 0.026 0.026"/>'
    assert knob in text
    model.write_text(text.replace(knob, '<sphere radius="0.013"/>'))
    ball = GymScene.make("lever")
    assert not ball.rewinds_exactly
    assert ball.problems[0].startswith("Rewinding is close but not exact here: lever collides with round")
    ball.close()
