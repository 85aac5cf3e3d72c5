"""The bounds the networks promise."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.policies.expert_policy import ExpertPolicy
from mile_desktop.policies.limits import SCALE_FLOOR
from mile_desktop.policies.networks import CategoricalMlp, GaussianMlp


@given(raw=st.floats(-1e6, 1e6), floor=st.floats(0.01, 0.4))
def test_std_stays_between_its_bounds_whatever_the_head_says(raw: float, floor: float) -> None:
    network = GaussianMlp(3, 2, (4,), std_floor=floor, std_ceiling=0.5)
    with torch.no_grad():
        network.spread_head.weight.zero_()
        network.spread_head.bias.fill_(raw)
        _, std = network(torch.zeros(3))
    assert (std >= floor - 1e-6).all()
    assert (std <= 0.5 + 1e-6).all()


def test_an_entry_that_was_constant_does_not_explode() -> None:
    network = GaussianMlp(2, 1, (8,))
    observations = torch.stack([torch.randn(100), torch.full((100,), 0.3)], 1)
    network.fit_normalisation(observations)
    assert network.observation_scale[1] == pytest.approx(SCALE_FLOOR)
    usual, _ = network(torch.tensor([0.0, 0.3]))
    shifted, _ = network(torch.tensor([0.0, 1e6]))
    assert (usual - shifted).abs().max() < 20


def test_one_observation_can_be_normalised() -> None:
    network = CategoricalMlp(2, 3, (8,))
    network.fit_normalisation(torch.tensor([[1.0, 2.0]]))
    assert torch.isfinite(network(torch.tensor([1.0, 2.0]))).all()


@pytest.mark.parametrize("sizes", [(0, 2, (4,)), (3, 0, (4,)), (3, 2, ()), (3, 2, (4, 0))])
def test_impossible_sizes_are_refused(sizes: tuple[int, int, tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="positive sizes"):
        GaussianMlp(*sizes)


def test_an_expert_proposes_inside_the_box() -> None:
    policy = ExpertPolicy(lambda observation: observation * 10, std=0.3)
    output = policy.act(np.array([0.5, -0.01], dtype=np.float32))
    np.testing.assert_allclose(output.action, [1, -0.1], rtol=1e-6)
    np.testing.assert_allclose(output.std, [0.3, 0.3])
    with pytest.raises(ValueError, match="positive"):
        ExpertPolicy(lambda observation: observation, std=0)
