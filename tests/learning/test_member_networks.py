"""Networks that are trained side by side and act as one."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mile_desktop.learning.member_networks import MemberNetworks, acting, is_discrete, one_of
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.networks import CategoricalMlp, GaussianMlp

OBSERVATIONS = torch.randn(7, 5, generator=torch.Generator().manual_seed(1))


def members(count: int, hidden: tuple[int, ...], *, discrete: bool) -> MemberNetworks:
    networks: list[PolicyNetwork] = []
    for seed in range(count):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            networks.append(CategoricalMlp(5, 3, hidden) if discrete else GaussianMlp(5, 3, hidden))
        networks[-1].fit_normalisation(OBSERVATIONS)
    return MemberNetworks(networks)


def as_tuple(found: torch.Tensor | tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return found if isinstance(found, tuple) else (found,)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 5), st.lists(st.integers(1, 9), min_size=1, max_size=3), st.booleans())
def test_all_are_evaluated_at_once_as_each_alone(count: int, hidden: list[int], discrete: bool) -> None:
    several = members(count, tuple(hidden), discrete=discrete)
    together = as_tuple(several(OBSERVATIONS))
    for number, network in enumerate(several.members):
        for found, alone in zip(together, as_tuple(network(OBSERVATIONS)), strict=True):
            torch.testing.assert_close(found[number], alone, atol=1e-5, rtol=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 5), st.lists(st.integers(1, 9), min_size=1, max_size=3), st.booleans())
def test_the_merged_network_says_the_mean(count: int, hidden: list[int], discrete: bool) -> None:
    several = members(count, tuple(hidden), discrete=discrete)
    merged = acting(several)
    assert merged.hidden == tuple(width * count for width in hidden)
    mean = as_tuple(several(OBSERVATIONS))[0].mean(0)
    torch.testing.assert_close(as_tuple(merged(OBSERVATIONS))[0], mean, atol=1e-5, rtol=1e-5)
    if not discrete:
        # σ is averaged before its bounds, so it lies between the members' own.
        each, one = several(OBSERVATIONS)[1], merged(OBSERVATIONS)[1]
        assert bool(((each.amin(0) - 1e-5 <= one) & (one <= each.amax(0) + 1e-5)).all())


def test_the_gradient_of_one_does_not_depend_on_the_others() -> None:
    several, alone = members(3, (4,), discrete=True), members(1, (4,), discrete=True).first
    several(OBSERVATIONS).square().mean().backward()
    alone(OBSERVATIONS).square().mean().backward()
    for found, expected in zip(several.members[0].parameters(), alone.parameters(), strict=True):
        assert found.grad is not None
        assert expected.grad is not None
        torch.testing.assert_close(found.grad * 3, expected.grad, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("discrete", [False, True])
def test_one_network_is_itself(discrete: bool) -> None:
    network = members(1, (4,), discrete=discrete).first
    assert acting(network) is network
    assert one_of(network) is network
    assert is_discrete(network) is discrete
    assert is_discrete(members(2, (4,), discrete=discrete)) is discrete
