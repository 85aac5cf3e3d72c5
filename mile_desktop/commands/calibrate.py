"""``mile-desktop calibrate``: cost and scale from your own interventions."""

import argparse
import dataclasses

from mile_desktop.commands.command import Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.registry.recorded_calibration import accept_calibration, calibrate_recorded


def run(options: argparse.Namespace, report: Report) -> None:
    """Calibrate the intervention model and report both rates and rankings; or put a proposed calibration in force."""
    with opened_workspace(options, report) as workspace:
        if options.accept:
            accept_calibration(workspace, options.accept)
            report.say({"accepted": options.accept}, f"{options.accept} is in force from the next episode on.")
            return
        model, found, notes = calibrate_recorded(
            workspace, options.scene, options.model, propose=options.propose, report=report.progress
        )
    text = (
        f"{model}: cost {found.cost:.3g} ± {found.cost_error:.2g}, scale {found.cdf_scale:.3g} "
        f"(before {found.cost_before:.3g} and {found.cdf_scale_before:.3g}). "
        f"Takeover rate observed {found.observed_rate:.1%}, predicted {found.predicted_rate_before:.1%} before and "
        f"{found.predicted_rate:.1%} now; log-likelihood a step {found.log_likelihood_before:.4f} before and "
        f"{found.log_likelihood:.4f} now; AUROC of a takeover within ten steps {_score(found.auroc_before)} before and "
        f"{_score(found.auroc)} now."
    )
    if options.propose:
        text += f" It is not in force: `mile-desktop calibrate --accept {model}` uses it."
    fields = {"intervention_model": model, **dataclasses.asdict(found), "notes": list(notes)}
    report.say(fields, "\n".join((text, *notes)))


def _score(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"
