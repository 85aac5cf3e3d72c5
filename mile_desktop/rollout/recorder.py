"""The recorder: its own thread writes steps to the journal, so that no tick waits for the disk."""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mile_desktop.channels.watched_thread import WatchedThread
from mile_desktop.rollout.unwritten import Discard, End, Item, Pending, unwritten_episodes
from mile_desktop.storage.catalogue import restore_episode
from mile_desktop.storage.errors import JournalError, WorkspaceError
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.records import EpisodeRecord, EpisodeStart, Outcome, Step
from mile_desktop.storage.spill import write_spill
from mile_desktop.storage.workspace import Workspace

_log = logging.getLogger(__name__)

LATE_S = 0.5
"""The robot holds when a step has waited for the disk for so long: what waits is in memory only."""
_RETRY_S = 0.5
_LARGEST_BATCH = 256
"""At most this many waiting steps are committed at once. In real time there is hardly ever more than one."""
_CLOSE_S, _CLOSE_SIMULATED_S = 1.5, 10.0
"""How long ``close`` waits for the disk. The window ends its worker after three seconds, and the file of unwritten
steps must be on the disk by then. In simulated time nothing waits, but hundreds of steps may be in the queue."""
_THREAD_S = 0.5

ClosedKind = Literal["closed", "discarded", "restored"]


@dataclass(frozen=True, slots=True)
class _Restore:
    """Take the last discarded episode out of the bin."""


