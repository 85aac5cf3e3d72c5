"""``mile-desktop evaluate``."""

import argparse

from mile_desktop.commands.command import (
    CancelledError,
    Command,
    Report,
    add_scene_argument,
    add_workers_argument,
    positive,
)
from mile_desktop.evaluation.evaluate import FIRST_EVALUATION_SEED, EvaluationCancelledError, evaluation_seeds
from mile_desktop.evaluation.policies import Watching, evaluate_policies
from mile_desktop.evaluation.statistics import wilson_interval
from mile_desktop.learning.cancellation import cancelled_by_signals
from mile_desktop.registry.names import INITIAL
from mile_desktop.storage.records import EvaluationRecord
from mile_desktop.storage.workspace import Workspace


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_scene_argument(parser)
    parser.add_argument(
        "--policy",
        nargs="+",
        default=[INITIAL],
        metavar="P",
        help="policies to evaluate on the same starts: ids, folders, initial or expert (initial)",
    )
    parser.add_argument("--episodes", type=positive, default=50, metavar="N", help="(%(default)s)")
    parser.add_argument(
        "--seed", type=int, default=FIRST_EVALUATION_SEED, metavar="K", help="seed of the first episode (%(default)s)"
    )
    add_workers_argument(parser)


def _run(options: argparse.Namespace, report: Report) -> None:
    with Workspace.open(options.workspace) as workspace, cancelled_by_signals() as cancel:
        try:
            records = evaluate_policies(
                workspace,
                options.scene,
                options.policy,
                evaluation_seeds(options.episodes, options.seed),
                workers=options.workers,
                watching=Watching(cancelled=cancel.is_set),
            )
        except EvaluationCancelledError as error:
            raise CancelledError from error
    for record in records:
        _say(record, options, report)


def _say(record: EvaluationRecord, options: argparse.Namespace, report: Report) -> None:
    whole = len(record.outcomes)
    low, high = wilson_interval(record.successes, whole)
    fields = {
        "scene": options.scene,
        "policy": record.policy_id,
        "episodes": options.episodes,
        "seed": options.seed,
        "successes": record.successes,
        "crashes": record.crashes,
        "success_rate": record.successes / whole if whole else None,
        "interval": [low, high],
        "mean_return": record.mean_return,
        "mean_steps": record.mean_steps,
    }
    words = f"{record.policy_id}: {record.successes} of {whole} succeeded, 95 % interval {low:.0%} to {high:.0%}"
    if record.mean_return is not None and record.mean_steps is not None:
        words += f", mean return {record.mean_return:.4g} in {record.mean_steps:.0f} steps"
    broken = f"; {record.crashes} broke down and are not counted." if record.crashes else "."
    report.say(fields, words + broken)


EVALUATE = Command("evaluate", "success of policies on fixed seeds", _add_arguments, _run)
