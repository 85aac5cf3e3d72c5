import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mile_desktop.intervention import (
    categorical_intervention_log_probability,
    categorical_intervention_probability,
    gaussian_intervention_log_probability,
    gaussian_intervention_probability,
)
from mile_desktop.intervention.probability import gaussian_distance, intervention_log_probability_at
from mile_desktop.intervention.quadrature import log_tails
from tests.intervention.reference import categorical_reference, gaussian_reference

TABLE = [
    # d, c, σ, K, p
    (4, 2, 2, 0.5, 0.068395),
    (4, 2, 2, 2, 0.206421),
    (4, 2, 2, 5, 0.674158),
    (4, 2, 2, 20, 0.999998),
    (4, 0, 1, 0.5, 0.185128),
    (4, 0, 1, 2, 0.547800),
    (4, 0, 1, 5, 0.944455),
    (4, 75, 175, 2, 0.334123),
    (4, 75, 175, 100, 0.552280),
    (4, 75, 175, 400, 0.967529),
    (1, 1, 0.1, 0.6, 0.000005),
    (1, 1, 0.1, 1.2, 0.449829),
    (1, 1, 0.1, 2, 0.841127),
    (1, 1, 0.1, 5, 0.995293),
    (7, 3, 0.3, 2, 0),
    (7, 3, 0.3, 5, 0.222849),
    (7, 3, 0.3, 8, 0.808884),
    (7, 3, 0.3, 12, 0.987734),
    (14, 10, 1, 5, 0),
    (14, 10, 1, 15, 0.251609),
    (14, 10, 1, 25, 0.990816),
]

dimensions_ = st.integers(1, 32)
scales = st.floats(math.log(0.02), math.log(500)).map(math.exp)
costs = st.floats(-50, 500)
distances = st.one_of(st.floats(0, 60), st.floats(0, 1e4))


def state(distance: float, dimensions: int, dtype: torch.dtype, rows: int = 2) -> tuple[torch.Tensor, ...]:
    """Two equal states at K = ``distance``, whose entries differ; two, so that the batched path is taken."""
    weights = torch.arange(1, dimensions + 1, dtype=torch.float64)
    std = 0.05 + 0.01 * weights
    mental_std = std * (2 * distance / dimensions) ** 0.5 * 0.5**0.5
    shift = std * (distance * weights / weights.sum()) ** 0.5
    mean = 0.01 * weights
    return tuple(each.expand(rows, -1).to(dtype) for each in (mean, std, mean + shift, mental_std))


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize(("dimensions", "cost", "scale", "distance", "expected"), TABLE)
def test_agrees_with_the_reference_table(  # noqa: PLR0917 - a row of the table
    dimensions: int, cost: float, scale: float, distance: float, expected: float, rows: int
) -> None:
    inputs = state(distance, dimensions, torch.float32, rows)
    p = gaussian_intervention_probability(*inputs, cost=cost, cdf_scale=scale)
    assert p.shape == (rows,)
    assert p.dtype == torch.float32
    assert p.tolist() == pytest.approx([expected] * rows, abs=3e-6)


@given(distances, dimensions_, costs, scales)
@settings(max_examples=150, deadline=None)
def test_agrees_with_adaptive_integration(distance: float, dimensions: int, cost: float, scale: float) -> None:
    for dtype, tolerance, rows in ((torch.float64, 1e-7, 2), (torch.float32, 3e-6, 2), (torch.float32, 3e-6, 1)):
        inputs = state(distance, dimensions, dtype, rows)
        exact = gaussian_reference(gaussian_distance(*inputs)[0].item() - cost, scale, dimensions)
        p = gaussian_intervention_probability(*inputs, cost=cost, cdf_scale=scale)
        assert p.tolist() == pytest.approx([exact] * rows, abs=tolerance)


@given(st.floats(-20, 60), dimensions_, scales)
@settings(max_examples=150, deadline=None)
def test_agrees_with_adaptive_integration_where_it_varies(excess: float, dimensions: int, scale: float) -> None:
    u = torch.tensor([excess], dtype=torch.float64)
    log_p, log_not_p = intervention_log_probability_at(u, dimensions, cost=0.0, cdf_scale=scale)
    exact = gaussian_reference(excess, scale, dimensions)
    assert log_p.exp().item() == pytest.approx(exact, abs=2e-9)
    assert log_not_p.exp().item() == pytest.approx(1 - exact, abs=2e-9)


