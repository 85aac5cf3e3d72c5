"""``mile-desktop predict``: how well takeovers are predicted on held-out episodes."""

import argparse
import math
from collections.abc import Sequence

from mile_desktop.commands.command import Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.commands.threshold import line_wish
from mile_desktop.evaluation.prediction import as_json, score_recorded
from mile_desktop.evaluation.scorecard_builder import fitted_stall
from mile_desktop.intervention.compare import ComparedPredictor


def run(options: argparse.Namespace, report: Report) -> None:
    """Score the predictors and report one line for each."""
    with opened_workspace(options, report) as workspace:
        compared, notes = score_recorded(
            workspace, options.scene, options.model, line=line_wish(options), seed=options.seed
        )
    # Headings are for people: with --json every line must be an object of the same kind.
    if not options.json:
        report.say({}, _HEADING)
    for predictor in compared:
        # With every predictor: a program reads one line and must not miss on how many episodes it was scored.
        report.say({**as_json(predictor), "notes": list(notes)}, _row(predictor))
    if not options.json:
        report.say({}, _early_table(compared))
        for note in notes:
            report.say({}, note)


_HEADING = (
    "predictor          AUROC  matched  PR area  Brier    ECE  log-lik  announced  lead   false alarms/min"
    "   line  calls/10 min  missed"
)


def _early_table(compared: Sequence[ComparedPredictor]) -> str:
    """Return the balanced accuracy of every predictor by lead, and the fitted stall model."""
    leads = [each.lead_s for each in compared[0].early]
    if not leads:
        return ""
    lines = ["", f"{'balanced accuracy':18} " + "".join(f"{f'{lead:g} s':>8}" for lead in leads) + "  before"]
    lines += [
        f"{each.name:18} " + "".join(f"{point.balanced_accuracy:8.3f}" for point in each.early) for each in compared
    ]
    lines += [fitted.text for each in compared if (fitted := fitted_stall(each.stall)) is not None]
    return "\n".join(lines)


def _row(predictor: ComparedPredictor) -> str:
    scores, alarm, line = predictor.ahead, predictor.alarm, predictor.line
    meaning = "" if line is None else f" {line.threshold:12.2f} {line.calls_in_ten_minutes or 0:12.1f}"
    missed = "–" if line is None or line.missed_share is None else f"{line.missed_share:.0%}"
    # NaN where no takeover was announced.
    lead = f"{'–':>6}" if math.isnan(alarm.median_lead_s) else f"{alarm.median_lead_s:4.1f} s"
    return (
        f"{predictor.name:18} {scores.auroc:5.3f}  {scores.phase_matched_auroc:7.3f}  {scores.average_precision:7.3f}  "
        f"{scores.brier:5.3f}  {scores.calibration_error:5.3f}  {scores.log_likelihood:7.3f}  "
        f"{alarm.announced:4}/{alarm.takeovers:<4}  {lead} {alarm.false_alarms_per_minute:6.1f}"
        f"{meaning} {missed:>10}"
    )
