"""p(ν=1∣s) in closed form, for Gaussian and categorical policies (Korkmaz and Bıyık, arXiv 2502.13519).

The human steps in when the action they would take is worth more than what they expect of the robot, by more than the
cost: p = E_{a∼π} Φ((ln π(a∣s) − E_{a'∼π̂} ln π(a'∣s) − c)/σ). For Gaussians all normalisers cancel and the expectation
becomes one integral over a Gamma variable (ours; the publication samples), see ``quadrature``.
"""

import torch
from torch.autograd.function import NestedIOFunction, once_differentiable

from mile_desktop.intervention.probability_numpy import distance_of_one, probability_of_one
from mile_desktop.intervention.quadrature import NODES, log_tails

Scalar = float | torch.Tensor
"""A number, or a tensor that broadcasts with (batch,)."""

ThresholdLoss = int | torch.Tensor
"""T, the human's own loss −ln π(a∣s), which K − c must exceed: for a Gaussian its number d of action entries, T ~
Gamma(d/2, 1); for discrete actions float64[..., A], ln π of each action, T = −ln π(a) with a ∼ π."""

LEAST_LOG_POLICY = -1e6
"""ln π of an action that cannot happen: e^(−1e6) is 0 in every precision, and 0 · −∞ would be NaN."""

_NODES_SINGLE_PRECISION = 24  # six digits


def gaussian_intervention_probability(
    mean: torch.Tensor,
    std: torch.Tensor,
    mental_mean: torch.Tensor,
    mental_std: torch.Tensor,
    *,
    cost: Scalar,
    cdf_scale: Scalar,
) -> torch.Tensor:
    """Probability that the human steps in.

    Parameters
    ----------
    mean, std : torch.Tensor
        float[b, d], the model of what the human would do, π_θ.
    mental_mean, mental_std : torch.Tensor
        float[b, d], what the human believes the robot will do, π̂.
    cost : float or torch.Tensor
        c, the price of stepping in; a number or float[b].
    cdf_scale : float or torch.Tensor
        σ > 0, the spread of the decision noise; a number or float[b].

    Returns
    -------
    torch.Tensor
        [b] in [0, 1], of the dtype of ``mean``; differentiable in every argument. Absolute error at most 1e-6
        (float32: 2e-6 and its rounding).

    Raises
    ------
    ValueError
        When shapes disagree or ``cdf_scale`` is not positive.
    """
    one = _one_state((mean, std, mental_mean, mental_std), cost, cdf_scale)
    if one is not None:
        return torch.tensor([one], dtype=mean.dtype)
    log_p, _ = gaussian_intervention_log_probability(mean, std, mental_mean, mental_std, cost=cost, cdf_scale=cdf_scale)
    return log_p.exp()