@given(distances, dimensions_, costs, scales)
@settings(max_examples=200, deadline=None)
def test_is_a_probability_with_finite_logarithms(distance: float, dimensions: int, cost: float, scale: float) -> None:
    for dtype, rows in ((torch.float64, 2), (torch.float32, 2), (torch.float32, 1)):
        inputs = state(distance, dimensions, dtype, rows)
        p = gaussian_intervention_probability(*inputs, cost=cost, cdf_scale=scale)
        assert bool(((p >= 0) & (p <= 1)).all())
        both = gaussian_intervention_log_probability(*inputs, cost=cost, cdf_scale=scale)
        for log_p in both:
            assert bool((torch.isfinite(log_p) & (log_p <= 0)).all())
        assert torch.logsumexp(torch.stack(both), 0).abs().max() < 1e-6


@pytest.mark.parametrize("scale", [0.02, 1.0, 500.0])
@pytest.mark.parametrize("dimensions", [1, 4, 32])
@pytest.mark.parametrize("u", [-1e300, -1e9, 1e9, 1e300])
def test_stays_finite_beyond_all_ranges(u: float, dimensions: int, scale: float) -> None:
    distance = torch.tensor([u], dtype=torch.float64, requires_grad=True)
    both = intervention_log_probability_at(distance, dimensions, cost=0.0, cdf_scale=scale)
    (gradient,) = torch.autograd.grad(both[0].sum() + both[1].sum(), distance)
    assert all(math.isfinite(each) for each in (*both[0].tolist(), *both[1].tolist(), *gradient.tolist()))


# by 40-digit integration: d, σ, u, ln of the smaller tail
FAR = [
    (20, 0.7193891776007919, 5411.361722101081, -5346.537680509226),
    (1, 0.03998733739884407, 957.508290979906, -961.5125442932369),
    (14, 0.05, -50.0, -500077.15149266766),
    (32, 0.02424314199803633, 0.011684003118079406, -74.55465937376114),
    (20, 2.1273140096975216, 1228.0187431486322, -1174.5651639439966),
    (32, 175.41727510045143, -204.5895497303119, -2.260072131742996),
]


@pytest.mark.parametrize(("dimensions", "scale", "u", "expected"), FAR)
def test_logarithms_are_accurate_far_out(dimensions: int, scale: float, u: float, expected: float) -> None:
    tails = log_tails(torch.tensor([u], dtype=torch.float64), torch.tensor([scale], dtype=torch.float64), dimensions)
    assert min(tails.log_lower.item(), tails.log_upper.item()) == pytest.approx(expected, rel=1e-8)


def test_tails_continue_each_other_where_the_integrated_one_changes() -> None:
    for dimensions in (1, 4, 32):
        u = torch.tensor([dimensions / 2, dimensions / 2 + 1e-9], dtype=torch.float64)
        for scale in (0.02, 1.0, 30.0):
            log_p, log_not_p = intervention_log_probability_at(u, dimensions, cost=0.0, cdf_scale=scale)
            assert log_p.diff().abs().item() < 1e-7
            assert log_not_p.diff().abs().item() < 1e-7


@given(st.floats(0.05, 80), st.integers(1, 12), st.floats(-5, 40), st.floats(0.2, 50))
@settings(max_examples=20, deadline=None)
def test_gradients_agree_with_finite_differences(distance: float, dimensions: int, cost: float, scale: float) -> None:
    inputs = [each.clone().requires_grad_() for each in state(distance, dimensions, torch.float64)]
    inputs += [torch.full((2,), value, dtype=torch.float64, requires_grad=True) for value in (cost, scale)]

    def both(*values: torch.Tensor) -> torch.Tensor:
        gaussian, (c, sigma) = values[:4], values[4:]
        p = gaussian_intervention_probability(*gaussian, cost=c, cdf_scale=sigma)
        return torch.cat((p, *gaussian_intervention_log_probability(*gaussian, cost=c, cdf_scale=sigma)))

    assert torch.autograd.gradcheck(both, inputs, eps=1e-6, atol=1e-4, rtol=1e-4)


