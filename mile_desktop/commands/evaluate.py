"""``mile-desktop evaluate``: success of policies on fixed seeds."""

import argparse

from mile_desktop.commands.command import CancelledError, CommandError, Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.evaluation.evaluate import (
    FIRST_EVALUATION_SEED,
    EpisodeResult,
    EvaluationCancelledError,
    evaluation_seeds,
)
from mile_desktop.evaluation.policies import EvaluationCallbacks, evaluate_policies
from mile_desktop.evaluation.statistics import wilson_interval
from mile_desktop.learning.cancellation import cancelled_by_signals
from mile_desktop.storage.records import EvaluationRecord


def run(options: argparse.Namespace, report: Report) -> None:
    """Evaluate the policies and report one line for each."""
    first = FIRST_EVALUATION_SEED if options.seed is None else options.seed
    expected = options.episodes * len(options.policy)
    done = 0

    def count(_: EpisodeResult) -> None:
        nonlocal done
        done += 1
        report.draw(done / expected, f"Episode {done} of {expected}")

    with opened_workspace(options, report, create=True) as workspace, cancelled_by_signals() as cancel:
        try:
            records = evaluate_policies(
                workspace,
                options.scene,
                options.policy,
                evaluation_seeds(options.episodes, first),
                workers=options.workers,
                callbacks=EvaluationCallbacks(count, cancelled=cancel.is_set),
            )
        except EvaluationCancelledError as error:
            # What was finished is stored; a person must not take it for lost.
            report.say({"cancelled": str(error)}, str(error))
            raise CancelledError from error
    for record in records:
        _say(record, options.scene, options.episodes, first, report)
    broken = [record for record in records if not record.outcomes]
    # Every policy is reported before the error, so that those that ran are not lost.
    if broken:
        reason = next((text for record in broken for text in record.crash_reasons if text), "no reason is known")
        raise CommandError(
            f"No episode of {', '.join(record.policy_id for record in broken)} could be run to its end: {reason}"
        )


def _say(record: EvaluationRecord, scene: str, episodes: int, first_seed: int, report: Report) -> None:
    whole = len(record.outcomes)
    low, high = wilson_interval(record.successes, whole)
    fields = {
        "scene": scene,
        "policy": record.policy_id,
        "episodes": episodes,
        "seed": first_seed,
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
    broken = f"; {record.crashes} ended with an error and are not counted." if record.crashes else "."
    report.say(fields, words + broken)
