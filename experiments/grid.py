"""Runs the missing cells of a grid."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from experiments.cells import AnyCell
from experiments.engines import Cancelled, CellDone, CellEvent, CellFailed, Engine
from experiments.results import CellResult, ResultStore


@dataclass(frozen=True, slots=True)
class GridProgress:
    """Progress of a grid after each cell."""

    done: int
    """Finished cells, those of earlier runs included."""
    total: int
    event: CellEvent
    minutes_left: float
    """At the pace of this run so far."""


@dataclass(frozen=True, slots=True)
class GridOutcome:
    """How a run of a grid ended."""

    results: tuple[CellResult, ...]
    """In the order of the cells; missing ones are left out."""
    failed: tuple[CellFailed, ...]
    cancelled: bool


def run_grid(
    cells: Sequence[AnyCell],
    store: ResultStore,
    engine: Engine,
    *,
    on_progress: Callable[[GridProgress], None] = lambda _: None,
    cancelled: Cancelled = lambda: False,
) -> GridOutcome:
    """Run those of ``cells`` that ``store`` does not have, and write each as soon as it is done.

    Raises
    ------
    ResultError
        When an earlier result is damaged.
    """
    missing = [cell for cell in cells if cell not in store]
    done = len(cells) - len(missing)
    began, tried = time.monotonic(), 0
    failed: list[CellFailed] = []

    def handle(event: CellEvent) -> None:
        nonlocal done, tried
        tried += 1
        if isinstance(event, CellDone):
            store.write(event.result)
            done += 1
        else:
            failed.append(event)
        # mean time of a cell in this run, times the cells that are left; failed cells count as work, too
        left = (time.monotonic() - began) / tried * (len(missing) - tried) / 60
        on_progress(GridProgress(done, len(cells), event, left))

    if missing:
        engine.run(missing, handle, cancelled)
    results = tuple(store.read(cell) for cell in cells if cell in store)
    return GridOutcome(results, tuple(failed), cancelled=len(results) + len(failed) < len(cells))