def gaussian_intervention_log_probability(
    mean: torch.Tensor,
    std: torch.Tensor,
    mental_mean: torch.Tensor,
    mental_std: torch.Tensor,
    *,
    cost: Scalar,
    cdf_scale: Scalar,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ln p(ν=1∣s) and ln p(ν=0∣s), finite and accurate far out in both tails.

    Arguments, shapes and exceptions as in ``gaussian_intervention_probability``.
    """
    distance = gaussian_distance(mean, std, mental_mean, mental_std)
    nodes = NODES if mean.dtype == torch.float64 else _NODES_SINGLE_PRECISION
    log_p, log_not_p = intervention_log_probability_at(
        distance, mean.shape[-1], cost=cost, cdf_scale=cdf_scale, nodes=nodes
    )
    return log_p.to(mean.dtype), log_not_p.to(mean.dtype)


def gaussian_distance(
    mean: torch.Tensor, std: torch.Tensor, mental_mean: torch.Tensor, mental_std: torch.Tensor
) -> torch.Tensor:
    """Return K = ½ Σ (s² + (m − μ)²)/σ², float64[...] from float[..., d] each, differentiable.

    In double precision throughout: K − c loses its digits where both are large. Raises ``ValueError`` when the last
    dimensions disagree.
    """
    sizes = {each.shape[-1] for each in (mean, std, mental_mean, mental_std)}
    # Broadcasting would accept a single entry for all and give a wrong distance.
    if len(sizes) != 1:
        raise ValueError(f"Means and standard deviations must have the same action entries, got {sorted(sizes)}.")
    # Converted before the difference: in float32 the small gap of two large numbers is lost.
    gap = mental_mean.double() - mean.double()
    ratio = (mental_std.double().square() + gap.square()) / std.double().square()
    return ratio.sum(-1) / 2


def intervention_log_probability_at(
    distance: torch.Tensor, threshold_loss: ThresholdLoss, *, cost: Scalar, cdf_scale: Scalar, nodes: int = NODES
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ln p and ln(1 − p) at distances K, float64 of the shape of ``distance``.

    Parameters
    ----------
    distance : torch.Tensor
        float64[...], K ≥ 0; see ``gaussian_distance`` and ``categorical_distance``.
    threshold_loss : int or torch.Tensor
        T, see ``ThresholdLoss``; a tensor has the shape of ``distance`` and one more dimension, the discrete actions.
    cost, cdf_scale : float or torch.Tensor
        Broadcast with ``distance``.
    nodes : int
        Quadrature nodes; 32 give ten digits, 24 six.

    Raises
    ------
    ValueError
        When ``cdf_scale`` is not positive.
    """
    u = distance - cost
    scale = _checked_scale(cdf_scale, distance).expand_as(u)
    if isinstance(threshold_loss, torch.Tensor):
        return _summed_over_actions(threshold_loss, u[..., None] + threshold_loss, scale[..., None])
    log_p, log_not_p = _LogTails.apply(  # type: ignore[no-untyped-call]
        u.reshape(-1), scale.reshape(-1), threshold_loss, nodes
    )
    return log_p.view(u.shape), log_not_p.view(u.shape)


def _checked_scale(cdf_scale: Scalar, like: torch.Tensor) -> torch.Tensor:
    scale = torch.as_tensor(cdf_scale, dtype=torch.float64, device=like.device)
    if not bool((scale > 0).all()):
        raise ValueError(f"cdf_scale must be positive, got {cdf_scale}.")
    return scale


def _one_state(tensors: tuple[torch.Tensor, ...], cost: Scalar, cdf_scale: Scalar) -> float | None:
    """Return p where plain numbers will do: one state, plain cost and scale, single precision, nothing to derive."""
    mean = tensors[0]
    if isinstance(cost, torch.Tensor) or isinstance(cdf_scale, torch.Tensor) or not cdf_scale > 0:
        return None
    if mean.dtype != torch.float32 or mean.device.type != "cpu" or len(mean) != 1:
        return None
    if torch.is_grad_enabled() and any(each.requires_grad for each in tensors):
        return None
    if any(each.shape != mean.shape for each in tensors):
        return None
    distance = distance_of_one(*[each[0].tolist() for each in tensors])
    return probability_of_one(distance - cost, cdf_scale, mean.shape[-1])


class _LogTails(torch.autograd.Function):
    """(u, σ) → ln P(T + σZ ≤ u), ln P(T + σZ > u); the backward pass is one slope a state for each input."""

    @staticmethod
    def forward(
        ctx: NestedIOFunction, u: torch.Tensor, scale: torch.Tensor, dimensions: int, nodes: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        # Derivatives only if they are needed: they take a good part of the time.
        tails = log_tails(u, scale, dimensions, nodes=nodes, derivatives=any(ctx.needs_input_grad[:2]))
        if tails.slope is not None and tails.spread_slope is not None:
            # The slopes are computed with the integral and need no second integration.
            ctx.save_for_backward(tails.log_lower, tails.log_upper, tails.lower, tails.slope, tails.spread_slope)
        return tails.log_lower, tails.log_upper

    @staticmethod
    @once_differentiable
    def backward(
        ctx: NestedIOFunction, grad_lower: torch.Tensor, grad_upper: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, None, None]:
        log_lower, log_upper, lower, slope, spread_slope = ctx.saved_tensors
        # d ln(1 − q) = −q/(1 − q) d ln q, with q the smaller tail
        gap = log_lower - log_upper
        odds = -torch.where(lower, gap, -gap).exp()
        weight = torch.where(lower, grad_lower + odds * grad_upper, grad_upper + odds * grad_lower)
        return weight * slope, weight * spread_slope, None, None


def categorical_intervention_probability(
    logits: torch.Tensor, mental_logits: torch.Tensor, *, cost: Scalar, cdf_scale: Scalar
) -> torch.Tensor:
    """Probability that the human steps in, for discrete actions.

    Parameters
    ----------
    logits, mental_logits : torch.Tensor
        float[b, A], unnormalised ln π_θ and ln π̂; −∞ for actions that can not happen.
    cost, cdf_scale : float or torch.Tensor
        As in ``gaussian_intervention_probability``.

    Returns
    -------
    torch.Tensor
        [b] in [0, 1], differentiable in every argument.

    Raises
    ------
    ValueError
        When shapes disagree or ``cdf_scale`` is not positive.
    """
    log_p, _ = categorical_intervention_log_probability(logits, mental_logits, cost=cost, cdf_scale=cdf_scale)
    return log_p.exp()


def categorical_intervention_log_probability(
    logits: torch.Tensor, mental_logits: torch.Tensor, *, cost: Scalar, cdf_scale: Scalar
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ln p(ν=1∣s) and ln p(ν=0∣s), finite far out in both tails.

    Arguments, shapes and exceptions as in ``categorical_intervention_probability``.
    """
    # Clamped, because 0 · −∞ in the expected value would be NaN.
    log_policy = logits.double().log_softmax(-1).clamp(min=LEAST_LOG_POLICY)
    distance = categorical_distance(log_policy, mental_logits.double().softmax(-1))
    log_p, log_not_p = intervention_log_probability_at(distance, log_policy, cost=cost, cdf_scale=cdf_scale)
    return log_p.to(logits.dtype), log_not_p.to(logits.dtype)


def categorical_distance(log_policy: torch.Tensor, mental: torch.Tensor) -> torch.Tensor:
    """Return K = −Σ_a π̂(a) ln π(a), float64[...] from ln π and π̂, float[..., A] each, differentiable.

    K is what the human expects to lose by what the robot does, as ``gaussian_distance`` is up to the normalisers that
    cancel there. Raises ``ValueError`` when the numbers of actions disagree.
    """
    if log_policy.shape[-1] != mental.shape[-1]:
        raise ValueError(f"Policies over {log_policy.shape[-1]} and {mental.shape[-1]} actions do not compare.")
    return -(mental.double() * log_policy.double()).sum(-1)


def _summed_over_actions(
    log_policy: torch.Tensor, advantage: torch.Tensor, scale: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ln Σ_a π(a) Φ(x_a) and ln Σ_a π(a) Φ(−x_a) with x = ``advantage`` / ``scale``."""
    x = advantage / scale
    log_p = torch.logsumexp(log_policy + torch.special.log_ndtr(x), -1).clamp(max=0)
    log_not_p = torch.logsumexp(log_policy + torch.special.log_ndtr(-x), -1).clamp(max=0)
    return log_p, log_not_p