@given(st.floats(-30, 300), dimensions_, scales)
@settings(max_examples=60, deadline=None)
def test_slopes_of_the_logarithms_agree_with_differences_everywhere(u: float, dimensions: int, scale: float) -> None:
    place = torch.tensor([u], dtype=torch.float64, requires_grad=True)
    sigma = torch.tensor([scale], dtype=torch.float64, requires_grad=True)
    for tail in (0, 1):
        log_tail = intervention_log_probability_at(place, dimensions, cost=0.0, cdf_scale=sigma)[tail]
        slopes = torch.autograd.grad(log_tail.sum(), (place, sigma))
        for which, slope in enumerate(slopes):
            # wide enough for the tenth digit of ln p, narrow against the scale on which it bends
            step = 1e-4 * scale
            shifts = [(step, 0.0), (0.0, step)][which]
            ends = [
                intervention_log_probability_at(
                    place.detach() + sign * shifts[0], dimensions, cost=0.0, cdf_scale=scale + sign * shifts[1]
                )[tail].item()
                for sign in (1, -1)
            ]
            rounding = 1e-9 * (1 + max(map(abs, ends))) / step
            assert slope.item() == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-4, abs=rounding + 1e-7)


def test_cost_and_scale_as_numbers_and_tensors_agree_and_carry_gradients() -> None:
    inputs = state(6.0, 4, torch.float32, 3)
    cost = torch.tensor(2.0, requires_grad=True)
    scale = torch.tensor([2.0, 2.0, 2.0], requires_grad=True)
    p = gaussian_intervention_probability(*inputs, cost=cost, cdf_scale=scale)
    assert torch.equal(p, gaussian_intervention_probability(*inputs, cost=2.0, cdf_scale=2.0))
    p.sum().backward()
    assert cost.grad is not None
    assert cost.grad.item() < 0
    assert scale.grad is not None
    assert scale.grad.shape == (3,)


def test_agrees_with_monte_carlo() -> None:
    generator = torch.Generator().manual_seed(3)
    count = 400_000
    mean, std = torch.tensor([0.1, -0.4, 0.0]), torch.tensor([0.2, 0.3, 0.1])
    mental_mean, mental_std = torch.tensor([0.3, -0.1, 0.05]), torch.tensor([0.2, 0.2, 0.15])

    def log_prob(actions: torch.Tensor) -> torch.Tensor:
        return -0.5 * ((actions - mean) / std).square().sum(-1)

    human = mean + std * torch.randn(count, 3, generator=generator)
    expected = mental_mean + mental_std * torch.randn(count, 3, generator=generator)
    gain = log_prob(human) - log_prob(expected).mean() - 1.5
    sampled = torch.special.ndtr(gain / 0.8).mean().item()
    exact = gaussian_intervention_probability(
        mean[None], std[None], mental_mean[None], mental_std[None], cost=1.5, cdf_scale=0.8
    ).item()
    assert exact == pytest.approx(sampled, abs=4e-3)


