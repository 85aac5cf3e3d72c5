import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from mile_desktop.intervention import stall_model
from mile_desktop.intervention.baselines import stopwatch
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.scores import takeover_ahead
from mile_desktop.intervention.stall_model import StallFit

LENGTH = 100


def _recorded(seed: int, *, rate: float = 0.3, episodes: int = 20) -> SupervisedSteps:
    """Record a robot that drives along a line and now and then stands for 30 steps; a person helps only then."""
    random = np.random.default_rng(seed)
    position, taken = [], []
    for _ in range(episodes):
        stands = random.integers(20, 60)
        at, helped = 0.0, False
        for step in range(LENGTH):
            still = stands <= step < stands + 30
            helped = (helped and still) or (still and step > stands + 10 and random.random() < rate)
            at += 0.0 if still and not helped else 0.01
            position.append(at)
            taken.append(helped)
    count = episodes * LENGTH
    action = torch.zeros(count, 1)
    nu = torch.tensor(taken)
    return SupervisedSteps(
        observation=torch.tensor(position)[:, None].float(),
        action=action,
        human_action=torch.where(nu[:, None], action, torch.tensor(math.nan)),
        policy_mean=action,
        policy_std=action + 0.1,
        intervention=nu,
        demonstration=torch.zeros(count, dtype=torch.bool),
        success=torch.ones(count, dtype=torch.bool),
        episode=torch.arange(count) // LENGTH,
        step=torch.arange(count) % LENGTH,
        episode_ids=tuple(f"e{seed}-{number}" for number in range(episodes)),
    )


def test_a_person_who_waits_for_a_stall_is_found() -> None:
    train, test = _recorded(0), _recorded(1)
    asked, ahead = takeover_ahead(train)
    found = StallFit(train, test).fit(asked, ahead)
    assert found.model.stalled_rate > 3 * found.model.other_rate
    asked, ahead = takeover_ahead(test)
    stalled = found.probability == found.model.stalled_rate
    assert ahead[asked & stalled].mean() > 3 * ahead[asked & ~stalled].mean()


def test_a_person_who_steps_in_anywhere_has_one_rate() -> None:
    steps = _recorded(2)
    random = np.random.default_rng(5)
    anywhere = torch.from_numpy(random.random(len(steps)) < 0.1)
    steps = replace(steps, intervention=anywhere)
    asked = np.ones(len(steps), dtype=bool)
    model = StallFit(steps, steps).fit(asked, anywhere.numpy()).model
    assert model.stalled_rate < 2 * model.other_rate


def test_without_successful_episodes_progress_is_motion() -> None:
    steps = _recorded(3)
    failed = replace(steps, success=torch.zeros(len(steps), dtype=torch.bool))
    asked, ahead = takeover_ahead(failed)
    model = StallFit(failed, failed).fit(asked, ahead).model
    assert model.measure == "motion"
    assert model.stalled_rate > model.other_rate


def test_the_stopwatch_knows_the_time_and_nothing_else() -> None:
    steps = _recorded(4)
    late = steps.step.numpy() >= 80
    said = stopwatch(steps, late, steps)
    assert said[steps.step.numpy() == 95].min() > 0.85
    assert said[steps.step.numpy() == 10].max() < 0.1
    moved = replace(steps, observation=torch.randn(len(steps), 1))
    assert stopwatch(steps, late, moved).tolist() == said.tolist()


@pytest.mark.parametrize("episodes", [20, 80])
def test_the_work_grows_with_the_steps_and_not_with_their_square(
    episodes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []
    measure = torch.cdist

    def count(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        compared.append(len(a) * len(b))
        return measure(a, b)

    monkeypatch.setattr(torch, "cdist", count)
    monkeypatch.setattr(stall_model, "MOST_REFERENCES", 500)
    steps = _recorded(6, episodes=episodes)
    fit = StallFit(steps, steps)
    for _ in range(2):
        fit.fit(*takeover_ahead(steps))
    # Of training and test steps, once for both questions.
    assert sum(compared) <= 2 * len(steps) * 500