class Recorder:
    """Writes episodes to the workspace, step by step.

    ``begin``, ``append``, ``end``, ``discard`` and ``undo_discard`` are called by the rollout loop and only put into a
    queue; one writer thread commits. ``on_closed`` is called on the writer thread, when the episode is safely on disk.

    Whatever keeps the thread from writing, the item stays at the head of the queue and ``problem`` says why: the loop
    then holds the robot, so that hardly any step waits in memory. What still waits at ``close`` goes into a file beside
    the database, which the next start takes up (``storage.spill``).

    ``gather_s`` is how long a step may wait for further ones: 0 where a person drives, so that a step is committed
    within a fraction of a millisecond; a moment in simulated time, where every commit of the writer thread costs the
    simulation more than the commit itself. In simulated time a slow disk is no reason to hold: the caller waits.

    Raises ``WorkspaceError`` when the workspace cannot be opened.
    """

    def __init__(
        self,
        workspace: Path,
        on_closed: Callable[[EpisodeRecord, ClosedKind], None],
        *,
        capacity: int = 2000,
        gather_s: float = 0.0,
    ) -> None:
        # Opened a second time: the session closes its workspace, while the writer thread may still need this one.
        self._workspace = Workspace.open(workspace)
        self._on_closed = on_closed
        self._capacity = capacity
        self._gather_s = gather_s
        self._late_s = math.inf if gather_s else LATE_S
        # Everything that is not written yet, oldest first. The writer removes an item only after it is committed.
        self._waiting: deque[Pending | _Restore] = deque()
        # Guards the queue and the flags below. It is never held while the disk works, so the loop's thread waits for it
        # only for microseconds.
        self._changed = threading.Condition()
        self._start: EpisodeStart | None = None
        self._number = 0
        self._problem = ""
        self._refused = False
        self._hurry = False
        # Two flags, because ``close`` first asks for all that is left (closing) and after its time limit gives up
        # (abandoned).
        self._closing = False
        self._abandoned = False
        self._close_message: str | None = None
        self._discarded: EpisodeRecord | None = None
        self._lost = False
        self._thread = WatchedThread(self._write_all, "recorder", on_failure=self._wake)
        self._thread.start()

    @property
    def problem(self) -> str:
        """Why nothing can be written at present; empty when all is well. Asked in every tick."""
        # Asked first: a dead thread cannot update the other fields, and they would look well.
        if not self._thread.alive and not self._closing:
            return f"Recording has stopped ({self._thread.failure}). Close the window and open it again."
        if self._problem:
            return self._problem
        with self._changed:
            waiting = len(self._waiting)
            oldest = next((each.since for each in self._waiting if isinstance(each, Pending) and each.is_step), None)
        # Ten items of margin, so that the end of the episode still fits into the queue while the robot holds.
        if waiting > self._capacity - 10:
            return "The disk cannot keep up with recording. Wait a moment, then resume."
        if oldest is not None and time.monotonic() - oldest > self._late_s:
            return (
                "The newest steps are not on the disk yet: disk or computer is very busy. The robot waits; then resume."
            )
        return ""

    @property
    def settling(self) -> bool:
        """Whether the end of an episode is still being written; False where the disk refuses, or in simulated time."""
        # The end of an episode waits for the disk to sync, which takes seconds on a slow one. Steps that come behind it
        # would be late, and the robot would hold although nothing is wrong.
        if self._gather_s or self.problem:
            return False
        with self._changed:
            return any(isinstance(each, Pending) and isinstance(each.item, End | Discard) for each in self._waiting)

    def begin(self, start: EpisodeStart) -> None:
        """Open an episode."""
        # Set on the loop's thread and copied into each item. The writer thread reads only the items.
        self._start, self._number = start, 0
        self._put(start)

    def append(self, step: Step) -> None:
        """Record one step."""
        self._put(step)
        self._number += 1

    def end(self, outcome: Outcome) -> None:
        """Close the episode."""
        self._put(End(outcome), hurry=True)

    def discard(self) -> None:
        """Close the episode and put it in the bin."""
        self._put(Discard(), hurry=True)

    def undo_discard(self) -> None:
        """Bring the last discarded episode back."""
        with self._changed:
            # In the queue like everything else, so that it comes after the discard that it undoes.
            self._waiting.append(_Restore())
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until everything given so far is committed, or until ``problem`` says why that is not possible.

        For headless rollouts, never within a tick.
        """
        with self._changed:
            while self._waiting and not self._refused and self._thread.alive:
                self._hurry = True
                self._changed.notify_all()
                # A bound, because the thread may also end between this test and the wait.
                self._changed.wait(0.1)

    def close(self, timeout_s: float | None = None) -> str:
        """Write what is left and end the thread; a second call does nothing.

        Parameters
        ----------
        timeout_s
            How long to wait for the disk. What is not written then goes into a file beside the database.

        Returns
        -------
        What was not written to the database, as a sentence; empty when everything was.
        """
        if self._close_message is not None:
            return self._close_message
        limit = timeout_s if timeout_s is not None else _CLOSE_SIMULATED_S if self._gather_s else _CLOSE_S
        deadline = time.monotonic() + limit
        with self._changed:
            # ``_hurry`` ends the wait of simulated time, in which steps are collected.
            self._closing = self._hurry = True
            self._changed.notify_all()
            while self._waiting and self._thread.alive and (left_s := deadline - time.monotonic()) > 0:
                self._changed.wait(min(0.1, left_s))
            # Set under the lock together with the list: what is spilled below is exactly what the writer can no longer
            # take.
            self._abandoned = True
            left = [each for each in self._waiting if isinstance(each, Pending)]
            self._changed.notify_all()
        # Set before the join: the thread closes the workspace itself if it finds this message at its end.
        self._close_message = self._spill(left)
        # SQLite may wait for another process for five seconds; the thread then closes the workspace itself.
        if self._thread.join(_THREAD_S):
            self._workspace.close()
        return self._close_message

    def _put(self, item: Item, *, hurry: bool = False) -> None:
        if self._start is None:
            raise JournalError("No episode is open; begin one first.")
        with self._changed:
            # No limit here. A full queue makes ``problem`` hold the robot, but the steps that were already taken are
            # kept.
            self._waiting.append(Pending(item, self._start, self._number, time.monotonic()))
            self._hurry = self._hurry or hurry
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _spill(self, left: list[Pending]) -> str:
        """Write what is left beside the database; return a sentence about it, empty where nothing is left."""
        episodes = unwritten_episodes(left)
        if not episodes:
            return ""
        steps = sum(len(each.steps) for each in episodes)
        several = steps > 1
        what = f"{steps} recorded steps" if several else "One recorded step" if steps else "The end of an episode"
        try:
            path = write_spill(self._workspace.folder, episodes)
        except WorkspaceError as error:
            _log.exception("Unwritten steps could not be kept")
            return f"{what} could not be written and {'are' if several else 'is'} lost; all before is safe. {error}"
        refused = f"{what} could not be written to the database in {self._workspace.folder}"
        if not steps:
            return f"{refused}; the next start completes it."
        kept, it = ("They are", "them") if several else ("It is", "it")
        return f"{refused}. {kept} kept in {path.name} beside it, and the next start adds {it} to the episode."

    # ── the writer thread ────────────────────────────────────────────────────────────────────────────────────────

    def _write_all(self) -> None:
        # Made on this thread, because it owns the transactions.
        journal = EpisodeJournal(self._workspace)
        try:
            while batch := self._take():
                self._write_until_done(journal, batch)
        finally:
            if self._close_message is not None:  # ``close`` did not wait for this thread
                self._workspace.close()

    def _take(self) -> list[Pending] | list[_Restore]:
        """Return what is to be written next, without removing it: the waiting steps, or one item of another kind.

        An empty list when the recorder is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            if self._gather_s and self._waiting and _is_step(self._waiting[0]):
                self._changed.wait_for(lambda: self._hurry, self._gather_s)
            # One batch for each hurry; at the end, all remaining batches come without a wait.
            self._hurry = self._closing
            if not self._waiting or self._abandoned:
                return []
            first = self._waiting[0]
            if isinstance(first, _Restore):
                return [first]
            # Not removed yet: if this process is killed or the disk refuses, the items are still waiting.
            return list(_leading_steps(self._waiting)) or [first]

    def _done(self, count: int) -> None:
        with self._changed:
            for _ in range(count):
                # The loop's thread only appends, so the first ``count`` items are still the ones that were written.
                self._waiting.popleft()
            self._changed.notify_all()

    def _write_until_done(self, journal: EpisodeJournal, batch: list[Pending] | list[_Restore]) -> None:
        while not self._abandoned:  # a disk that refuses is tried again until ``close`` gives up
            try:
                closed = self._write(journal, batch)
            except (JournalError, ValueError) as error:
                # A step that does not fit ends its episode, but the steps before it are good. Alone, each of them shows
                # whether it is the one.
                if isinstance(error, ValueError) and len(batch) > 1:
                    self._write_until_done(journal, batch[:1])
                    return  # one by one: those before the one that does not fit can be kept
                # trying again cannot help: the rest of this episode has nowhere to go
                self._problem, self._lost = f"Recording of this episode ended: {error}", True
            except Exception as error:  # noqa: BLE001 - any other end of this thread would lose every step that follows
                self._refuse(error)
                continue
            else:
                # A lost episode stays reported until the next one begins, although later items need no writing.
                self._problem = self._problem if self._lost else ""
                self._report(closed)
            # ``flush`` waits on this flag. It must see the success before it sees the shorter queue.
            self._refused = False
            self._done(len(batch))
            return

    def _refuse(self, error: Exception) -> None:
        """Say why the disk does not take a batch, and wait before it is tried again."""
        if not isinstance(error, WorkspaceError):
            _log.error("The recorder could not write", exc_info=error)
        text = f"Nothing can be recorded at present ({type(error).__name__}: {error})."
        self._problem = str(error) if isinstance(error, WorkspaceError) else text
        with self._changed:
            self._refused = True
            self._changed.notify_all()
            # A wait that ``close`` can end. A sleep would take a third of the time that the window gives its worker.
            self._changed.wait_for(lambda: self._abandoned, _RETRY_S)

    def _write(
        self, journal: EpisodeJournal, batch: list[Pending] | list[_Restore]
    ) -> tuple[EpisodeRecord | None, ClosedKind] | None:
        first = batch[0]
        if isinstance(first, _Restore):
            return self._restore()
        if isinstance(first.item, EpisodeStart):
            self._lost = False
            if journal.is_open:  # an error ended the episode before without closing it
                journal.close("aborted")
        # The rest of a lost episode is taken from the queue and dropped; its end still closes what was written.
        elif self._lost and (first.is_step or not journal.is_open):
            return None
        match first.item:
            case EpisodeStart() as start:
                journal.begin(start)
            case Step():
                journal.append(
                    # One statement and one commit for the whole batch: the commits are what costs time, not the rows.
                    *(each.item for each in batch if isinstance(each, Pending) and isinstance(each.item, Step))
                )
            case Discard():
                self._discarded = journal.discard()
                return self._discarded, "discarded"
            case End(outcome):
                return journal.close(outcome), "closed"
        return None

    def _restore(self) -> tuple[EpisodeRecord | None, ClosedKind]:
        # Taken out first, so that two presses of Undo restore once.
        restored, self._discarded = self._discarded, None
        if restored is not None:
            try:
                restore_episode(self._workspace, restored.episode_id)
            except Exception:
                self._discarded = restored  # it is tried again
                raise
        return restored, "restored"

    def _report(self, closed: tuple[EpisodeRecord | None, ClosedKind] | None) -> None:
        if closed is None or closed[0] is None:  # an episode without a step leaves nothing
            return
        try:
            self._on_closed(closed[0], closed[1])
        except Exception:  # noqa: BLE001 - logged with its traceback
            # The episode is on disk: writing it again would be wrong, and a listener must not end the recording.
            _log.exception("The loop was not told that episode %s is on disk", closed[0].episode_id)


def _is_step(waiting: Pending | _Restore) -> bool:
    return isinstance(waiting, Pending) and waiting.is_step


def _leading_steps(waiting: Iterable[Pending | _Restore]) -> Iterable[Pending]:
    """Return the steps at the head of the queue, at most a batch."""
    for index, each in enumerate(waiting):
        if index == _LARGEST_BATCH or not isinstance(each, Pending) or not each.is_step:
            return
        yield each
