"""``mile-desktop explain-loss``: what in the data made a retrained policy worse; the result card's *Find out why*."""

import argparse

import psutil

from mile_desktop.commands.command import CancelledError, Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.evaluation.evaluate import EvaluationCancelledError
from mile_desktop.evaluation.loss_explanation import Suspect, explain_loss
from mile_desktop.learning.cancellation import cancelled_by_signals

_NICENESS = 10


def run(options: argparse.Namespace, report: Report) -> None:
    """Train without one suspect at a time, and report each result and the explanation."""
    if options.background:
        psutil.Process().nice(_NICENESS)
    with opened_workspace(options, report) as workspace, cancelled_by_signals() as cancel:
        try:
            found = explain_loss(
                workspace, options.policy, starts=options.episodes, report=report.progress, cancelled=cancel.is_set
            )
        except EvaluationCancelledError as error:
            raise CancelledError from error
    for each in found.tried:
        how = f"without {each.suspect.title}" if each.suspect.seed is None else "with another seed"
        text = f"{each.successes} of {options.episodes} {how}."
        report.say({"tried": how, "successes": each.successes, "starts": options.episodes}, text)
    remedy = found.remedy or Suspect("")
    fields = {
        "explanation": found.text,
        "helps": found.remedy is not None,
        "leave_out": [[place.episode_id, place.row] for place in remedy.takeovers],
        "problems": [problem.value for problem in remedy.problems],
        "seed": remedy.seed,
    }
    report.say(fields, found.text)
