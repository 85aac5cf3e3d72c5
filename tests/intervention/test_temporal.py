import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.ensemble import GaussianEnsemble
from mile_desktop.intervention.fit import FittedModel
from mile_desktop.intervention.model import InterventionModel, TemporalParameters
from mile_desktop.intervention.probability_numpy import probability_of_one
from mile_desktop.intervention.temporal import TemporalFilter, fit_temporal, temporal_probabilities
from tests.intervention.toy import ACTIONS, HUMAN_STD, OBSERVATIONS, Supervisor, expert, recorded


def test_without_memory_delay_and_hold_it_is_the_published_model(fitted: FittedModel, steps: SupervisedSteps) -> None:
    config = fitted.model.config
    plain = TemporalParameters(cost=config.cost, cdf_scale=config.cdf_scale)
    supervised = (~steps.demonstration).numpy()
    published = fitted.model.predict(steps).probability.numpy()
    temporal = temporal_probabilities(fitted.model, plain, steps)
    assert temporal[supervised] == pytest.approx(published[supervised], abs=2e-3)
    assert np.isnan(temporal[~supervised]).all()


@given(st.lists(st.tuples(st.floats(0, 50), st.booleans()), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_the_filter_without_memory_delay_and_hold_is_the_published_model(course: list[tuple[float, bool]]) -> None:
    live = TemporalFilter(TemporalParameters(cost=4.0, cdf_scale=1.5), 1)
    for distance, intervening in course:
        live.observe(intervening=intervening)
        said = live.predict(np.array([distance]), 3)
        assert said == pytest.approx(probability_of_one(distance - 4.0, 1.5, 3), abs=1e-7)


def test_decides_on_evidence_that_is_gathered_and_late() -> None:
    live = TemporalFilter(TemporalParameters(cost=1.0, cdf_scale=0.5, retention=0.5, delay_steps=2), 1)
    evidence = [3.0, 3.5, 3.75, 3.875]
    for step, distance in enumerate([4.0, 3.0, 3.0, 3.0]):
        live.observe(intervening=False)
        p = live.predict(np.array([distance]), 2)[0]
        assert live.evidence == pytest.approx(evidence[step])
        assert p == pytest.approx(probability_of_one(evidence[max(0, step - 2)], 0.5, 2), abs=1e-12)


def test_a_takeover_is_held_until_it_is_thought_over() -> None:
    parameters = TemporalParameters(cost=50.0, cdf_scale=0.5, hand_back=0.1)
    live = TemporalFilter(parameters, 1)
    live.observe(intervening=False)
    assert live.predict(np.array([1.0]), 2)[0] < 1e-6
    live.observe(intervening=True)
    assert live.predict(np.array([1.0]), 2)[0] == pytest.approx(0.9, abs=1e-6)
    # not seen: the belief of the last prediction is carried on
    assert live.predict(np.array([1.0]), 2)[0] == pytest.approx(0.81, abs=1e-6)
    assert live.intervening == pytest.approx(0.81, abs=1e-6)
    live.reset()
    assert live.predict(np.array([1.0]), 2)[0] < 1e-6


class _Truth(GaussianEnsemble):
    """The toy's human themselves in place of a learned ensemble."""

    def __init__(self) -> None:
        super().__init__(1, OBSERVATIONS, ACTIONS)

    def gaussians(self, observation: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        wanted = torch.stack([torch.from_numpy(expert(row[:2], row[2:])) for row in observation.double().numpy()])
        return wanted[None], torch.full_like(wanted, HUMAN_STD)[None]


@pytest.fixture
def truth(fitted: FittedModel) -> Callable[[], InterventionModel]:
    config = fitted.model.with_config(members=1, left_out=(), episode_ids=()).config
    return lambda: InterventionModel(config, _Truth())


def log_likelihood(p: np.ndarray, steps: SupervisedSteps) -> float:
    nu = steps.intervention.numpy()
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return float(np.where(nu, np.log(p), np.log1p(-p)).mean())


def test_recovers_delay_memory_and_hold(truth: Callable[[], InterventionModel]) -> None:
    supervisor = Supervisor(cost=5.0, cdf_scale=1.0, retention=0.6, delay_steps=4, hand_back=0.1)
    steps = recorded(24, demonstrations=0, supervisor=supervisor, seed=4)
    model = truth()
    found = fit_temporal(model, steps)
    assert found.log_likelihood > found.published_log_likelihood + 100
    assert found.parameters.delay_steps in {3, 4, 5}
    assert found.parameters.retention == pytest.approx(0.6, abs=0.15)
    assert found.parameters.hand_back == pytest.approx(0.1, abs=0.05)
    fresh = recorded(12, demonstrations=0, supervisor=supervisor, seed=5)
    temporal = temporal_probabilities(model, found.parameters, fresh)
    published = model.with_config(cost=3.0, cdf_scale=3.0).predict(fresh).probability.numpy()
    assert log_likelihood(temporal, fresh) > log_likelihood(published, fresh) + 0.1


def test_loses_nothing_on_people_who_decide_at_once(truth: Callable[[], InterventionModel]) -> None:
    steps = recorded(20, demonstrations=0, supervisor=Supervisor(), seed=6)
    model = truth()
    found = fit_temporal(model, steps)
    fresh = recorded(20, demonstrations=0, supervisor=Supervisor(), seed=7)
    temporal = temporal_probabilities(model, found.parameters, fresh)
    published = model.with_config(cost=4.0, cdf_scale=1.0).predict(fresh).probability.numpy()
    assert log_likelihood(temporal, fresh) > log_likelihood(published, fresh) - 0.01


def test_is_causal(fitted: FittedModel, steps: SupervisedSteps) -> None:
    parameters = TemporalParameters(cost=3.0, cdf_scale=1.5, retention=0.7, delay_steps=2, hand_back=0.2)
    before = temporal_probabilities(fitted.model, parameters, steps)
    later = steps.step >= 30
    mean = torch.where(later[:, None], -steps.policy_mean, steps.policy_mean)
    changed = temporal_probabilities(fitted.model, parameters, dataclasses.replace(steps, policy_mean=mean))
    early = (~later & ~steps.demonstration).numpy()
    assert changed[early] == pytest.approx(before[early], abs=1e-12)
    assert not np.allclose(
        changed[~early & ~steps.demonstration.numpy()], before[~early & ~steps.demonstration.numpy()]
    )


def test_a_cost_that_is_far_off_is_still_a_likelihood(truth: Callable[[], InterventionModel]) -> None:
    # people who think again at every step, seen by a model that starts from the wrong delay
    steps = recorded(12, demonstrations=0, supervisor=Supervisor(cost=5.0, cdf_scale=0.2, delay_steps=4), seed=8)
    found = fit_temporal(truth(), steps)
    assert np.isfinite(found.published_log_likelihood)
    assert found.log_likelihood > found.published_log_likelihood
    assert found.parameters.delay_steps in {3, 4, 5}
