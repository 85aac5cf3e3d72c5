"""The fit of cost c and scale σ to recorded decisions; learning and calibration both use it.

With the networks held fixed, two scalars are left, fitted by maximum likelihood with a weak prior on σ. Widths, starts
and thinning were compared in ``docs/decisions/0030-one-fit-of-cost-and-scale.md``.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy import optimize

from mile_desktop.arrays import Float64Array
from mile_desktop.errors import UserError
from mile_desktop.intervention.posterior import average_over_members, log_probability_of_members
from mile_desktop.intervention.probability import ThresholdLoss


class Threshold(NamedTuple):
    """What the decision to take over depends on besides the networks."""

    cost: float
    """c, the price of taking over."""
    cdf_scale: float
    """σ > 0, the spread of the decision noise."""


FALLBACK = Threshold(cost=2.0, cdf_scale=2.0)
"""Assumed where the data does not determine them: no step, or every step, is a takeover. Also the middle of the
prior."""

MOST_STEPS = 6000
"""More are thinned out evenly: the error of two scalars hardly falls further, and a cancel must not wait."""

_COST_BOUNDS = (-1e4, 1e5)
_SCALE_BOUNDS = (0.02, 2000.0)
_PRIOR_WIDTH = 2.0
"""Of a log-normal prior on σ, worth one observation: separable data would drive σ to zero."""


class CalibrationError(UserError, ValueError):
    """The recorded steps do not determine cost and scale; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class RecordedDecisions:
    """ν of ``t`` steps and what it depends on; raises ``CalibrationError`` where it cannot determine two numbers."""

    distances: torch.Tensor
    """float64[members, t], K."""
    asked: torch.Tensor
    """bool[members, t], whose distances count; at least one a step."""
    intervention: torch.Tensor
    """bool[t], ν."""
    threshold_loss: ThresholdLoss
    """What K is compared with; a tensor is float64[members, t, A]."""
    episode: torch.Tensor | None = None
    """int64[t], any numbering; needed for standard errors alone."""

    def __post_init__(self) -> None:
        count = int(self.intervention.sum())
        if count == 0:
            raise CalibrationError(
                f"There is no takeover in these {len(self.intervention)} steps; supervise until there is one."
            )
        if count == len(self.intervention):
            raise CalibrationError(f"All {count} steps are takeovers; let the robot act by itself as well.")

    @property
    def typical_threshold_loss(self) -> float:
        """Mean of T: d/2 for Gaussians, the mean entropy of π for discrete actions."""
        if isinstance(self.threshold_loss, int):
            return self.threshold_loss / 2
        entropy = -(self.threshold_loss.exp() * self.threshold_loss).sum(-1)
        return float(entropy[self.asked].mean())

    def log_likelihoods(
        self, cost: float | torch.Tensor, cdf_scale: float | torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ln P(ν) of each step and p, float64[t] each; differentiable."""
        log_p, log_not_p = log_probability_of_members(
            self.distances, self.asked, self.threshold_loss, cost=cost, cdf_scale=cdf_scale
        )
        happened = torch.where(self.intervention, log_p, log_not_p)
        return average_over_members(happened, self.asked), average_over_members(log_p, self.asked).exp()


def thinned(rows: torch.Tensor) -> torch.Tensor:
    """Return at most ``MOST_STEPS`` of ``rows`` (int64[t]), evenly spaced."""
    # ``-(-a // b)`` rounds up: the result never exceeds the limit.
    return rows[:: max(1, -(-len(rows) // MOST_STEPS))]


def fit_cost_and_scale(decisions: RecordedDecisions, *, start: Threshold = FALLBACK) -> Threshold:
    """Return c and σ of greatest posterior density.

    The likelihood can be flat where σ is far too small for the distances, so the descent begins at ``start`` and at a
    guess from the data, and the better end is taken.
    """
    # In ln σ, which cannot become negative and has the same scale for all tasks.
    found = [_descend(decisions, np.array([cost, math.log(scale)])) for cost, scale in (start, _guess(decisions))]
    best = min(found, key=lambda each: float(each.fun))
    return Threshold(float(best.x[0]), float(math.exp(best.x[1])))


def _guess(decisions: RecordedDecisions) -> Threshold:
    """Return the cost at which as many steps lie above it as were taken over, and the spread there."""
    rate = float(decisions.intervention.double().mean())
    typical = decisions.distances[decisions.asked]
    middle, upper, lower = torch.quantile(
        typical, torch.tensor([1 - rate, 1 - rate / 2, (1 - rate) / 2], dtype=typical.dtype)
    ).tolist()
    # σ within bounds where the likelihood has a slope: outside of them the descent would not move.
    return Threshold(middle - decisions.typical_threshold_loss, min(max((upper - lower) / 4, 0.5), 100.0))


def _descend(decisions: RecordedDecisions, place: Float64Array) -> optimize.OptimizeResult:
    # Per step, so that the tolerances of the descent mean the same for 60 steps and for 6000.
    count = len(decisions.intervention)

    def negative(at: Float64Array) -> tuple[float, Float64Array]:
        point = torch.tensor(at, requires_grad=True)
        likelihood, _ = decisions.log_likelihoods(point[0], point[1].exp())
        # In ln σ, so that twice and half the middle are equally likely.
        prior = 0.5 * ((point[1] - math.log(FALLBACK.cdf_scale)) / _PRIOR_WIDTH).square()
        total = (prior - likelihood.sum()) / count
        (gradient,) = torch.autograd.grad(total, point)
        return float(total.detach()), gradient.numpy()

    return optimize.minimize(
        negative,
        place,
        jac=True,
        method="L-BFGS-B",
        bounds=[_COST_BOUNDS, tuple(map(math.log, _SCALE_BOUNDS))],
        options={"maxiter": 100, "ftol": 1e-10},
    )


def standard_error_of_cost(decisions: RecordedDecisions, cost: float, cdf_scale: float) -> float:
    """Return the standard error of c from the sandwich formula, clustered by episode.

    Steps within a takeover are one decision, not many; with fewer than two episodes they are taken as independent.
    """
    scores = _scores(decisions, cost, cdf_scale)
    # Central differences of the exact scores; the steps are small against σ, large against the quadrature's error.
    step = np.array([1e-3 * max(1.0, cdf_scale), 1e-3])
    curvature = np.column_stack(
        [
            (_total_score(decisions, cost - dc, cdf_scale * math.exp(-ds))
             - _total_score(decisions, cost + dc, cdf_scale * math.exp(ds))) / (2 * size)
            for dc, ds, size in ((step[0], 0.0, step[0]), (0.0, step[1], step[1]))
        ]
    )  # fmt: skip
    # The pseudo-inverse: where σ is at a bound, the likelihood can be flat in one direction.
    bread = np.linalg.pinv(curvature)
    episode = decisions.episode if decisions.episode is not None else torch.zeros(len(scores))
    _, cluster = np.unique(episode.numpy(), return_inverse=True)
    groups = int(cluster.max()) + 1
    if groups >= 2:
        # Summed within an episode first: steps of one takeover are no independent evidence.
        scores = np.stack([np.bincount(cluster, weights=column, minlength=groups) for column in scores.T], 1)
    spread = bread @ (scores.T @ scores) @ bread.T * (len(scores) / max(1, len(scores) - 1))
    # Rounding can make a variance of almost 0 negative.
    return float(math.sqrt(max(0.0, spread[0, 0])))


def _scores(decisions: RecordedDecisions, cost: float, cdf_scale: float) -> Float64Array:
    """Return d ln P(ν)/d(c, ln σ) of each step, [t, 2]."""
    count = len(decisions.intervention)
    costs = torch.full((count,), cost, dtype=torch.float64, requires_grad=True)
    logs = torch.full((count,), math.log(cdf_scale), dtype=torch.float64, requires_grad=True)
    likelihood, _ = decisions.log_likelihoods(costs, logs.exp())
    return np.stack([each.numpy() for each in torch.autograd.grad(likelihood.sum(), (costs, logs))], 1)


def _total_score(decisions: RecordedDecisions, cost: float, cdf_scale: float) -> Float64Array:
    total: Float64Array = _scores(decisions, cost, cdf_scale).sum(0)
    return total