@given(st.integers(1, 8), st.floats(0.3, 5), st.floats(-2, 10), st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_agrees_with_monte_carlo_whatever_the_policies(dimensions: int, scale: float, cost: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    mean, mental_mean = (0.3 * torch.randn(dimensions, generator=generator, dtype=torch.float64) for _ in range(2))
    std, mental_std = (0.2 + 0.4 * torch.rand(dimensions, generator=generator, dtype=torch.float64) for _ in range(2))
    noise = torch.randn(2, 40_000, dimensions, generator=generator, dtype=torch.float64)

    def log_prob(actions: torch.Tensor) -> torch.Tensor:
        return -0.5 * ((actions - mean) / std).square().sum(-1)

    expected = log_prob(mental_mean + mental_std * noise[1])
    gain = log_prob(mean + std * noise[0]) - expected.mean() - cost
    sampled = torch.special.ndtr(gain / scale).mean().item()
    exact = gaussian_intervention_probability(
        mean[None], std[None], mental_mean[None], mental_std[None], cost=cost, cdf_scale=scale
    ).item()
    # the mean over what is believed of the robot is itself drawn, and moves the threshold
    error = 5 * expected.std().item() / 200
    assert exact == pytest.approx(sampled, abs=0.02 + 0.4 * error / scale)


def test_falls_with_cost_and_rises_with_distance() -> None:
    distance = torch.linspace(0, 50, 501, dtype=torch.float64)
    for scale in (0.02, 2.0, 100.0):
        p = intervention_log_probability_at(distance, 4, cost=3.0, cdf_scale=scale)[0]
        assert bool((p.diff() >= -1e-9).all())
        dearer = intervention_log_probability_at(distance, 4, cost=4.0, cdf_scale=scale)[0]
        assert bool((dearer <= p + 1e-9).all())


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, torch.tensor([1.0, 0.0])])
@pytest.mark.parametrize("rows", [1, 2])
def test_refuses_a_scale_that_is_not_positive(scale: float | torch.Tensor, rows: int) -> None:
    with pytest.raises(ValueError, match="cdf_scale must be positive"):
        gaussian_intervention_probability(*state(1.0, 2, torch.float32, rows), cost=0.0, cdf_scale=scale)
    with pytest.raises(ValueError, match="cdf_scale must be positive"):
        categorical_intervention_probability(torch.zeros(rows, 3), torch.zeros(rows, 3), cost=0.0, cdf_scale=scale)


def test_refuses_policies_over_different_actions() -> None:
    mean, std, mental_mean, mental_std = state(1.0, 2, torch.float32)
    with pytest.raises(ValueError, match="same action entries"):
        gaussian_intervention_probability(mean, std, mental_mean[:, :1], mental_std, cost=0.0, cdf_scale=1.0)
    with pytest.raises(ValueError, match="3 and 2 actions"):
        categorical_intervention_probability(torch.zeros(1, 3), torch.zeros(1, 2), cost=0.0, cdf_scale=1.0)


CATEGORICAL = [
    ((0.97, 0.01, 0.01, 0.01), (0.97, 0.01, 0.01, 0.01), 3.0, 1.0, 0.002037),
    ((0.97, 0.01, 0.01, 0.01), (0.25, 0.25, 0.25, 0.25), 3.0, 1.0, 0.646775),
    ((0.97, 0.01, 0.01, 0.01), (0.01, 0.97, 0.01, 0.01), 3.0, 1.0, 0.908792),
    ((0.5, 0.3, 0.2), (0.2, 0.3, 0.5), 0.5, 1.0, 0.417698),
    ((0.5, 0.3, 0.2), (0.2, 0.3, 0.5), 0.5, 2.0, 0.456095),
]


@pytest.mark.parametrize(("policy", "mental", "cost", "scale", "expected"), CATEGORICAL)
def test_discrete_actions_agree_with_the_reference(
    policy: tuple[float, ...], mental: tuple[float, ...], cost: float, scale: float, expected: float
) -> None:
    logits, mental_logits = torch.tensor([policy]).log() + 7, torch.tensor([mental]).log() - 3
    p = categorical_intervention_probability(logits, mental_logits, cost=cost, cdf_scale=scale)
    assert p.item() == pytest.approx(expected, abs=2e-6)
    assert p.item() == pytest.approx(categorical_reference(policy, mental, cost, scale), abs=2e-6)


@given(
    st.lists(st.floats(-5e3, 5e3), min_size=2, max_size=6),
    st.lists(st.floats(-50, 50), min_size=6, max_size=6),
    costs,
    scales,
)
@settings(max_examples=150, deadline=None)
def test_discrete_probabilities_are_probabilities(
    logits: list[float], mental: list[float], cost: float, scale: float
) -> None:
    values = torch.tensor([logits], requires_grad=True)
    both = categorical_intervention_log_probability(
        values, torch.tensor([mental[: len(logits)]]), cost=cost, cdf_scale=scale
    )
    for log_p in both:
        assert math.isfinite(log_p.item())
        assert log_p.item() <= 0
    assert torch.logsumexp(torch.stack(both), 0).abs().item() < 1e-5
    (gradient,) = torch.autograd.grad(both[0].sum(), values)
    assert bool(torch.isfinite(gradient).all())


