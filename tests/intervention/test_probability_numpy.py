"""What is said of one state is what is said of a recording."""

import math

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.fit import FittedModel
from mile_desktop.intervention.forecast import disagreement
from mile_desktop.intervention.model import InterventionModel, build_mental
from mile_desktop.intervention.model_numpy import OneStateForecast, OneStateModel, disagreement_of_one
from mile_desktop.intervention.probability_numpy import probabilities_of_one, probability_of_one


@given(
    u=st.lists(st.floats(-600, 1e4), min_size=1, max_size=6),
    log_scale=st.floats(math.log(0.02), math.log(500)),
    dimensions=st.integers(1, 32),
)
def test_several_distances_at_once_are_each_alone(u: list[float], log_scale: float, dimensions: int) -> None:
    scale = math.exp(log_scale)
    together = probabilities_of_one(np.array(u), scale, dimensions)
    np.testing.assert_allclose(together, [probability_of_one(each, scale, dimensions) for each in u], atol=1e-7)


def learned(model: InterventionModel) -> InterventionModel:
    config = msgspec.structs.replace(model.config, mental_rule="learned")
    mental = build_mental(config)
    assert mental is not None
    mental.initialise(torch.Generator().manual_seed(1))
    return InterventionModel(config, model.ensemble, mental, model.forecast)


@pytest.mark.parametrize("rule", ["running", "learned"])
def test_member_outputs_are_those_on_a_recording(fitted: FittedModel, steps: SupervisedSteps, rule: str) -> None:
    model = learned(fitted.model) if rule == "learned" else fitted.model
    part = slice(0, 40)
    distances, _, means, _ = model.member_outputs(
        steps.observation[part], steps.policy_mean[part], steps.policy_std[part]
    )
    spread = disagreement(means, torch.ones(means.shape[:2], dtype=torch.bool))
    one = OneStateModel(model)
    for row in range(40):
        said = one.outputs(
            steps.observation[row].numpy(), steps.policy_mean[row].numpy(), steps.policy_std[row].numpy()
        )
        np.testing.assert_allclose(said.distances, distances[:, row].numpy(), rtol=1e-4)
        np.testing.assert_allclose(said.means, means[:, row].numpy(), atol=1e-5)
        assert disagreement_of_one(said.means) == pytest.approx(spread[row].item(), abs=1e-5)


def test_the_forecasts_networks_say_the_same(fitted: FittedModel, steps: SupervisedSteps) -> None:
    parts = fitted.model.forecast
    assert parts is not None
    one = OneStateForecast(parts)
    observation, proposal = steps.observation[:40], steps.policy_mean[:40]
    onset, time_to_go = parts.network_outputs(observation, proposal)
    nearness = parts.nearness(observation)
    for row in range(40):
        assert one.onset(observation[row].numpy(), proposal[row].numpy()) == pytest.approx(onset[row].item(), abs=1e-4)
        said = one.progress(observation[row].numpy())
        assert said == pytest.approx((time_to_go[row].item(), nearness[row].item()), abs=2e-2)
