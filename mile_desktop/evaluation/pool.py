"""A pool of processes that run evaluation episodes; it stays alive between evaluations.

Nothing heavy is imported here, so that the window can own a pool as well as a command can.
"""

import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from mile_desktop.channels.errors import ChannelError
from mile_desktop.channels.messages import Shutdown
from mile_desktop.channels.process import ChildProcess
from mile_desktop.channels.shared import StateSample, StateSlot
from mile_desktop.evaluation.messages import (
    CancelEpisode,
    EpisodeBegan,
    EpisodeCancelled,
    EpisodeEnded,
    EpisodeProgress,
    EpisodeRefused,
    EpisodeStates,
    Event,
    RunEpisode,
    WatchEpisode,
    WorkerReady,
)
from mile_desktop.processes import evaluation_worker

NICENESS = 15
"""Workers have a lower priority than the window, supervision and even a training."""

SILENCE_S = 60.0
"""A worker that runs an episode and sent nothing for this long is stuck and is killed."""

START_S = 300.0
"""The limit until the first episode begins: on a busy machine a process of low priority waits long for its imports."""

_AHEAD = 2
"""Episodes given to a worker, the running one included, so that it has the next one when an episode ends."""

_DEATHS_IN_A_ROW = 6
"""After this many deaths without an episode that ended in between, the fault is not one worker's or one episode's."""

_BEGUN, _NOT_BEGUN, _IS_CRASH = 2, 1, 4
"""Weight of a worker's death for the episode it had, begun or not, and the sum from which the episode is a crash: two
deaths of episodes that began. A death before it began counts half, because of several workers that are killed at once
one may be given an episode when it is dead already."""
_POLL_S = 0.01

WorkerTarget = Callable[[Connection, str, int], None]


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """A worker died; its episodes are run again, once."""

    ticket: int
    """The episode it was running; −1 if it was idle or still starting."""
    text: str
    """The reason in one sentence."""


PoolEvent = EpisodeBegan | EpisodeProgress | EpisodeStates | EpisodeEnded | EpisodeRefused | WorkerLost


def default_workers() -> int:
    """Return the number of workers that leave the window responsive: one fewer than there are processors."""
    return max(1, processors() - 1)


def processors() -> int:
    """Return how many processors this process may use."""
    # A container may own fewer processors than the machine has.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass
class _Worker:
    """One process and its episodes, the running one first."""

    child: ChildProcess[Event]
    slot: StateSlot
    orders: deque[RunEpisode] = field(default_factory=deque)
    sent_at: float = 0.0
    ready: bool = False
    """Whether it has finished its imports and can run episodes."""
    begun: int = -1
    """Ticket of the episode that it began last."""


