"""Silence counts as much as nothing better is known."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.fit import FitSettings, fit_intervention_model
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.learning.objectives import calm_steps
from mile_desktop.learning.result import TrainingCancelled
from mile_desktop.learning.silent_evidence import _continuous, _discrete, _Models, silent_evidence, too_sure
from mile_desktop.learning.trainer.trainer import Trainer
from mile_desktop.policies.networks import GaussianMlp
from tests.learning.toy import FAST

ROBOT = torch.tensor([[0.8, -0.4]])
ALL, TOLERATED = torch.ones(3, 1, 1, dtype=torch.bool), torch.tensor([True])
SIGMA = 0.3


def members(spread: float) -> torch.Tensor:
    """Three members around (0, 0), ``spread`` apart."""
    return torch.tensor([-spread, 0.0, spread])[:, None, None].expand(3, 1, 2)


def weighed(spread: float, cost: float, tolerated: torch.Tensor = TOLERATED) -> tuple[torch.Tensor, float]:
    found = _continuous(ROBOT, _Models(members(spread), torch.full((3, 1, 2), SIGMA), ALL), tolerated, cost)
    return found.target[0], float(found.weight)


def test_models_that_agree_are_imitated_and_models_that_do_not_leave_it_to_the_robot() -> None:
    sure, weight = weighed(0.001, cost=10.0)
    assert sure.abs().max() < 0.01
    assert weight == pytest.approx(1.0, abs=0.01)
    unsure, weight = weighed(20.0, cost=1.0)
    torch.testing.assert_close(unsure, ROBOT[0], atol=0.02, rtol=0)
    # tolerance² = σ²(1 + 2c/a) = 2σ²: a third as much as the precision of a correction
    assert weight == pytest.approx(1 / 3, abs=0.01)


@settings(max_examples=30, deadline=None)
@given(spread=st.floats(0.01, 5.0), cost=st.floats(0.0, 50.0), step=st.floats(1.1, 4.0))
def test_target_lies_between_and_moves_with_cost_and_spread(spread: float, cost: float, step: float) -> None:
    target, weight = weighed(spread, cost)
    share = float(target[0] / ROBOT[0, 0])
    assert -1e-6 <= share <= 1 + 1e-6
    assert 0 < weight <= 1
    # More patience says less about the robot's action; models that disagree more say less about the person's.
    assert float(weighed(spread, cost * step + 0.1)[0][0] / ROBOT[0, 0]) <= share + 1e-6
    assert float(weighed(spread * step, cost)[0][0] / ROBOT[0, 0]) >= share - 1e-6


def test_models_that_are_surer_than_right_count_less() -> None:
    models = _Models(members(0.1), torch.full((3, 1, 2), SIGMA), ALL)
    person = torch.tensor([True])
    wrong = too_sure(torch.tensor([[1.0, 1.0]]), models, person)
    assert wrong == pytest.approx(1.0 / float(models.uncertainty().mean()), rel=1e-5)
    assert too_sure(torch.zeros(1, 2), models, person) == 1.0
    assert too_sure(torch.ones(1, 2), models, ~person) == 1.0
    doubted = _continuous(ROBOT, models, TOLERATED, 2.0, wrong).target[0, 0]
    assert doubted > _continuous(ROBOT, models, TOLERATED, 2.0).target[0, 0]


def test_robot_counts_only_where_it_was_tolerated() -> None:
    target, weight = weighed(0.5, cost=0.0, tolerated=torch.tensor([False]))
    assert target.abs().max() < 1e-6
    assert weight < weighed(0.5, cost=0.0)[1]


def test_discrete_silence_counts_as_much_as_the_models_agree() -> None:
    robot = torch.tensor([[0.0, 1.0, 0.0, 0.0]]).expand(2, 4)
    probability = torch.tensor([[[0.25, 0.25, 0.25, 0.25], [0.05, 0.85, 0.05, 0.05]]])
    models = _Models(probability, probability, torch.ones(1, 2, 1, dtype=torch.bool))
    found = _discrete(robot, models, torch.tensor([True, True]))
    torch.testing.assert_close(found.weight, torch.tensor([0.25, 0.85]))
    assert not _discrete(robot, models, torch.tensor([False, False])).weight.any()


@pytest.fixture(scope="module")
def model(data: SupervisedSteps) -> InterventionModel:
    quick = FitSettings(members=3, epochs=3, updates_per_epoch=5, hidden=(16,), temporal=False, forecast=False)
    return fit_intervention_model(data, quick).model


def test_only_silent_steps_have_a_weight(data: SupervisedSteps, model: InterventionModel) -> None:
    found = silent_evidence(data, model)
    silent = ~data.intervention & ~data.demonstration
    assert bool((found.weight[silent] > 0).all())
    assert not found.weight[~silent].any()
    assert found.target.shape == data.action.shape
    # Nobody watched: the robot's action is no evidence, and what is left is what the models say.
    alone = replace(data, unattended=torch.ones(len(data), dtype=torch.bool))
    calm = calm_steps(data)
    assert bool((silent_evidence(alone, model).weight[calm] <= found.weight[calm] + 1e-6).all())


def test_training_imitates_the_evidence_and_can_be_cancelled(biased: GaussianMlp, data: SupervisedSteps) -> None:
    weighs = replace(FAST, epochs=2, ensemble=3, fit_epochs=2, silence_rule="weighed")
    seen: list[str] = []
    trainer = Trainer(data, weighs, start=biased)
    trainer.run(report=lambda event: seen.append(getattr(event, "text", "")))
    assert any("models of you" in text for text in seen)
    plain = Trainer(data, replace(weighs, silence_rule="fixed"), start=biased)
    plain.run()
    assert not torch.equal(trainer._data.target, plain._data.target)
    assert trainer._data.weight.count_nonzero() > plain._data.weight.count_nonzero()
    with pytest.raises(TrainingCancelled):
        Trainer(data, weighs, start=biased).run(cancelled=lambda: True)


def test_methods_that_imitate_nothing_silent_do_not_fit_models(biased: GaussianMlp, data: SupervisedSteps) -> None:
    seen: list[str] = []
    settings_of = replace(FAST, method="hg-dagger", epochs=1, silence_rule="weighed")
    Trainer(data, settings_of, start=biased).run(report=lambda event: seen.append(getattr(event, "text", "")))
    assert not any("models of you" in text for text in seen)
