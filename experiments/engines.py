"""Engines run cells: here in processes of this machine; ``ray_engine`` has the one for a cluster."""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Protocol

import msgspec
import psutil

from experiments.cells import AnyCell, run_cell
from experiments.results import CellResult, versions
from mile_desktop.channels.endpoint import Endpoint
from mile_desktop.channels.process import ChildProcess
from mile_desktop.storage.ids import now

_POLL_S = 0.05
_WAIT_S = 1.0


class CellDone(msgspec.Struct, frozen=True, tag=True):
    """A cell is finished."""

    result: CellResult


class CellFailed(msgspec.Struct, frozen=True, tag=True):
    """A cell could not be computed."""

    cell: AnyCell
    text: str


CellEvent = CellDone | CellFailed
OnEvent = Callable[[CellEvent], None]
Cancelled = Callable[[], bool]


class Compute(msgspec.Struct, frozen=True, tag=True):
    """Asks a worker for a cell."""

    cell: AnyCell


class Engine(Protocol):
    """Runs cells in any order."""

    def run(self, cells: Sequence[AnyCell], on_event: OnEvent, cancelled: Cancelled) -> None:
        """Run ``cells``; call ``on_event``, on the caller's thread, for each that is done or has failed.

        Returns when all have ended, or soon after ``cancelled`` returns True; the cells that run then are lost.
        """
        ...


def compute(cell: AnyCell) -> CellEvent:
    """Run ``cell`` in this process and time it; an exception becomes a ``CellFailed`` with its text."""
    import torch  # noqa: PLC0415 - only where cells are run

    torch.set_num_threads(1)  # one cell a core: threads inside a cell would only compete
    wall, cpu = time.monotonic(), time.process_time()
    try:
        result = run_cell(cell)
    except Exception as error:  # noqa: BLE001 - one broken cell must not end the others; it is reported and not kept
        return CellFailed(cell, f"{type(error).__name__}: {error}")
    return CellDone(
        CellResult(
            cell=cell,
            result=result,
            versions=versions(),
            cpu_s=round(time.process_time() - cpu, 2),
            wall_s=round(time.monotonic() - wall, 2),
            finished_at=now(),
        )
    )


def cell_worker(connection: Connection, niceness: int) -> None:
    """Compute the cells that arrive through the pipe, one after the other: main function of a worker process."""
    if niceness:
        psutil.Process().nice(max(niceness, psutil.Process().nice()))
    with Endpoint(connection, Compute) as endpoint:
        while not endpoint.closed:
            for command in endpoint.receive():
                endpoint.send(compute(command.cell))
            endpoint.wait(_WAIT_S)


class LocalEngine:
    """Spawned processes of this machine; used by one thread.

    The processes end when this one ends, also when it is killed. Only the cells in progress are lost.

    Parameters
    ----------
    workers
        Number of processes.
    niceness
        How far the priority of the processes is lowered, 0 to 19.
    """

    def __init__(self, workers: int = 1, niceness: int = 0) -> None:
        self._workers = max(1, workers)
        self._niceness = niceness

    def run(self, cells: Sequence[AnyCell], on_event: OnEvent, cancelled: Cancelled) -> None:
        """See ``Engine``."""
        waiting = deque(cells)
        with contextlib.ExitStack() as stack:
            busy: dict[ChildProcess[CellEvent], AnyCell | None] = {}
            for _ in range(min(self._workers, len(waiting))):
                busy[self._start(stack)] = None
            while (waiting or any(busy.values())) and not cancelled():
                for worker in tuple(busy):
                    self._serve(worker, busy, waiting, on_event)
                    if not worker.alive:
                        del busy[worker]
                        busy[self._start(stack)] = None
                time.sleep(_POLL_S)

    def _start(self, stack: contextlib.ExitStack) -> ChildProcess[CellEvent]:
        worker: ChildProcess[CellEvent] = ChildProcess(
            "experiment worker", cell_worker, (self._niceness,), event_type=CellEvent
        )
        worker.start()
        stack.callback(worker.stop, 0.0)  # at once: an unfinished cell is lost anyway, it can take minutes
        return worker

    def _serve(
        self,
        worker: ChildProcess[CellEvent],
        busy: dict[ChildProcess[CellEvent], AnyCell | None],
        waiting: deque[AnyCell],
        on_event: OnEvent,
    ) -> None:
        """Handle the events of ``worker`` and give it the next cell; when it has died, only its cell fails."""
        # Events first: a worker that died after it sent its result has not failed.
        for event in worker.drain():
            busy[worker] = None
            on_event(event)
        running = busy[worker]
        if not worker.alive:
            if running is not None:
                on_event(CellFailed(running, worker.exit_reason))
        elif running is None and waiting:
            busy[worker] = cell = waiting.popleft()
            worker.send(Compute(cell))
