"""``mile-desktop scorecard``: every predictor of takeovers on chosen episodes, with curves and probabilities."""

import argparse

import msgspec

from mile_desktop.commands.command import Report
from mile_desktop.commands.episode_choice import episode_ids
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.commands.threshold import line_wish
from mile_desktop.evaluation.scorecard import Scorecard
from mile_desktop.evaluation.scorecard_builder import make_scorecard


def run(options: argparse.Namespace, report: Report) -> None:
    """Make the scorecard and report it."""
    with opened_workspace(options, report) as workspace:
        card = make_scorecard(
            workspace,
            options.scene,
            episode_ids(options.episodes),
            reference=options.model,
            line=line_wish(options),
            seed=options.seed,
            report=report.progress,
        )
    report.say(msgspec.to_builtins(card), _text(card))


def _text(card: Scorecard) -> str:
    lines = [f"{len(card.episodes)} held-out episodes, model {card.model_id}", *card.notes]
    leads = [point.lead_s for point in card.predictors[0].early]
    lines += [each.stall.text for each in card.predictors if each.stall is not None]
    heading = "predictor          AUROC  matched  PR area  Brier    ECE"
    lines.append(heading + ("   balanced accuracy " + ", ".join(f"{lead:g} s" for lead in leads) if leads else ""))
    for each in card.predictors:
        scores = (each.auroc, each.phase_matched_auroc, each.average_precision, each.brier, each.calibration_error)
        figures = "".join("      –" if value is None else f"{value:7.3f}" for value in scores)
        lines.append(f"{each.name:18}{figures}  " + " ".join(f"{point.balanced_accuracy:.3f}" for point in each.early))
    lines += [
        f"{each.name:18} line {each.line.threshold:.2f}: {each.line.calls_in_ten_minutes or 0:.1f} calls in ten "
        f"minutes, {'–' if each.line.missed_share is None else format(each.line.missed_share, '.0%')} of the takeovers "
        "unannounced"
        for each in card.predictors
        if each.line is not None
    ]
    return "\n".join(lines)
