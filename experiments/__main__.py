"""``mile-desktop bench``: what the methods are worth, by experiment; results as JSON, tables and plots from them."""

import argparse
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from experiments.cells import AnyCell
from experiments.engines import CellFailed, Engine, LocalEngine
from experiments.grid import GridProgress, run_grid
from experiments.learning_cell import LearningCell
from experiments.ray_engine import RayEngine
from experiments.reports import CELLS, report_learning, report_validation
from experiments.results import ResultStore
from experiments.supervisor_setup import Supervision
from experiments.validation import PARTS
from experiments.variants import VARIANTS, variant
from mile_desktop.commands.command import CancelledError, Command, CommandError, Report, positive
from mile_desktop.learning.cancellation import cancelled_by_signals
from mile_desktop.operators.supervisors import SUPERVISORS
from mile_desktop.scenes.catalogue import scene_info

_RESULTS = Path("benchmarks/results")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    words = parser.add_subparsers(metavar="EXPERIMENT", required=True)
    learning = words.add_parser("learning", help="success against human steps, for each method")
    _add_learning_arguments(learning)
    _add_running_arguments(learning, _RESULTS / "learning")
    learning.set_defaults(experiment=_run_learning)
    validation = words.add_parser(
        "validation", help="whether the method does what it promises, where the truth is known"
    )
    validation.add_argument("--scene", default="peg-insertion", metavar="S", help="(%(default)s)")
    validation.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS, metavar="P", help="(all of them)")
    validation.add_argument("--seeds", type=positive, default=5, metavar="N", help="number of seeds (%(default)s)")
    _add_running_arguments(validation, _RESULTS / "validation")
    validation.set_defaults(experiment=_run_validation)


def _run(options: argparse.Namespace, report: Report) -> None:
    options.experiment(options, report)


# ── what every experiment takes ──────────────────────────────────────────────────────────────────────────────────


def _add_running_arguments(parser: argparse.ArgumentParser, output: Path) -> None:
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="(%(default)s)")
    parser.add_argument("--address", metavar="A", help="of a Ray cluster; without it Ray is started here")
    parser.add_argument("--workers", type=positive, default=1, metavar="N", help="processes (%(default)s)")
    parser.add_argument(
        "--nice", type=_niceness, default=10, metavar="N", help="step back by so much, 0 to 19 (%(default)s)"
    )
    parser.add_argument("--output", type=Path, default=output, metavar="DIR", help="(%(default)s)")
    parser.add_argument("--document", type=Path, metavar="FILE", help="Markdown file whose section is filled as well")
    parser.add_argument("--show", action="store_true", help="run nothing; tables and figures of what is there")
    parser.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object a line on standard output"
    )