@given(
    st.lists(st.tuples(st.floats(-15, 15), st.floats(-15, 15)), min_size=2, max_size=32),
    costs,
    scales,
)
@settings(max_examples=100, deadline=None)
def test_discrete_actions_agree_with_the_definition(
    pairs: list[tuple[float, float]], cost: float, scale: float
) -> None:
    logits, mental_logits = (torch.tensor([column], dtype=torch.float64) for column in zip(*pairs, strict=True))
    policy, mental = (each.softmax(-1)[0].tolist() for each in (logits, mental_logits))
    exact = categorical_reference(policy, mental, cost, scale)
    for dtype, tolerance in ((torch.float64, 1e-9), (torch.float32, 1e-4)):
        p = categorical_intervention_probability(
            logits.to(dtype), mental_logits.to(dtype), cost=cost, cdf_scale=torch.tensor(scale, dtype=torch.float64)
        )
        # in single precision the logits themselves are rounded, which a small σ magnifies
        rounding = 0.0 if dtype is torch.float64 else 2e-6 / scale
        assert p.item() == pytest.approx(exact, abs=tolerance + rounding)


@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=2, max_size=5),
    st.floats(-2, 4),
    st.floats(0.5, 4),
    st.integers(0, 2**31),
)
@settings(max_examples=15, deadline=None)
def test_discrete_actions_agree_with_monte_carlo(
    pairs: list[tuple[float, float]], cost: float, scale: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits, mental_logits = (torch.tensor([column], dtype=torch.float64) for column in zip(*pairs, strict=True))
    log_policy = logits.log_softmax(-1)[0]
    own, theirs = (
        torch.multinomial(each.softmax(-1)[0], 40_000, replacement=True, generator=generator)
        for each in (logits, mental_logits)
    )
    sampled = torch.special.ndtr((log_policy[own] - log_policy[theirs].mean() - cost) / scale).mean()
    p = categorical_intervention_probability(logits, mental_logits, cost=cost, cdf_scale=scale)
    assert p.item() == pytest.approx(sampled.item(), abs=0.03)


def test_discrete_cost_and_scale_as_numbers_and_tensors_agree_and_carry_gradients() -> None:
    logits, mental_logits = torch.randn(3, 4), torch.randn(3, 4)
    cost, scale = torch.full((3,), 0.5, requires_grad=True), torch.tensor(1.5, requires_grad=True)
    p = categorical_intervention_probability(logits, mental_logits, cost=cost, cdf_scale=scale)
    torch.testing.assert_close(p, categorical_intervention_probability(logits, mental_logits, cost=0.5, cdf_scale=1.5))
    p.sum().backward()
    assert cost.grad is not None
    assert bool((cost.grad < 0).all())
    assert scale.grad is not None


def test_discrete_gradients_agree_with_finite_differences() -> None:
    generator = torch.Generator().manual_seed(1)
    inputs = [torch.randn(3, 5, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(2)]
    inputs += [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (0.4, 0.7)]

    def both(logits: torch.Tensor, mental: torch.Tensor, cost: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        return torch.cat(categorical_intervention_log_probability(logits, mental, cost=cost, cdf_scale=scale))

    assert torch.autograd.gradcheck(both, inputs)


def test_actions_that_can_not_happen_are_allowed() -> None:
    logits = torch.tensor([[0.0, -math.inf, 1.0]])
    p = categorical_intervention_probability(logits, torch.tensor([[0.0, -math.inf, 0.0]]), cost=0.0, cdf_scale=1.0)
    without = categorical_intervention_probability(
        torch.tensor([[0.0, 1.0]]), torch.tensor([[0.0, 0.0]]), cost=0.0, cdf_scale=1.0
    )
    assert p.item() == pytest.approx(without.item())
    surprised = categorical_intervention_probability(logits, torch.zeros(1, 3), cost=0.0, cdf_scale=1.0)
    assert surprised.item() == pytest.approx(1.0)
