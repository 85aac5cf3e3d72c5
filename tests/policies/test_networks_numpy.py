"""One observation at a time must say what the networks say."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.policies.networks import CategoricalMlp, GaussianMlp
from mile_desktop.policies.networks_numpy import OneStateCategorical, OneStateGaussian


@pytest.fixture(scope="module")
def gaussian() -> GaussianMlp:
    torch.manual_seed(3)
    network = GaussianMlp(5, 3, (32, 16))
    network.fit_normalisation(torch.randn(200, 5) * 3 + 1)
    return network.eval()


@given(values=st.lists(st.floats(-1e4, 1e4, width=32), min_size=5, max_size=5))
def test_a_gaussian_is_that_of_the_network(gaussian: GaussianMlp, values: list[float]) -> None:
    observation = np.array(values, np.float32)
    with torch.inference_mode():
        expected = gaussian(torch.from_numpy(observation))
    for said, wanted in zip(OneStateGaussian(gaussian)(observation), expected, strict=True):
        assert said.dtype == np.float32
        np.testing.assert_allclose(said, wanted.numpy(), atol=2e-5)


def test_probabilities_are_those_of_the_network() -> None:
    network = CategoricalMlp(4, 6, (16,)).eval()
    observation = np.array([0.3, -2.0, 7.0, 0.0], np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(observation)).softmax(-1)
    np.testing.assert_allclose(OneStateCategorical(network)(observation), expected.numpy(), atol=1e-6)


def test_extreme_heads_neither_overflow_nor_leave_the_bounds() -> None:
    network = GaussianMlp(2, 2, (4,), std_floor=0.2, std_ceiling=0.5)
    with torch.no_grad():
        network.spread_head.bias.copy_(torch.tensor([-1e6, 1e6]))
    _, std = OneStateGaussian(network)(np.zeros(2, np.float32))
    np.testing.assert_allclose(std, [0.2, 0.5], rtol=1e-6)


def test_what_is_trained_shows_at_once() -> None:
    network = GaussianMlp(2, 1, (4,))
    one = OneStateGaussian(network)
    with torch.no_grad():
        network.mean_head.weight.zero_()
        network.mean_head.bias.fill_(0.25)
    np.testing.assert_array_equal(one(np.ones(2, np.float32))[0], [0.25])


def test_what_is_not_a_number_stays_so(gaussian: GaussianMlp) -> None:
    mean, _ = OneStateGaussian(gaussian)(np.full(5, np.nan, np.float32))
    assert np.isnan(mean).all()
