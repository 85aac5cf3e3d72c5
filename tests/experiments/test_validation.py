import math

import numpy as np
import pytest
import torch

from experiments.prediction_cell import PredictionCell, run_prediction
from experiments.recovery_cell import RecoveryCell, run_recovery
from experiments.results import cell_key
from experiments.signals import counterfactual_contrast, weighed_together
from experiments.supervisor_setup import SimulatedSupervisor
from experiments.temporal_cell import TemporalCell, run_temporal
from experiments.validation_grid import PARTS
from mile_desktop.intervention.data import SupervisedSteps


def test_calibration_finds_the_cost_of_a_known_mind() -> None:
    found = run_recovery(RecoveryCell(cost=12.0, cdf_scale=2.0, episodes=5))
    assert abs(found.cost - 12.0) < 5 * max(found.cost_error, 0.3)
    assert found.predicted_rate == pytest.approx(found.observed_rate, abs=0.03)
    assert found.true_log_likelihood is not None
    assert found.log_likelihood > found.true_log_likelihood - 1e-3


def test_temporal_model_finds_evidence_delay_and_persistence() -> None:
    mind = SimulatedSupervisor("probit", {"cost": 8.0, "retention": 0.7, "delay_steps": 4, "hand_back": 0.1})
    found = run_temporal(TemporalCell(supervision=mind, episodes=8, held_out=3))
    assert found.temporal.log_likelihood > found.instantaneous.log_likelihood + 0.2
    assert found.parameters.delay_steps in {3, 4, 5}
    assert found.parameters.retention == pytest.approx(0.7, abs=0.2)


def test_predictors_are_scored_with_both_robots() -> None:
    cell = PredictionCell(
        supervision=SimulatedSupervisor("probit"), epochs=1, episodes=4, held_out=2, unattended=2, fit_epochs=2
    )
    outcome = run_prediction(cell)
    collecting, promoted = (
        {each.name: each for each in robot.scores} for robot in (outcome.collecting, outcome.promoted)
    )
    assert {"majority", "mile, ensemble", "supervisor's own distance"} <= collecting.keys()
    assert {"failure value", "counterfactual contrast", "history logistic, refitted"} <= promoted.keys()
    assert promoted["counterfactual contrast"].brier is None
    assert promoted["majority"].brier is not None
    assert all(each.auroc is None or 0 <= each.auroc <= 1 for each in promoted.values())


def test_every_cell_of_the_validation_has_a_key_of_its_own() -> None:
    cells = [cell for grid in PARTS.values() for cell in grid("peg-insertion", 5)]
    assert len({cell_key(cell) for cell in cells}) == len(cells)


def _steps(policy: np.ndarray, overruled: np.ndarray) -> SupervisedSteps:
    """A line of states; in its right half the robot's 1 was overruled by a −1."""
    count = len(policy)
    where = torch.linspace(-1, 1, count)[:, None]
    nu = torch.from_numpy(overruled)
    mean = torch.from_numpy(policy).float()[:, None]
    human = torch.where(nu[:, None], -torch.ones(count, 1), torch.full((count, 1), math.nan))
    return SupervisedSteps(
        observation=where,
        action=torch.where(nu[:, None], human, mean),
        human_action=human,
        policy_mean=mean,
        policy_std=torch.full((count, 1), 0.1),
        intervention=nu,
        demonstration=torch.zeros(count, dtype=torch.bool),
        success=torch.ones(count, dtype=torch.bool),
        episode=torch.zeros(count, dtype=torch.int64),
        step=torch.arange(count),
        episode_ids=("e",),
    )


def test_contrast_tells_the_old_mistake_from_its_correction() -> None:
    right = np.linspace(-1, 1, 100) > 0
    train = _steps(np.ones(100), right)
    repeats, corrected = (
        counterfactual_contrast(train, _steps(np.where(right, what, 1.0), np.zeros(100, bool))) for what in (1.0, -1.0)
    )
    assert repeats[right].min() > corrected[right].max() + 1
    assert repeats[~right].mean() < repeats[right].mean()


def test_signals_are_weighed_by_what_is_known_only() -> None:
    random = np.random.default_rng(0)
    signal, noise = random.normal(size=400), random.normal(size=400)
    happened = signal + 0.3 * random.normal(size=400) > 0
    known = np.arange(400) < 200
    p = weighed_together([signal, noise], known, happened)
    assert np.corrcoef(p[~known], happened[~known])[0, 1] > 0.7
    changed = happened.copy()
    changed[~known] = ~changed[~known]
    np.testing.assert_array_equal(weighed_together([signal, noise], known, changed), p)
