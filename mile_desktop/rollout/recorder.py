"""The recorder: its own thread writes steps to the journal, so that no tick waits for the disk."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mile_desktop.storage.catalogue import restore_episode
from mile_desktop.storage.errors import JournalError, WorkspaceError
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.records import EpisodeRecord, EpisodeStart, Outcome, Step
from mile_desktop.storage.workspace import Workspace

_RETRY_S = 0.5
_LARGEST_BATCH = 256
"""At most this many waiting steps are committed at once. In real time there is hardly ever more than one."""


@dataclass(frozen=True, slots=True)
class _End:
    outcome: Outcome
    discarded: bool = False


@dataclass(frozen=True, slots=True)
class _Restore:
    """Take the last discarded episode out of the bin."""


@dataclass(frozen=True, slots=True)
class _Quit:
    """Everything before this is written; end the thread."""


_Item = EpisodeStart | Step | _End | _Restore | _Quit
ClosedKind = Literal["closed", "discarded", "restored"]


class Recorder:
    """Writes episodes to the workspace, step by step.

    ``begin``, ``append``, ``end``, ``discard`` and ``undo_discard`` are called by the rollout loop and only put into a
    bounded queue; one writer thread commits. ``on_closed`` is called on the writer thread, when the episode is safely
    on disk. When the disk refuses, the item is kept and tried again, and ``problem`` says why: the loop holds the robot
    until there is room again, and nothing is lost.

    ``gather_s`` is how long a step may wait for further ones: 0 where a person drives, so that a step is committed
    within a fraction of a millisecond; a moment in simulated time, where every commit of the writer thread costs the
    simulation more than the commit itself.

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
        self._workspace = Workspace.open(workspace)
        self._on_closed = on_closed
        self._items: queue.Queue[_Item] = queue.Queue(capacity)
        self._capacity = capacity
        self._problem = ""
        self._abandon = threading.Event()
        self._gather_s = gather_s
        self._hurry = threading.Event()
        self._flushing = False
        self._discarded: EpisodeRecord | None = None
        self._lost = False
        self._next: _Item | None = None
        self._thread = threading.Thread(target=self._write_all, name="recorder")
        self._thread.start()

    @property
    def problem(self) -> str:
        """Why nothing can be written at present; empty when all is well."""
        if not self._problem and self._items.qsize() > self._capacity - 10:
            return "The disk cannot keep up with recording. Wait a moment, then resume."
        return self._problem

    def begin(self, start: EpisodeStart) -> None:
        """Open an episode."""
        self._items.put_nowait(start)

    def append(self, step: Step) -> None:
        """Record one step."""
        self._items.put_nowait(step)

    def end(self, outcome: Outcome) -> None:
        """Close the episode."""
        self._items.put_nowait(_End(outcome))
        self._hurry.set()

    def discard(self) -> None:
        """Close the episode and put it in the bin."""
        self._items.put_nowait(_End("aborted", discarded=True))
        self._hurry.set()

    def undo_discard(self) -> None:
        """Bring the last discarded episode back."""
        self._items.put_nowait(_Restore())

    def flush(self) -> None:
        """Wait until everything given so far is committed; for headless rollouts, never within a tick."""
        self._flushing = True
        self._hurry.set()
        self._items.join()
        self._flushing = False

    def close(self, timeout_s: float = 10.0) -> None:
        """Write what is left and end the thread; what a full disk still refuses stays in the journal."""
        self._items.put(_Quit())
        self._flushing = True
        self._hurry.set()
        self._thread.join(timeout_s)
        self._abandon.set()
        self._thread.join()
        self._workspace.close()

    def _write_all(self) -> None:
        journal = EpisodeJournal(self._workspace)
        while not isinstance((items := self._take())[0], _Quit):
            self._write_until_done(journal, items)
            for _ in items:
                self._items.task_done()
        self._items.task_done()

    def _take(self) -> list[_Item]:
        """Return what is to be written next: the steps that are waiting, or one item of another kind."""
        taken: list[_Item] = [self._items.get() if self._next is None else self._next]
        self._next = None
        if self._gather_s and isinstance(taken[0], Step) and not self._flushing:
            self._hurry.wait(self._gather_s)
            self._hurry.clear()
        while isinstance(taken[-1], Step) and len(taken) < _LARGEST_BATCH and not self._items.empty():
            following = self._items.get_nowait()
            if not isinstance(following, Step):
                self._next = following
                break
            taken.append(following)
        return taken

    def _write_until_done(self, journal: EpisodeJournal, items: list[_Item]) -> None:
        if isinstance(items[0], EpisodeStart):
            self._lost = False
        if self._lost and (isinstance(items[0], Step) or not journal.is_open):
            return
        while not self._abandon.is_set():  # a disk that refuses is tried again until ``close`` gives up
            try:
                self._write(journal, items)
            except (JournalError, ValueError) as error:
                if isinstance(error, ValueError) and len(items) > 1:
                    for item in items:  # one by one: those before the one that does not fit can be kept
                        self._write_until_done(journal, [item])
                    return
                # trying again cannot help: the rest of this episode has nowhere to go
                self._problem = f"Recording of this episode ended: {error}"
                self._lost = True
                return
            except WorkspaceError as error:
                self._problem = str(error)
                self._abandon.wait(_RETRY_S)
            else:
                self._problem = self._problem if self._lost else ""
                return

    def _write(self, journal: EpisodeJournal, items: list[_Item]) -> None:
        match items[0]:
            case EpisodeStart() as start:
                journal.begin(start)
            case Step():
                journal.append(*(item for item in items if isinstance(item, Step)))
            case _End(discarded=True):
                self._discarded = journal.discard()
                self._report(self._discarded, "discarded")
            case _End(outcome):
                self._report(journal.close(outcome), "closed")
            case _Restore() if self._discarded is not None:
                restore_episode(self._workspace, self._discarded.episode_id)
                self._report(self._discarded, "restored")
                self._discarded = None

    def _report(self, record: EpisodeRecord | None, kind: ClosedKind) -> None:
        if record is not None:  # an episode without a step leaves nothing
            self._on_closed(record, kind)
