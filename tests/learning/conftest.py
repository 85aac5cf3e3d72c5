"""One toy policy and one round of data for all tests of the trainer; none of them changes either."""

from collections.abc import Iterator

import pytest
import torch

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.policies.networks import GaussianMlp
from tests.learning.toy import initial_policy, round_of_data


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def biased(one_thread: None) -> GaussianMlp:
    return initial_policy()


@pytest.fixture(scope="session")
def data(biased: GaussianMlp) -> SupervisedSteps:
    return round_of_data(biased)
