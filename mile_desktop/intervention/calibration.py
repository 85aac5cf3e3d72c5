"""Calibration of an intervention model: cost and scale fitted to the takeovers that were recorded.

They do not transfer between tasks, robots or networks. With the networks fixed, only two smooth scalars are left.
"""

from dataclasses import dataclass

import torch

from mile_desktop.intervention.cost_fit import (
    RecordedDecisions,
    Threshold,
    fit_cost_and_scale,
    standard_error_of_cost,
    thinned,
)
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.intervention.rank_scores import auroc
from mile_desktop.intervention.scores import takeover_ahead


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
    auroc_before: float | None
    """Ranking of the ten steps before a takeover above the other autonomous steps; None where there is only one
    kind of step."""
    auroc: float | None
    p_low: float
    """p is below this in 5 % of the steps, under the new numbers."""
    p_high: float
    """p is above this in 5 % of the steps."""

    @property
    def problem(self) -> str:
        """Why the new numbers should not be used, and what to do; empty where nothing is wrong.

        The likelihood alone does not show it: a p that is always the rate of takeovers has a good one and says nothing.
        """
        if self.p_high - self.p_low < LEAST_SPREAD:
            return (
                f"The calibration is refused: p would be between {self.p_low:.2f} and {self.p_high:.2f} in nine of ten "
                "steps, so it would be nearly the same at every moment. The numbers in use stay; record more "
                "takeovers, or retrain, which fits the networks as well."
            )
        if self.auroc is not None and self.auroc_before is not None and self.auroc < self.auroc_before - LARGEST_DROP:
            return (
                f"The calibration is refused: p would rank moments worse (AUROC {self.auroc_before:.2f} before, "
                f"{self.auroc:.2f} after). The numbers in use stay; record more takeovers, or retrain."
            )
        return ""


LEAST_SPREAD = 0.1
"""Between p_low and p_high. Takeovers drawn at random at a rate of .19 gave .10, a simulated supervisor gave .98."""
LARGEST_DROP = 0.02
"""Of the AUROC; with some hundred steps its standard error is about as large."""


def calibrate(model: InterventionModel, steps: SupervisedSteps) -> tuple[InterventionModel, Calibration]:
    """Fit cost and scale of ``model`` to the ν of ``steps``, on held-out predictions where there are any.

    Returns
    -------
    tuple of InterventionModel and Calibration
        The model with the new numbers (same networks), and what was found.

    Raises
    ------
    CalibrationError
        When no step, or every step, is a takeover.
    """
    steps = steps.attended()
    rows = _calibrated_rows(steps)
    decisions, held_out_share = recorded_decisions(model, steps)
    before = Threshold(model.config.cost, model.config.cdf_scale)
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
        auroc_before=_ranking(steps, rows, p_before),
        auroc=_ranking(steps, rows, p),
        p_low=float(p.quantile(0.05)),
        p_high=float(p.quantile(0.95)),
    )
    return model.with_config(cost=cost, cdf_scale=cdf_scale, cost_error=found.cost_error), found


def recorded_decisions(model: InterventionModel, steps: SupervisedSteps) -> tuple[RecordedDecisions, float]:
    """Return K and ν of the supervised steps (thinned to ``MOST_STEPS``), and the share that is held out.

    Raises ``CalibrationError`` as ``RecordedDecisions``.
    """
    rows = _calibrated_rows(steps)
    outputs = model.member_outputs(steps.observation[rows], steps.policy_mean[rows], steps.policy_std[rows])
    unseen = model.unseen(steps)[:, rows]
    # Where every member has seen an episode, all of them are used. This is too optimistic, and the share says so.
    held_out = unseen.any(0)
    decisions = RecordedDecisions(
        distances=outputs.distances,
        asked=unseen | ~held_out,
        intervention=steps.intervention[rows],
        threshold_loss=outputs.threshold_loss,
        episode=steps.episode[rows],
    )
    return decisions, float(held_out.double().mean())


def _calibrated_rows(steps: SupervisedSteps) -> torch.Tensor:
    # Thinned before the networks are evaluated, which takes most of the time.
    return thinned((~steps.demonstration).nonzero()[:, 0])


def _ranking(steps: SupervisedSteps, rows: torch.Tensor, p: torch.Tensor) -> float | None:
    """Return the AUROC of ``p`` (float64[len(rows)]) for a takeover soon, over autonomous steps."""
    asked, ahead = (mask[rows.numpy()] for mask in takeover_ahead(steps))
    if not 0 < int(ahead[asked].sum()) < int(asked.sum()):
        return None
    return auroc(ahead[asked], p.numpy()[asked])
