from collections.abc import Iterator

import pytest
import torch

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.fit import FitSettings, FittedModel, fit_intervention_model
from tests.intervention.toy import recorded

QUICK = FitSettings(members=4, hidden=(48, 48), epochs=10, updates_per_epoch=25, batch=96, learning_rate=3e-3)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def steps() -> SupervisedSteps:
    return recorded(16, demonstrations=6, seed=1)


@pytest.fixture(scope="session")
def fitted(steps: SupervisedSteps) -> FittedModel:
    return fit_intervention_model(steps, QUICK, model_id="im-1", scene="toy", policy_id="p-1", created_at="now")
