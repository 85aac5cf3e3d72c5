"""Cost and scale of the operator, by maximum likelihood from the takeovers that were recorded.

They do not transfer between tasks, robots or networks. With the networks fixed, only two smooth scalars are left.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import optimize

from mile_desktop.errors import UserError
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.model import (
    InterventionModel,
    average_over_members,
    log_probability_of_members,
)
from mile_desktop.intervention.probability import OwnLoss

MOST_STEPS = 6000
"""More are thinned out evenly."""

_COST_BOUNDS = (-1e4, 1e5)
_SCALE_BOUNDS = (0.02, 2000.0)
_PRIOR_SCALE, _PRIOR_WIDTH = 2.0, 2.0
"""A log-normal prior on σ, worth one observation: separable data would drive σ to zero."""


class CalibrationError(UserError, ValueError):
    """The recorded steps do not determine cost and scale; the message says why."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What calibration found, and how much better the new numbers describe what was recorded."""

    cost: float
    """c."""
    cdf_scale: float
    """σ."""
    cost_error: float
    """Standard error of c, with episodes as the independent units."""
    cost_before: float
    cdf_scale_before: float
    steps: int
    takeover_steps: int
    held_out_share: float
    """Share of the steps that were predicted by members that had not seen the episode."""
    observed_rate: float
    predicted_rate_before: float
    predicted_rate: float
    log_likelihood_before: float
    """Mean per step, under cost and scale as they were."""
    log_likelihood: float


