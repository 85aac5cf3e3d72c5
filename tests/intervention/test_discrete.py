"""The intervention model over discrete actions, end to end."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mile_desktop.intervention.compare import compare_predictors
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.ensemble import HUMAN_SLIP, CategoricalEnsemble
from mile_desktop.intervention.fit import FitSettings, FittedModel, fit_intervention_model
from mile_desktop.intervention.live_estimator import LiveEstimator
from mile_desktop.intervention.model import (
    TemporalParameters,
    load_intervention_model,
    save_intervention_model,
)
from mile_desktop.intervention.objective_terms import outcome_loss
from mile_desktop.intervention.probability import categorical_distance, intervention_log_probability_at
from mile_desktop.intervention.probability_numpy import probabilities_of_one
from mile_desktop.intervention.temporal import temporal_probabilities
from mile_desktop.policies.policy import PolicyOutput
from tests.intervention import discrete_toy as toy

QUICK = FitSettings(
    actions="categorical", members=4, hidden=(32, 32), epochs=10, updates_per_epoch=25, batch=96, learning_rate=3e-3
)
weights = st.lists(st.floats(0.01, 1.0), min_size=4, max_size=4)


@pytest.fixture(scope="module")
def steps() -> SupervisedSteps:
    return toy.recorded(14, seed=1)


@pytest.fixture(scope="module")
def fitted(steps: SupervisedSteps) -> FittedModel:
    return fit_intervention_model(steps, QUICK, policy_id="p-1")


def normalised(values: list[float]) -> torch.Tensor:
    probabilities = torch.tensor(values, dtype=torch.float64)
    return probabilities / probabilities.sum()


@given(weights, weights, st.floats(-2, 8), st.floats(0.1, 3))
@settings(max_examples=60, deadline=None)
def test_the_probabilities_of_all_outcomes_sum_to_one(
    policy: list[float], mental: list[float], cost: float, scale: float
) -> None:
    log_policy = normalised(policy).log()
    distance = categorical_distance(log_policy, normalised(mental))
    pair = intervention_log_probability_at(distance, log_policy, cost=cost, cdf_scale=scale)
    outcomes = [
        (-outcome_loss(log_policy, pair, each, torch.tensor(nu))).exp().item()
        for nu, actions in ((True, torch.eye(4)), (False, torch.eye(4)[:1]))
        for each in actions
    ]
    assert len(outcomes) == 5
    assert sum(outcomes) == pytest.approx(1.0, abs=1e-9)
    single = probabilities_of_one(np.array([distance.item() - cost]), scale, log_policy.numpy()[None])
    assert single[0] == pytest.approx(pair[0].exp().item(), abs=1e-12)


@pytest.mark.parametrize(
    ("policy", "mental", "cost", "scale", "expected"),
    [
        ((0.97, 0.01, 0.01, 0.01), (0.97, 0.01, 0.01, 0.01), 3.0, 1.0, 0.002037),
        ((0.97, 0.01, 0.01, 0.01), (0.25, 0.25, 0.25, 0.25), 3.0, 1.0, 0.646775),
        ((0.97, 0.01, 0.01, 0.01), (0.01, 0.97, 0.01, 0.01), 3.0, 1.0, 0.908792),
        ((0.5, 0.3, 0.2), (0.2, 0.3, 0.5), 0.5, 2.0, 0.456095),
    ],
)
def test_one_state_has_the_reference_values(
    policy: tuple[float, ...], mental: tuple[float, ...], cost: float, scale: float, expected: float
) -> None:
    log_policy = np.log(policy)
    distance = -float(np.dot(mental, log_policy))
    said = probabilities_of_one(np.array([distance - cost]), scale, log_policy[None])
    assert said[0] == pytest.approx(expected, abs=1e-6)


def test_no_action_is_impossible_to_a_human() -> None:
    ensemble = CategoricalEnsemble(2, 3, 4, (8,))
    ensemble.initialise(torch.Generator().manual_seed(0))
    with torch.no_grad():
        ensemble.biases[-1][:, :, 0] = 500.0
        (log_policy,) = ensemble.distribution(torch.randn(5, 3))
    assert log_policy.exp().sum(-1).numpy() == pytest.approx(1.0)
    assert log_policy.min().item() == pytest.approx(math.log(HUMAN_SLIP / 4))


def test_learns_what_the_human_would_do_and_when_they_step_in(fitted: FittedModel) -> None:
    test = toy.recorded(8, demonstrations=0, seed=9)
    said = fitted.model.member_outputs(test.observation, test.policy_mean, test.policy_std)
    wanted = np.array([toy.human(*row) for row in test.observation.double().tolist()])
    assert np.mean(said.means.mean(0).argmax(-1).numpy() == wanted.argmax(-1)) > 0.9
    truth = [
        toy.intervention_probability(*pair) for pair in zip(wanted, test.policy_mean.double().numpy(), strict=True)
    ]
    predicted = fitted.model.predict(test).probability
    assert np.corrcoef(predicted.numpy(), truth)[0, 1] > 0.85
    assert predicted.mean().item() == pytest.approx(np.mean(truth), abs=0.06)
    assert fitted.calibration is not None
    assert fitted.model.config.score is not None
    assert fitted.model.config.score.beats_constant


@pytest.mark.parametrize("source", ["ensemble", "published", "temporal"])
def test_says_live_what_it_says_afterwards(fitted: FittedModel, steps: SupervisedSteps, source: str) -> None:
    parameters = TemporalParameters(cost=1.2, cdf_scale=0.9, retention=0.4, delay_steps=2, hand_back=0.3)
    model = fitted.model.with_config(temporal=parameters)
    live = LiveEstimator(model, running_policy_id="p-1", source=source)  # type: ignore[arg-type]
    offline = {
        "ensemble": model.predict(steps, honest=False).probability.numpy(),
        "temporal": temporal_probabilities(model, parameters, steps, honest=False),
    }
    live.reset()
    before = False
    for row in range(40):
        mean = steps.policy_mean[row].numpy()
        said = live.estimate(
            steps.observation[row].numpy(),
            PolicyOutput(mean, mean, steps.policy_std[row].numpy()),
            intervening=before,
        )
        before = bool(steps.intervention[row])
        assert 0 <= said.low <= said.probability <= said.high <= 1
        assert before or math.isfinite(said.forecast) or steps.intervention[row - 1]
        if source in offline:
            assert said.probability == pytest.approx(offline[source][row], abs=1e-6)


def test_comes_back_as_it_was_saved(fitted: FittedModel, steps: SupervisedSteps, tmp_path: Path) -> None:
    save_intervention_model(tmp_path / "m", fitted.model)
    loaded = load_intervention_model(tmp_path / "m")
    assert loaded.config == fitted.model.config
    assert loaded.config.actions == "categorical"
    before, after = (model.predict(steps).probability for model in (fitted.model, loaded))
    assert torch.equal(before.nan_to_num(-1), after.nan_to_num(-1))


def test_every_predictor_can_be_compared(fitted: FittedModel, steps: SupervisedSteps) -> None:
    compared = compare_predictors(fitted.model, steps, toy.recorded(6, demonstrations=0, seed=5))
    names = {each.name for each in compared}
    assert {"mile, single", "mile, ensemble", "forecast", "majority"} <= names


def test_can_learn_what_is_expected_of_the_robot(steps: SupervisedSteps) -> None:
    settings_ = FitSettings(
        actions="categorical", members=1, hidden=(32,), epochs=2, updates_per_epoch=5, mental_rule="learned"
    )
    model = fit_intervention_model(steps, settings_).model
    unknown = torch.full_like(steps.policy_mean, math.nan)
    said = model.member_outputs(steps.observation, unknown, unknown)
    assert bool(torch.isfinite(said.distances).all())
