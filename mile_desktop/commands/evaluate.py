"""``mile-desktop evaluate``."""

import argparse

from mile_desktop.commands.command import Command, Report, add_policy_argument, add_scene_argument, positive
from mile_desktop.evaluation.evaluate import FIRST_EVALUATION_SEED, evaluation_seeds
from mile_desktop.evaluation.policies import evaluate_policy
from mile_desktop.evaluation.statistics import wilson_interval
from mile_desktop.storage.workspace import Workspace


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_scene_argument(parser)
    add_policy_argument(parser)
    parser.add_argument("--episodes", type=positive, default=50, metavar="N", help="(%(default)s)")
    parser.add_argument(
        "--seed", type=int, default=FIRST_EVALUATION_SEED, metavar="K", help="seed of the first episode (%(default)s)"
    )


def _run(options: argparse.Namespace, report: Report) -> None:
    with Workspace.open(options.workspace) as workspace:
        seeds = evaluation_seeds(options.episodes, options.seed)
        record = evaluate_policy(workspace, options.scene, options.policy, seeds)
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
    }
    report.say(
        fields,
        f"{record.policy_id}: {record.successes} of {whole} succeeded, 95 % interval {low:.0%} to {high:.0%}"
        + (f"; {record.crashes} broke down and are not counted." if record.crashes else "."),
    )


EVALUATE = Command("evaluate", "success of a policy on fixed seeds", _add_arguments, _run)