def _niceness(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 19:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 19")
    return number


def _run_cells(cells: Sequence[AnyCell], options: argparse.Namespace, report: Report) -> None:
    """Run what is missing; ``CommandError`` when cells failed, ``CancelledError`` when it was stopped."""
    store = ResultStore(options.output / CELLS)
    with cancelled_by_signals() as cancel:
        outcome = run_grid(
            cells, store, _engine(options), on_progress=partial(_say, report=report), cancelled=cancel.is_set
        )
    if outcome.failed:
        first = outcome.failed[0]
        raise CommandError(
            f"{len(outcome.failed)} of {len(cells)} cells failed, the others are kept in {store.folder}; the first, "
            f"{first.cell.title}: {first.text}"
        )
    if outcome.cancelled:
        report.say({}, f"Stopped; {len(outcome.results)} of {len(cells)} cells are kept in {store.folder}.")
        raise CancelledError


def _engine(options: argparse.Namespace) -> Engine:
    if options.engine == "ray":
        return RayEngine(options.address, options.workers)
    return LocalEngine(options.workers, options.nice)


def _say(progress: GridProgress, *, report: Report) -> None:
    event = progress.event
    place = f"[{progress.done}/{progress.total}]"
    if isinstance(event, CellFailed):
        report.say({"failed": event.cell.title, "reason": event.text}, f"{place} {event.cell.title}: {event.text}")
        return
    done = event.result
    report.say(
        {
            "done": progress.done,
            "total": progress.total,
            "cell": done.cell.title,
            "summary": done.result.summary,
            "cpu_s": done.cpu_s,
            "minutes_left": round(progress.minutes_left, 1),
        },
        f"{place} {done.cell.title}: {done.result.summary}, {done.cpu_s:.0f} s; "
        f"about {progress.minutes_left:.0f} min left",
    )


def _parsed(text: str, option: str) -> dict[str, Any]:
    try:
        named: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise CommandError(f'{option} is no JSON ({error}); expected an object such as {{"epochs": 40}}.') from error
    if not isinstance(named, dict):
        raise CommandError(f'{option} is {named!r}; expected an object such as {{"epochs": 40}}.')
    return named


# ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _add_learning_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scene", nargs="+", default=["peg-insertion"], metavar="S", help="see `mile-desktop scenes`")
    parser.add_argument(
        "--methods",
        nargs="+",
        default=["mile", "bc", "hg-dagger", "iwr"],
        choices=VARIANTS,
        metavar="M",
        help=f"among {', '.join(VARIANTS)}",
    )
    parser.add_argument("--seeds", type=positive, default=3, metavar="N", help="number of seeds (%(default)s)")
    parser.add_argument("--first-seed", type=int, default=0, metavar="K", help="seeds begin here (%(default)s)")
    parser.add_argument("--rounds", type=positive, default=4, metavar="N", help="(%(default)s)")
    parser.add_argument("--episodes", type=positive, default=5, metavar="N", help="supervised, a round (%(default)s)")
    parser.add_argument("--evaluate", type=positive, default=50, metavar="N", help="seeds evaluated (%(default)s)")
    parser.add_argument(
        "--evaluated-after", nargs="+", type=positive, default=[], metavar="R", help="only after these rounds (all)"
    )
    parser.add_argument("--epochs", type=positive, default=60, metavar="N", help="of each training (%(default)s)")
    parser.add_argument("--settings", default="{}", metavar="JSON", help="any other training setting by its name")
    parser.add_argument("--supervisor", default="attentive", choices=SUPERVISORS, help="(%(default)s)")
    parser.add_argument(
        "--supervision",
        default="{}",
        metavar="JSON",
        help='what is wrong with them, e.g. {"lag_steps": 4, "bias": 0.2}',
    )


def _run_learning(options: argparse.Namespace, report: Report) -> None:
    if not options.show:
        _run_cells(_learning_cells(options), options, report)
    report.say({"output": str(options.output)}, report_learning(options.output, options.document))


def _learning_cells(options: argparse.Namespace) -> list[AnyCell]:
    """Return the grid, seed by seed: a run that is stopped has compared everything on fewer seeds."""
    wrong = _parsed(options.supervision, "--supervision")
    supervision = msgspec.convert({"kind": options.supervisor, **wrong}, Supervision)
    training = _parsed(options.settings, "--settings")
    return [
        LearningCell(
            scene=scene_info(scene).name,
            method=method,
            training={**variant(method), "epochs": options.epochs, **training},
            supervision=supervision,
            seed=seed,
            rounds=options.rounds,
            episodes=options.episodes,
            evaluate=options.evaluate,
            evaluated_after=tuple(options.evaluated_after),
        )
        for seed in range(options.first_seed, options.first_seed + options.seeds)
        for scene in options.scene
        for method in options.methods
    ]


# ── validation ───────────────────────────────────────────────────────────────────────────────────────────────────


def _run_validation(options: argparse.Namespace, report: Report) -> None:
    if not options.show:
        scene = scene_info(options.scene).name
        cells = [cell for part in options.parts for cell in PARTS[part](scene, options.seeds)]
        _run_cells(cells, options, report)
    report.say({"output": str(options.output)}, report_validation(options.output, options.document))


BENCH = Command("bench", "measure what the methods are worth", _add_arguments, _run)