@dataclass(frozen=True, slots=True, eq=False)
class RecordedDecisions:
    """What calibration rests on; raises ``CalibrationError`` where it can not determine two numbers."""

    distances: torch.Tensor
    """float64[members, t], K."""
    asked: torch.Tensor
    """bool[members, t], whose distances count; at least one a step."""
    intervention: torch.Tensor
    """bool[t], ν."""
    episode: torch.Tensor
    """int64[t], any numbering."""
    own: OwnLoss
    """What K is weighed against; a tensor is float64[members, t, A]."""

    def __post_init__(self) -> None:
        count = int(self.intervention.sum())
        if count == 0:
            raise CalibrationError(
                f"Nobody took over in these {len(self.intervention)} steps; supervise until there is a takeover."
            )
        if count == len(self.intervention):
            raise CalibrationError(f"All {count} steps are takeovers; let the robot go on by itself as well.")

    @property
    def typical_own_loss(self) -> float:
        """Mean of T: d/2 for Gaussians, the mean entropy of π for discrete actions."""
        if isinstance(self.own, int):
            return self.own / 2
        entropy = -(self.own.exp() * self.own).sum(-1)
        return float(entropy[self.asked].mean())

    def log_likelihoods(
        self, cost: float | torch.Tensor, cdf_scale: float | torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ln P(ν) of each step and p, float64[t] each; differentiable."""
        log_p, log_not_p = log_probability_of_members(
            self.distances, self.asked, self.own, cost=cost, cdf_scale=cdf_scale
        )
        happened = torch.where(self.intervention, log_p, log_not_p)
        return average_over_members(happened, self.asked), average_over_members(log_p, self.asked).exp()


def calibrate(model: InterventionModel, steps: SupervisedSteps) -> tuple[InterventionModel, Calibration]:
    """Fit cost and scale of ``model`` to the ν of ``steps``, on held-out predictions where there are any.

    Returns
    -------
    tuple of InterventionModel and Calibration
        The model with the new numbers (same networks), and what was found.

    Raises
    ------
    CalibrationError
        When nobody took over, or nobody let go.
    """
    decisions, held_out_share = recorded_decisions(model, steps)
    before = (model.config.cost, model.config.cdf_scale)
    cost, cdf_scale = fit_cost_and_scale(decisions, start=before)
    with torch.no_grad():
        likelihood_before, p_before = decisions.log_likelihoods(*before)
        likelihood, p = decisions.log_likelihoods(cost, cdf_scale)
    found = Calibration(
        cost=cost,
        cdf_scale=cdf_scale,
        cost_error=standard_error_of_cost(decisions, cost, cdf_scale),
        cost_before=before[0],
        cdf_scale_before=before[1],
        steps=len(decisions.intervention),
        takeover_steps=int(decisions.intervention.sum()),
        held_out_share=held_out_share,
        observed_rate=float(decisions.intervention.double().mean()),
        predicted_rate_before=float(p_before.mean()),
        predicted_rate=float(p.mean()),
        log_likelihood_before=float(likelihood_before.mean()),
        log_likelihood=float(likelihood.mean()),
    )
    return model.with_config(cost=cost, cdf_scale=cdf_scale, cost_error=found.cost_error), found


def recorded_decisions(model: InterventionModel, steps: SupervisedSteps) -> tuple[RecordedDecisions, float]:
    """Return K and ν of the supervised steps (thinned to ``MOST_STEPS``), and the share that is held out.

    Raises ``CalibrationError`` as ``RecordedDecisions``.
    """
    rows = (~steps.demonstration).nonzero()[:, 0]
    rows = rows[:: max(1, -(-len(rows) // MOST_STEPS))]
    said = model.opinions(steps.observation[rows], steps.policy_mean[rows], steps.policy_std[rows])
    unseen = model.unseen(steps)[:, rows]
    held_out = unseen.any(0)
    decisions = RecordedDecisions(
        said.distances, unseen | ~held_out, steps.intervention[rows], steps.episode[rows], said.own
    )
    return decisions, float(held_out.double().mean())


def fit_cost_and_scale(decisions: RecordedDecisions, *, start: tuple[float, float]) -> tuple[float, float]:
    """Return c and σ of greatest likelihood; ``start`` is tried beside a guess from the data."""
    found = [_descend(decisions, np.array([cost, math.log(scale)])) for cost, scale in (start, _guess(decisions))]
    best = min(found, key=lambda each: float(each.fun))
    return float(best.x[0]), float(math.exp(best.x[1]))


def _guess(decisions: RecordedDecisions) -> tuple[float, float]:
    """Return the cost at which as many steps lie above it as were taken over, and the spread there."""
    rate = float(decisions.intervention.double().mean())
    typical = decisions.distances[decisions.asked]
    middle, upper, lower = torch.quantile(
        typical, torch.tensor([1 - rate, 1 - rate / 2, (1 - rate) / 2], dtype=typical.dtype)
    ).tolist()
    return middle - decisions.typical_own_loss, min(max((upper - lower) / 4, 0.5), 100.0)


def _descend(decisions: RecordedDecisions, place: NDArray[np.float64]) -> optimize.OptimizeResult:
    count = len(decisions.intervention)

    def negative(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        point = torch.tensor(at, requires_grad=True)
        likelihood, _ = decisions.log_likelihoods(point[0], point[1].exp())
        prior = 0.5 * ((point[1] - math.log(_PRIOR_SCALE)) / _PRIOR_WIDTH).square()
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
    step = np.array([1e-3 * max(1.0, cdf_scale), 1e-3])
    curvature = np.column_stack(
        [
            (_total_score(decisions, cost - dc, cdf_scale * math.exp(-ds))
             - _total_score(decisions, cost + dc, cdf_scale * math.exp(ds))) / (2 * size)
            for dc, ds, size in ((step[0], 0.0, step[0]), (0.0, step[1], step[1]))
        ]
    )  # fmt: skip
    bread = np.linalg.pinv(curvature)
    _, cluster = np.unique(decisions.episode.numpy(), return_inverse=True)
    groups = int(cluster.max()) + 1
    if groups >= 2:
        scores = np.stack([np.bincount(cluster, weights=column, minlength=groups) for column in scores.T], 1)
    spread = bread @ (scores.T @ scores) @ bread.T * (len(scores) / max(1, len(scores) - 1))
    return float(math.sqrt(max(0.0, spread[0, 0])))


def _scores(decisions: RecordedDecisions, cost: float, cdf_scale: float) -> NDArray[np.float64]:
    """Return d ln P(ν)/d(c, ln σ) of each step, [t, 2]."""
    count = len(decisions.intervention)
    costs = torch.full((count,), cost, dtype=torch.float64, requires_grad=True)
    logs = torch.full((count,), math.log(cdf_scale), dtype=torch.float64, requires_grad=True)
    likelihood, _ = decisions.log_likelihoods(costs, logs.exp())
    return np.stack([each.numpy() for each in torch.autograd.grad(likelihood.sum(), (costs, logs))], 1)


def _total_score(decisions: RecordedDecisions, cost: float, cdf_scale: float) -> NDArray[np.float64]:
    total: NDArray[np.float64] = _scores(decisions, cost, cdf_scale).sum(0)
    return total
