"""``mile-desktop compare``: two policies on the same starts; the Learn panel's Evaluate more."""

import argparse
from contextlib import ExitStack

import msgspec
import psutil

from mile_desktop.commands.command import (
    CancelledError,
    Command,
    Report,
    add_scene_argument,
    add_workers_argument,
    positive,
)
from mile_desktop.evaluation.evaluate import EpisodeResult, EvaluationCancelledError, evaluation_seeds
from mile_desktop.evaluation.policies import Watching, compare_policies
from mile_desktop.learning.cancellation import cancelled_by_signals
from mile_desktop.learning.progress import Cancelled, Finished, Progress, RunEvent
from mile_desktop.learning.run_log import RunLog
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace

_BACKGROUND_NICENESS = 10


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_scene_argument(parser)
    parser.add_argument("--before", required=True, metavar="P", help="a policy id, a folder, initial or expert")
    parser.add_argument("--after", required=True, metavar="P", help="likewise")
    parser.add_argument("--episodes", type=positive, default=100, metavar="N", help="starts (%(default)s)")
    add_workers_argument(parser)
    parser.add_argument("--run-id", metavar="ID", help="write progress to runs/ID/progress.jsonl as well")
    parser.add_argument("--background", action="store_true", help="step back when something else wants the processor")


def _run(options: argparse.Namespace, report: Report) -> None:
    if options.background:
        psutil.Process().nice(_BACKGROUND_NICENESS)
    with ExitStack() as stack:
        workspace = stack.enter_context(Workspace.open(options.workspace))
        cancel = stack.enter_context(cancelled_by_signals())
        log = stack.enter_context(RunLog(workspace.run_folder(options.run_id))) if options.run_id else None
        done = 0

        def say(event: RunEvent, words: str) -> None:
            if log is not None:
                log.event(event)
            report.say(msgspec.to_builtins(event), words)

        def count(_: EpisodeResult) -> None:
            nonlocal done
            done += 1
            words = f"Comparing, episode {done} of at most {2 * options.episodes}"
            say(Progress(stage="evaluation", fraction=done / (2 * options.episodes), text=words), words)

        try:
            compared = compare_policies(
                workspace,
                options.scene,
                options.before,
                options.after,
                evaluation_seeds(options.episodes),
                workers=options.workers,
                watching=Watching(count, cancel.is_set),
            )
        except EvaluationCancelledError as error:
            say(Cancelled(), "")
            raise CancelledError from error
        say(compared, f"Suggestion: {compared.suggestion}. {compared.reason}")
        say(Finished(policy=options.after, method=_method(workspace, options.after), loss=0.0), "")


def _method(workspace: Workspace, policy_id: str) -> str:
    known = {record.policy_id: record.method for record in Catalogue(workspace).policies()}
    return known.get(policy_id, "")


COMPARE = Command("compare", "compare two policies on the same starts", _add_arguments, _run)
