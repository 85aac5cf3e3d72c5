"""Probabilities of several models of the human put together: the posterior predictive and its band."""

import math
from dataclasses import dataclass

import torch

from mile_desktop.intervention.probability import Scalar, ThresholdLoss, intervention_log_probability_at

BAND = (0.1, 0.9)
"""Quantiles over the members between which the band is drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Posterior-predictive probabilities of ``t`` steps."""

    probability: torch.Tensor
    """float64[t], mean over the members asked."""
    low: torch.Tensor
    high: torch.Tensor
    """float64[t], the band over these members."""
    log_probability: torch.Tensor
    log_complement: torch.Tensor
    """float64[t], logarithms of ``probability`` and of 1 − ``probability``, accurate in both tails."""


def posterior_predictive(
    distances: torch.Tensor,
    threshold_loss: ThresholdLoss,
    *,
    cost: float,
    cdf_scale: float,
    asked: torch.Tensor | None = None,
) -> Predictions:
    """Average p over members.

    Parameters
    ----------
    distances : torch.Tensor
        float64[members, t], K.
    threshold_loss : int or torch.Tensor
        What K is compared with, see ``ThresholdLoss``.
    asked : torch.Tensor or None
        bool[members, t], who is asked; at least one member a step.
    """
    if asked is None:
        asked = torch.ones_like(distances, dtype=torch.bool)
    log_p, log_not_p = log_probability_of_members(distances, asked, threshold_loss, cost=cost, cdf_scale=cdf_scale)
    # NaN for members that are not asked, which ``nanquantile`` skips.
    each = torch.where(asked, log_p.exp(), math.nan)
    low, high = torch.nanquantile(each, torch.tensor(BAND, dtype=each.dtype), dim=0)
    mean, complement = average_over_members(log_p, asked), average_over_members(log_not_p, asked)
    return Predictions(mean.exp(), low, high, mean, complement)


def log_probability_of_members(
    distances: torch.Tensor, asked: torch.Tensor, threshold_loss: ThresholdLoss, *, cost: Scalar, cdf_scale: Scalar
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ln p and ln(1 − p), float64[members, t] with −∞ where ``asked`` (same shape) is False.

    Differentiable; ``cost`` and ``cdf_scale`` are numbers or broadcast with [t].
    """
    cost, cdf_scale = (
        each.expand_as(distances)[asked] if isinstance(each, torch.Tensor) else each for each in (cost, cdf_scale)
    )
    threshold_loss = threshold_loss[asked] if isinstance(threshold_loss, torch.Tensor) else threshold_loss
    # Only pairs of member and step that are asked are computed: in a fit, that is a part of all.
    pair = intervention_log_probability_at(distances[asked], threshold_loss, cost=cost, cdf_scale=cdf_scale)
    nothing = torch.full_like(distances, -math.inf)
    return nothing.masked_scatter(asked, pair[0]), nothing.masked_scatter(asked, pair[1])


def average_over_members(log_values: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
    """Return the logarithm of the mean over the members asked, [t] from [members, t]; never above 0."""
    # In logarithms: averaging p itself would lose 1 − p where p is near 1, and the clamp takes off rounding above 0.
    mean: torch.Tensor = torch.logsumexp(log_values, 0) - asked.sum(0).to(log_values.dtype).log()
    return mean.clamp(max=0)
