"""``mile-desktop compare``: two policies on the same starts; the Learn panel's Evaluate more."""

import argparse
from contextlib import ExitStack

import msgspec
import psutil

from mile_desktop.commands.command import CancelledError, Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.evaluation.evaluate import EpisodeResult, EvaluationCancelledError, evaluation_seeds
from mile_desktop.evaluation.policies import EvaluationCallbacks, compare_policies
from mile_desktop.learning.cancellation import cancelled_by_signals
from mile_desktop.learning.progress import Cancelled, Finished, PairedSoFar, Progress, RunEvent
from mile_desktop.learning.run_log import RunLog
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace

_BACKGROUND_NICENESS = 10


def run(options: argparse.Namespace, report: Report) -> None:
    """Compare two policies and report the suggestion."""
    if options.background:
        psutil.Process().nice(_BACKGROUND_NICENESS)
    with ExitStack() as stack:
        workspace = stack.enter_context(opened_workspace(options, report, create=True))
        cancel = stack.enter_context(cancelled_by_signals())
        # The window gives a run's id; on the command line nothing but the report follows the comparison.
        log = stack.enter_context(RunLog(workspace.run_folder(options.run_id))) if options.run_id else None
        done = 0

        def say(event: RunEvent, words: str) -> None:
            if log is not None:
                # Also in the run's folder: the window follows the run there and still finds it after a restart.
                log.event(event)
            fields = msgspec.to_builtins(event)
            if isinstance(event, Progress):
                report.step(fields, event.fraction, event.text, words)
            else:
                report.say(fields, words)

        def count(_: EpisodeResult) -> None:
            nonlocal done
            done += 1

        def so_far(paired: PairedSoFar) -> None:
            words = f"Comparing, episode {done} of at most {2 * options.episodes}"
            fraction = done / (2 * options.episodes)
            say(Progress(stage="evaluation", fraction=fraction, text=words, paired=paired), words)

        try:
            compared = compare_policies(
                workspace,
                options.scene,
                options.before,
                options.after,
                evaluation_seeds(options.episodes),
                workers=options.workers,
                callbacks=EvaluationCallbacks(count, cancel.is_set, on_paired=so_far),
            )
        except EvaluationCancelledError as error:
            say(Cancelled(), "")
            raise CancelledError from error
        say(compared, f"Suggestion: {compared.suggestion}. {compared.reason}")
        # A comparison ends like a training run, so the window needs no second way to see its end; it has no loss.
        say(Finished(policy=options.after, method=_method(workspace, options.after), loss=0.0), "")


def _method(workspace: Workspace, policy_id: str) -> str:
    known = {record.policy_id: record.method for record in Catalogue(workspace).policies()}
    return known.get(policy_id, "")
