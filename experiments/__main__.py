"""``python -m experiments``: what the learning methods are worth. Results are JSON; tables and plots come from them.

A grid writes one file a cell to ``out/experiments/<grid>``, which git ignores, and skips cells that are in there or in
the record ``experiments/results/<grid>.jsonl``. ``python -m experiments record <grid>`` adds the files to the record.
"""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

# torch reads it on import: these networks are too small for a second thread to help
os.environ.setdefault("OMP_NUM_THREADS", "1")

from experiments.arms import CONTROL_ARMS
from experiments.cells import AnyCell
from experiments.engines import CellFailed, Engine, LocalEngine
from experiments.figures import require_matplotlib
from experiments.generation_grid import GENERATION_SCENES, generation_grid, report_generation
from experiments.grid import GridProgress, run_grid
from experiments.learning_grid import LearningGrid, learning_cells
from experiments.one_demonstration import (
    ONE_DEMONSTRATION_SCENES,
    one_demonstration_grid,
    report_one_demonstration,
)
from experiments.promotion_gate import report_gate
from experiments.ray_engine import RayEngine
from experiments.reports import report_learning, report_validation
from experiments.reproduction import REPRODUCTION_METHODS, report_reproduction, reproduction_grid
from experiments.results import ResultStore
from experiments.seeds import EVALUATION_STARTS, SEED_SETS
from experiments.starts import Start
from experiments.validation_grid import PARTS
from experiments.variants import VARIANTS
from experiments.words_grid import WORDS_SCENES, report_words, words_grid
from mile_desktop.commands.command import CancelledError, CommandError, Report, positive
from mile_desktop.errors import UserError
from mile_desktop.learning.cancellation import cancelled_by_signals
from mile_desktop.operators.supervisors import SUPERVISORS
from mile_desktop.scenes.catalogue import scene_info

_RESULTS = Path("experiments/results")
_WORK = Path("out/experiments")
_GRIDS = ("learning", "one-demonstration", "reproduction", "validation", "generation", "words")
_CANCELLED = 130
_SEEDS = 3
"""Of a learning grid, where no number and no set is given."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Returns
    -------
    0 when it is done, 1 after an error (one line on standard error), 2 for bad usage, 130 when cancelled.
    """
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as ending:  # argparse has printed the error or the help
        return int(ending.code or 0)
    logging.basicConfig(level=logging.WARNING, format="experiments: %(message)s")
    try:
        options.run(options, Report(options.json))
    except (CancelledError, KeyboardInterrupt):
        sys.stderr.write("experiments: cancelled\n")
        return _CANCELLED
    except (UserError, OSError) as error:
        sys.stderr.write(f"experiments: {' '.join(str(error).split())}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m experiments", description="What the learning methods are worth.")
    words = parser.add_subparsers(metavar="COMMAND", required=True)
    learning = words.add_parser("learning", help="success against human steps, for each method")
    _add_learning_arguments(learning)
    _add_grid_arguments(learning)
    learning.set_defaults(run=_run_learning, grid="learning")
    first = words.add_parser("one-demonstration", help="operator minutes from one demonstration to 95 %%")
    first.add_argument("--scene", nargs="+", default=list(ONE_DEMONSTRATION_SCENES), metavar="S", help="(%(default)s)")
    first.add_argument("--seeds", type=positive, default=10, metavar="N", help="reporting seeds (%(default)s)")
    first.add_argument("--supervisor", default="attentive", choices=SUPERVISORS, help="(%(default)s)")
    _add_grid_arguments(first)
    first.set_defaults(run=_run_one_demonstration, grid="one-demonstration")
    again = words.add_parser("reproduction", help="the paper's regime: no demonstrations in training, known c and σ")
    again.add_argument("--scene", nargs="+", default=["lunar-lander"], metavar="S", help="(%(default)s)")
    again.add_argument("--seeds", type=positive, default=10, metavar="N", help="reporting seeds (%(default)s)")
    again.add_argument(
        "--methods", nargs="+", default=list(REPRODUCTION_METHODS), choices=VARIANTS, metavar="M", help="(%(default)s)"
    )
    _add_grid_arguments(again)
    again.set_defaults(run=_run_reproduction, grid="reproduction")
    validation = words.add_parser("validation", help="whether the method finds the truth where the truth is known")
    validation.add_argument("--scene", default="peg-insertion", metavar="S", help="(%(default)s)")
    validation.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS, metavar="P", help="(all of them)")
    validation.add_argument("--seeds", type=positive, default=5, metavar="N", help="number of seeds (%(default)s)")
    _add_grid_arguments(validation)
    validation.set_defaults(run=_run_validation, grid="validation")
    generation = words.add_parser("generation", help="whether generated data helps where the robot differs")
    generation.add_argument("--scene", nargs="+", default=list(GENERATION_SCENES), metavar="S", help="(%(default)s)")
    generation.add_argument("--seeds", type=positive, default=5, metavar="N", help="number of seeds (%(default)s)")
    _add_grid_arguments(generation)
    generation.set_defaults(run=_run_generation, grid="generation")
    spoken = words.add_parser("words", help="corrections in words against the pad")
    spoken.add_argument("--scene", nargs="+", default=list(WORDS_SCENES), metavar="S", help="(%(default)s)")
    spoken.add_argument("--seeds", type=positive, default=5, metavar="N", help="number of seeds (%(default)s)")
    _add_grid_arguments(spoken)
    spoken.set_defaults(run=_run_words, grid="words")
    gate = words.add_parser("gate", help="how often the promotion gate lets a worse policy through; runs nothing new")
    _add_places(gate)
    gate.add_argument("--document", type=Path, metavar="FILE", help="Markdown file whose section gate is replaced, too")
    gate.set_defaults(run=_run_gate)
    record = words.add_parser("record", help="add the finished cells of a grid to its record, one line a cell")
    record.add_argument("grid", choices=_GRIDS)
    _add_places(record)
    record.set_defaults(run=_run_record)
    return parser


