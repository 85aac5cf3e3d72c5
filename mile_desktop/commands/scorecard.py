"""``mile-desktop scorecard``: every predictor of takeovers on chosen episodes, with curves and probabilities."""

import argparse
from pathlib import Path

import msgspec

from mile_desktop.commands.command import CommandError, Report
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
            _episode_ids(options.episodes),
            reference=options.model,
            line=line_wish(options),
            seed=options.seed,
            report=report.progress,
        )
    report.say(msgspec.to_builtins(card), _text(card))


def _episode_ids(text: str) -> tuple[str, ...]:
    # A selection of many episodes would exceed the length of a command line.
    if text.startswith("@"):
        try:
            lines = Path(text[1:]).read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise CommandError(f"--episodes: {text[1:]} cannot be read ({error.strerror}).") from error
        except UnicodeDecodeError as error:
            raise CommandError(f"--episodes: {text[1:]} is not a text file with one episode id per line.") from error
        return tuple(line.strip() for line in lines if line.strip())
    return tuple(name for name in text.split(",") if name)


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