class EvaluationPool:
    """Runs episodes in separate processes; owned by one thread, which calls ``poll`` repeatedly.

    A worker that dies is replaced. The episode it was running is run once more; when that kills a worker again, it
    ends as a crash. Only ``close`` and ``wait`` block.

    Parameters
    ----------
    workers
        Largest number of processes; they are started when episodes wait.
    niceness
        How far the priority of the processes is lowered, 0 to 19.
    target
        Entry point of the process, called there as ``target(connection, state_slot_name, niceness)``.
    clock
        Seconds, monotonic.

    Raises
    ------
    ValueError
        When ``workers`` is less than one.
    """

    def __init__(
        self,
        workers: int,
        *,
        niceness: int = NICENESS,
        target: WorkerTarget = evaluation_worker,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if workers < 1:
            raise ValueError(f"A pool needs at least one worker, got {workers}.")
        self._size = workers
        self._niceness = niceness
        self._target = target
        self._clock = clock
        self._workers: list[_Worker] = []
        # Here and not in the workers, so that a fast worker takes more and a dead one loses little.
        self._queue: deque[RunEpisode] = deque()
        # Ticket → weight of the deaths of workers that had it, see ``_IS_CRASH``.
        self._deaths: dict[int, int] = {}
        self._deaths_in_a_row = 0
        self._watched = WatchEpisode(ticket=-1)
        self._watched_in: _Worker | None = None
        self._next_ticket = 0
        self._cancelled: set[int] = set()

    # ── for the owner ──────────────────────────────────────────────────────────────────────────────────

    @property
    def size(self) -> int:
        """Largest number of workers."""
        return self._size

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers that live."""
        return tuple(worker.child.pid for worker in self._workers if worker.child.alive)

    @property
    def busy(self) -> bool:
        """Whether an episode runs or waits."""
        return bool(self._queue) or any(worker.orders for worker in self._workers)

    def submit(self, scene: str, source: str, seed: int, *, first: bool = False, recorded: bool = False) -> int:
        """Queue an episode and return its ticket; ``first``: before everything that waits.

        ``recorded``: its states come as events, as those of a watched episode do.
        """
        order = RunEpisode(ticket=self._next_ticket, scene=scene, source=source, seed=seed, recorded=recorded)
        self._next_ticket += 1
        if first:
            self._queue.appendleft(order)
        else:
            self._queue.append(order)
        return order.ticket

    def cancel(self, tickets: Iterable[int]) -> None:
        """Cancel episodes; no event of them follows."""
        wanted = set(tickets)
        # Episodes that still wait here need no message.
        self._queue = deque(order for order in self._queue if order.ticket not in wanted)
        for worker in self._workers:
            for order in worker.orders:
                if order.ticket in wanted:
                    # Remembered until the worker answers: results that are on their way must not appear any more.
                    self._cancelled.add(order.ticket)
                    self._send(worker, CancelEpisode(ticket=order.ticket))

    def watch(self, ticket: int, steps_per_second: float = 0.0) -> None:
        """Let ``state`` follow one episode from now on, no faster than ``steps_per_second``; −1: none."""
        self._watched = WatchEpisode(ticket=ticket, steps_per_second=steps_per_second)
        if self._watched_in in self._workers:
            self._send(self._watched_in, self._watched)
        self._watched_in = None
        for worker in self._workers:
            if self._has(worker, ticket):
                self._show(worker)

    def state(self, after: int = 0) -> StateSample | None:
        """Return the newest state of the watched episode, None when none is newer than sequence ``after``.

        Sequences grow within one worker's memory: start at 0 with every ``watch``.
        """
        return self._watched_in.slot.read(after) if self._watched_in in self._workers else None

    def poll(self) -> list[PoolEvent]:
        """Receive events, end and replace workers that are stuck or dead, and give out episodes; never waits."""
        events: list[PoolEvent] = []
        for worker in list(self._workers):
            # Read before the events: a worker that dies between the two lines is replaced by the next poll, and the
            # results that it sent before its end are not lost.
            alive = worker.child.alive
            events += self._receive(worker)
            if not alive:
                events += self._replace(worker)
            elif self._is_stuck(worker):
                with contextlib.suppress(ProcessLookupError):
                    # SIGKILL, because a worker that is stuck in C code handles no other signal.
                    os.kill(worker.child.pid, signal.SIGKILL)
        self._hand_out()
        return events

    def wait(self, timeout_s: float = _POLL_S) -> None:
        """Sleep for a moment; for owners that have nothing else to do."""
        time.sleep(timeout_s)

    def close(self) -> None:
        """End the workers; nothing runs when this returns. A second call does nothing."""
        workers, self._workers = self._workers, []
        self._queue.clear()
        for worker in workers:
            # All of them first, so that they end at the same time and not one after the other.
            self._send(worker, Shutdown())
        for worker in workers:
            worker.child.stop()
            worker.slot.close()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _has(self, worker: _Worker, ticket: int) -> bool:
        return any(order.ticket == ticket for order in worker.orders)

    def _send(self, worker: _Worker, command: CancelEpisode | WatchEpisode | RunEpisode | Shutdown) -> None:
        # a worker that is gone is noticed and reported by the next poll
        with contextlib.suppress(ChannelError):
            worker.child.send(command)

    def _hand_out(self) -> None:
        # A new process costs seconds of imports, so one is started only when no worker is idle.
        while self._queue and len(self._workers) < self._size and not self._idle():
            self._workers.append(self._start_worker())
        while self._queue and (worker := self._least_busy()) is not None:
            order = self._queue.popleft()
            worker.orders.append(order)
            worker.sent_at = self._clock()
            self._send(worker, order)
            if order.ticket == self._watched.ticket:
                self._show(worker)

    def _show(self, worker: _Worker) -> None:
        self._watched_in = worker
        self._send(worker, self._watched)

    def _idle(self) -> bool:
        return any(not worker.orders for worker in self._workers)

    def _least_busy(self) -> _Worker | None:
        # Two episodes for each: while one is reported, the next is already running.
        free = [worker for worker in self._workers if len(worker.orders) < _AHEAD and worker.child.alive]
        return min(free, key=_load, default=None)

    def _start_worker(self) -> _Worker:
        slot = StateSlot.create()
        child: ChildProcess[Event] = ChildProcess(
            "evaluation worker", self._target, (slot.name, self._niceness), event_type=Event
        )
        try:
            child.start()
        # The memory belongs to this process and would stay until it ends.
        except BaseException:
            slot.close()
            raise
        return _Worker(child, slot)

    def _receive(self, worker: _Worker) -> list[PoolEvent]:
        received: list[PoolEvent] = []
        for event in worker.child.drain():
            if isinstance(event, WorkerReady):
                worker.ready = True
                continue
            if isinstance(event, EpisodeBegan):
                worker.begun = event.ticket
            given_up = event.ticket in self._cancelled
            if isinstance(event, (EpisodeEnded, EpisodeRefused, EpisodeCancelled)):
                self._forget(worker, event.ticket)
                # An episode that ended shows that workers can live here.
                self._deaths_in_a_row = 0
            if not given_up and not isinstance(event, EpisodeCancelled):
                received.append(event)
        return received

    def _forget(self, worker: _Worker, ticket: int) -> None:
        worker.orders = deque(order for order in worker.orders if order.ticket != ticket)
        # The next episode of this worker begins now.
        worker.sent_at = self._clock()
        self._cancelled.discard(ticket)
        self._deaths.pop(ticket, None)

    def _is_stuck(self, worker: _Worker) -> bool:
        # An idle worker sends nothing, so its silence counts from the moment it was given an episode.
        silent_since = max(worker.child.last_heard, worker.sent_at)
        patience_s = SILENCE_S if worker.ready else START_S
        return bool(worker.orders) and self._clock() - silent_since > patience_s

    def _replace(self, worker: _Worker) -> list[PoolEvent]:
        """Put the episodes of a dead worker back into the queue; one that kills its second worker becomes a crash."""
        self._workers.remove(worker)
        reason = worker.child.exit_reason
        worker.child.stop()
        worker.slot.close()
        orders = [order for order in worker.orders if order.ticket not in self._cancelled]
        # The dead worker will answer no more.
        self._cancelled -= {order.ticket for order in worker.orders}
        self._deaths_in_a_row += 1
        if self._deaths_in_a_row >= _DEATHS_IN_A_ROW:
            return self._give_up(orders, reason)
        # a worker that died before it was ready had not begun its episode, so no episode is to blame
        running = worker.orders[0].ticket if worker.orders and worker.ready else -1
        events: list[PoolEvent] = [WorkerLost(running, reason)]
        # reversed, because each goes to the front: the order of the starts stays
        for order in reversed(orders):
            if order.ticket == running:
                weight = _BEGUN if running == worker.begun else _NOT_BEGUN
                self._deaths[running] = self._deaths.get(running, 0) + weight
                if self._deaths[running] >= _IS_CRASH:
                    events.append(_crash_of(running, reason))
                    del self._deaths[running]
                    continue
            self._queue.appendleft(order)
        return events

    def _give_up(self, orders: list[RunEpisode], reason: str) -> list[PoolEvent]:
        """Refuse every episode: no worker lives long enough to run one."""
        text = f"{_DEATHS_IN_A_ROW} workers in a row died before an episode ended; the last one: {reason}"
        refused = [*orders, *self._queue]
        self._queue.clear()
        self._deaths.clear()
        self._deaths_in_a_row = 0
        return [EpisodeRefused(ticket=order.ticket, text=text) for order in refused]


def _load(worker: _Worker) -> int:
    return len(worker.orders)


def _crash_of(ticket: int, reason: str) -> EpisodeEnded:
    text = f"It ended its worker twice: {reason}"
    return EpisodeEnded(ticket=ticket, success=False, steps=0, total_reward=0.0, crash=text)
