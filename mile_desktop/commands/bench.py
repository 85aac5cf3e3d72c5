"""``mile-desktop bench``: what the methods are worth, by experiment; results as JSON, tables and plots from them."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mile_desktop.commands.command import CancelledError, Command, CommandError, Report, positive
from mile_desktop.evaluation.experiments.cells import AnyCell
from mile_desktop.evaluation.experiments.engines import CellDone, CellFailed, Engine, LocalEngine
from mile_desktop.evaluation.experiments.grid import GridOutcome, GridProgress, run_grid
from mile_desktop.evaluation.experiments.learning import LearningCell
from mile_desktop.evaluation.experiments.results import ResultStore
from mile_desktop.evaluation.experiments.supervision import Supervision
from mile_desktop.evaluation.experiments.variants import VARIANTS, variant
from mile_desktop.learning.cancelling import cancelled_by_signals
from mile_desktop.operators.supervisors import SUPERVISORS
from mile_desktop.scenes.catalogue import scene_info


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    words = parser.add_subparsers(metavar="EXPERIMENT", required=True)
    learning = words.add_parser("learning", help="success against human steps, for each method")
    _add_learning_arguments(learning)
    learning.set_defaults(experiment=_run_learning)


def _add_learning_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scene", nargs="+", default=["peg-insertion"], metavar="S", help="one or more scenes")
    parser.add_argument(
        "--methods", nargs="+", default=["mile", "bc", "hg-dagger", "iwr"], choices=VARIANTS, metavar="M",
        help=f"among {', '.join(VARIANTS)}",
    )  # fmt: skip
    parser.add_argument("--seeds", type=positive, default=3, metavar="N", help="number of seeds (%(default)s)")
    parser.add_argument("--rounds", type=positive, default=4, metavar="N", help="(%(default)s)")
    parser.add_argument("--episodes", type=positive, default=5, metavar="N", help="supervised, a round (%(default)s)")
    parser.add_argument("--evaluate", type=positive, default=50, metavar="N", help="seeds evaluated (%(default)s)")
    parser.add_argument(
        "--evaluated-after", nargs="+", type=positive, default=[], metavar="R", help="rounds to evaluate (all)"
    )
    parser.add_argument("--epochs", type=positive, default=60, metavar="N", help="of each training (%(default)s)")
    parser.add_argument("--settings", default="{}", metavar="JSON", help="any other training setting by its name")
    parser.add_argument("--supervisor", default="attentive", choices=SUPERVISORS, help="(%(default)s)")
    parser.add_argument("--supervision", default="{}", metavar="JSON", help="anything else about the supervisor")
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="(%(default)s)")
    parser.add_argument("--address", metavar="A", help="of a Ray cluster; without it one is started here")
    parser.add_argument("--workers", type=positive, default=1, metavar="N", help="processes (%(default)s)")
    parser.add_argument("--nice", type=int, default=10, metavar="N", help="step back by so much, 0 to 19 (%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/learning"), metavar="DIR")
    parser.add_argument("--json", action="store_true", help="one JSON object a line on standard output")


def _run(options: argparse.Namespace, report: Report) -> None:
    options.experiment(options, report)


def _run_learning(options: argparse.Namespace, report: Report) -> None:
    cells = learning_cells(options)
    _run_cells(cells, options, report)


def learning_cells(options: argparse.Namespace) -> list[AnyCell]:
    """Return the grid, seed by seed, so that a run that is stopped has compared everything on fewer seeds."""
    supervision = _parsed(options.supervision, "--supervision")
    training = _parsed(options.settings, "--settings")
    return [
        LearningCell(
            scene=scene_info(scene).name,
            method=method,
            training={**variant(method), "epochs": options.epochs, **training},
            supervision=Supervision(kind=options.supervisor, **supervision),
            seed=seed,
            rounds=options.rounds,
            episodes=options.episodes,
            evaluate=options.evaluate,
            evaluated_after=tuple(options.evaluated_after),
        )
        for seed in range(options.seeds)
        for scene in options.scene
        for method in options.methods
    ]


def _parsed(text: str, option: str) -> dict[str, Any]:
    try:
        named: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise CommandError(f'{option} is no JSON ({error}); expected an object such as {{"epochs": 40}}.') from error
    if not isinstance(named, dict):
        raise CommandError(f'{option} is {named!r}; expected an object such as {{"epochs": 40}}.')
    return named


def _engine(options: argparse.Namespace) -> Engine:
    return LocalEngine(options.workers, options.nice)


def _run_cells(cells: Sequence[AnyCell], options: argparse.Namespace, report: Report) -> GridOutcome:
    store = ResultStore(options.output / "cells")
    with cancelled_by_signals() as cancel:
        outcome = run_grid(
            cells, store, _engine(options), on_progress=lambda each: _say(each, report), cancelled=cancel.is_set
        )
    if outcome.failed:
        first = outcome.failed[0]
        raise CommandError(f"{len(outcome.failed)} cells failed; the first, {first.cell.title}: {first.text}")
    if outcome.cancelled:
        raise CancelledError
    return outcome


def _say(progress: GridProgress, report: Report) -> None:
    event = progress.event
    place = f"[{progress.done}/{progress.total}]"
    if isinstance(event, CellFailed):
        report.say({"failed": event.cell.title, "reason": event.text}, f"{place} {event.cell.title}: {event.text}")
    elif isinstance(event, CellDone):
        result = event.result
        fields = {"done": progress.done, "total": progress.total, "cell": result.cell.title, "cpu_s": result.cpu_s}
        words = f"{place} {result.cell.title}: {result.result.summary}, {result.cpu_s:.0f} s"
        report.say({**fields, "summary": result.result.summary}, words)


BENCH = Command("bench", "measure what the methods are worth", _add_arguments, _run)
