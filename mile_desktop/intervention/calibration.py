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
    )
    return model.with_config(cost=cost, cdf_scale=cdf_scale, cost_error=found.cost_error), found


def recorded_decisions(model: InterventionModel, steps: SupervisedSteps) -> tuple[RecordedDecisions, float]:
    """Return K and ν of the supervised steps (thinned to ``MOST_STEPS``), and the share that is held out.

    Raises ``CalibrationError`` as ``RecordedDecisions``.
    """
    # Thinned before the networks are evaluated, which takes most of the time.
    rows = thinned((~steps.demonstration).nonzero()[:, 0])
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