# ── arguments of every grid ──────────────────────────────────────────────────────────────────────────────────────


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--results", type=Path, default=_RESULTS, metavar="DIR", help="records, figures (%(default)s)")
    parser.add_argument("--work", type=Path, default=_WORK, metavar="DIR", help="single cells (%(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line on standard output")


def _add_grid_arguments(parser: argparse.ArgumentParser) -> None:
    _add_places(parser)
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="(%(default)s)")
    parser.add_argument("--address", metavar="A", help="of a Ray cluster; without it Ray is started here")
    parser.add_argument("--workers", type=positive, default=1, metavar="N", help="processes (%(default)s)")
    parser.add_argument(
        "--nice", type=_niceness, default=10, metavar="N", help="lower the priority by N, 0 to 19 (%(default)s)"
    )
    parser.add_argument("--document", type=Path, metavar="FILE", help="Markdown file whose sections are replaced, too")
    parser.add_argument("--show", action="store_true", help="run nothing; tables and figures of the results so far")


def _niceness(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 19:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 19")
    return number


def _store(options: argparse.Namespace) -> ResultStore:
    return ResultStore(options.work / options.grid, options.results / f"{options.grid}.jsonl")


def _run_cells(cells: Sequence[AnyCell], options: argparse.Namespace, report: Report) -> None:
    """Run the missing cells; ``CommandError`` when cells failed, ``CancelledError`` when it was stopped."""
    store = _store(options)
    with cancelled_by_signals() as cancel:
        outcome = run_grid(
            cells, store, _engine(options), on_progress=partial(_show_progress, report=report), cancelled=cancel.is_set
        )
    if outcome.failed:
        first = outcome.failed[0]
        raise CommandError(
            f"{len(outcome.failed)} of {len(cells)} cells failed; the others are in {store.work}. The first one, "
            f"{first.cell.title}: {first.text}"
        )
    if outcome.cancelled:
        report.say({}, f"Stopped; {len(outcome.results)} of {len(cells)} cells are done, see {store.work}.")
        raise CancelledError


def _engine(options: argparse.Namespace) -> Engine:
    if options.engine == "ray":
        return RayEngine(options.address, options.workers)
    return LocalEngine(options.workers, options.nice)


def _show_progress(progress: GridProgress, *, report: Report) -> None:
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
        raise CommandError(f'{option} is not JSON ({error}); expected an object such as {{"epochs": 40}}.') from error
    if not isinstance(named, dict):
        raise CommandError(f'{option} is {named!r}; expected an object such as {{"epochs": 40}}.')
    return named


# ── subcommands ──────────────────────────────────────────────────────────────────────────────────────────────────


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
    parser.add_argument("--controls", action="store_true", help="the control arms as well")
    parser.add_argument("--seeds", type=positive, metavar="N", help=f"number of seeds ({_SEEDS}, or all of the set)")
    parser.add_argument(
        "--seed-set", choices=SEED_SETS, help="seeds for choosing or for reporting instead, see experiments/seeds.py"
    )
    parser.add_argument("--first-seed", type=int, default=0, metavar="K", help="first of the seeds (%(default)s)")
    parser.add_argument("--rounds", type=positive, default=4, metavar="N", help="(%(default)s)")
    parser.add_argument("--episodes", type=positive, default=5, metavar="N", help="supervised, a round (%(default)s)")
    parser.add_argument(
        "--evaluate", type=positive, default=EVALUATION_STARTS, metavar="N", help="evaluation starts (%(default)s)"
    )
    parser.add_argument(
        "--evaluated-after", nargs="+", type=positive, default=[], metavar="R", help="only after these rounds (all)"
    )
    parser.add_argument("--epochs", type=positive, default=60, metavar="N", help="of each training (%(default)s)")
    parser.add_argument("--settings", default="{}", metavar="JSON", help="any other training setting by its name")
    parser.add_argument(
        "--demonstrations",
        type=int,
        default=0,
        metavar="K",
        help="start from a policy trained to convergence on so many new ones; 0: the bundled policy (%(default)s)",
    )
    parser.add_argument("--no-demonstrations", action="store_true", help="trainings do not learn from demonstrations")
    parser.add_argument("--one-side", action="store_true", help="these demonstrations from one side of the starts only")
    parser.add_argument("--habit", default="", metavar="FLAW", help="these demonstrations by an expert with this flaw")
    parser.add_argument(
        "--demonstrated-on", default="", metavar="SHIFT", help="these demonstrations on a shifted robot"
    )
    parser.add_argument("--supervisor", default="attentive", choices=SUPERVISORS, help="(%(default)s)")
    parser.add_argument(
        "--supervision",
        default="{}",
        metavar="JSON",
        help='what is wrong with the supervisor, e.g. {"lag_steps": 4, "bias": 0.2}',
    )


def _run_learning(options: argparse.Namespace, report: Report) -> None:
    require_matplotlib()
    if not options.show:
        grid = LearningGrid(
            scenes=tuple(scene_info(scene).name for scene in options.scene),
            methods=_methods(options),
            seeds=_seeds(options),
            supervisor=options.supervisor,
            supervision=_parsed(options.supervision, "--supervision"),
            training={"epochs": options.epochs, **_parsed(options.settings, "--settings")},
            rounds=options.rounds,
            episodes=options.episodes,
            evaluate=options.evaluate,
            evaluated_after=tuple(options.evaluated_after),
            start=Start(
                options.demonstrations,
                "one side" if options.one_side else "anywhere",
                options.habit,
                options.demonstrated_on,
            ),
            keeps_demonstrations=not options.no_demonstrations,
        )
        _run_cells(learning_cells(grid), options, report)
    figures = options.results / options.grid
    report.say({"figures": str(figures)}, report_learning(_store(options), figures, options.document))


def _run_one_demonstration(options: argparse.Namespace, report: Report) -> None:
    require_matplotlib()
    _run_scenes(options, report, lambda scenes: one_demonstration_grid(scenes, options.seeds, options.supervisor))
    text = report_one_demonstration(_store(options), options.results / options.grid, options.document)
    report.say({"tables": text}, text)


def _run_reproduction(options: argparse.Namespace, report: Report) -> None:
    require_matplotlib()
    _run_scenes(options, report, lambda scenes: reproduction_grid(scenes, options.seeds, options.methods))
    text = report_reproduction(_store(options), options.results / options.grid, options.document)
    report.say({"tables": text}, text)


def _run_generation(options: argparse.Namespace, report: Report) -> None:
    _run_scenes(options, report, lambda scenes: generation_grid(scenes, options.seeds))
    text = report_generation(_store(options), options.document)
    report.say({"tables": text}, text)


def _run_words(options: argparse.Namespace, report: Report) -> None:
    _run_scenes(options, report, lambda scenes: words_grid(scenes, options.seeds))
    text = report_words(_store(options), options.document)
    report.say({"tables": text}, text)


def _run_scenes(
    options: argparse.Namespace, report: Report, cells: Callable[[tuple[str, ...]], Sequence[AnyCell]]
) -> None:
    """Run the cells of the named scenes, unless only the results so far were asked for."""
    if not options.show:
        _run_cells(cells(tuple(scene_info(scene).name for scene in options.scene)), options, report)


def _methods(options: argparse.Namespace) -> tuple[str, ...]:
    controls = CONTROL_ARMS if options.controls else ()
    return tuple(dict.fromkeys((*controls, *options.methods)))


def _seeds(options: argparse.Namespace) -> tuple[int, ...]:
    if options.seed_set is not None:
        return SEED_SETS[options.seed_set][: options.seeds]
    return tuple(range(options.first_seed, options.first_seed + (options.seeds or _SEEDS)))


def _run_validation(options: argparse.Namespace, report: Report) -> None:
    require_matplotlib()
    if not options.show:
        scene = scene_info(options.scene).name
        _run_cells([cell for part in options.parts for cell in PARTS[part](scene, options.seeds)], options, report)
    figures = options.results / options.grid
    report.say({"figures": str(figures)}, report_validation(_store(options), figures, options.document))


def _run_gate(options: argparse.Namespace, report: Report) -> None:
    stores = [
        ResultStore(options.work / grid, options.results / f"{grid}.jsonl") for grid in ("learning", "reproduction")
    ]
    text = report_gate(stores, options.document)
    report.say({"tables": text}, text)


def _run_record(options: argparse.Namespace, report: Report) -> None:
    store = _store(options)
    cells = store.write_record()
    report.say({"record": str(store.record), "cells": cells}, f"{store.record} holds {cells} cells.")


if __name__ == "__main__":
    sys.exit(main())
