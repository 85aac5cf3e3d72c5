"""The recorder: steps go to the journal on a thread of their own, so that no tick waits for the disk."""

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

    Raises ``WorkspaceError`` when the workspace cannot be opened.
    """

    def __init__(
        self, workspace: Path, on_closed: Callable[[EpisodeRecord, ClosedKind], None], *, capacity: int = 2000
    ) -> None:
        self._workspace = Workspace.open(workspace)
        self._on_closed = on_closed
        self._items: queue.Queue[_Item] = queue.Queue(capacity)
        self._capacity = capacity
        self._problem = ""
        self._abandon = threading.Event()
        self._discarded: EpisodeRecord | None = None
        self._lost = False
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

    def discard(self) -> None:
        """Close the episode and put it in the bin."""
        self._items.put_nowait(_End("aborted", discarded=True))

    def undo_discard(self) -> None:
        """Bring the last discarded episode back."""
        self._items.put_nowait(_Restore())

    def flush(self) -> None:
        """Wait until everything given so far is committed; for headless rollouts, never within a tick."""
        self._items.join()

    def close(self, timeout_s: float = 10.0) -> None:
        """Write what is left and end the thread; what a full disk still refuses stays in the journal."""
        self._items.put(_Quit())
        self._thread.join(timeout_s)
        self._abandon.set()
        self._thread.join()
        self._workspace.close()

    def _write_all(self) -> None:
        journal = EpisodeJournal(self._workspace)
        while not isinstance(item := self._items.get(), _Quit):
            self._write_until_done(self._workspace, journal, item)
            self._items.task_done()
        self._items.task_done()

    def _write_until_done(self, workspace: Workspace, journal: EpisodeJournal, item: _Item) -> None:
        if isinstance(item, EpisodeStart):
            self._lost = False
        if self._lost and (isinstance(item, Step) or not journal.is_open):
            return
        while not self._abandon.is_set():
            try:
                self._write(workspace, journal, item)
            except (JournalError, ValueError) as error:
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

    def _write(self, workspace: Workspace, journal: EpisodeJournal, item: _Item) -> None:
        match item:
            case EpisodeStart():
                journal.begin(item)
            case Step():
                journal.append(item)
            case _End(discarded=True):
                self._discarded = journal.discard()
                self._report(self._discarded, "discarded")
            case _End(outcome):
                self._report(journal.close(outcome), "closed")
            case _Restore() if self._discarded is not None:
                restore_episode(workspace, self._discarded.episode_id)
                self._report(self._discarded, "restored")
                self._discarded = None

    def _report(self, record: EpisodeRecord | None, kind: ClosedKind) -> None:
        if record is not None:  # an episode without a step leaves nothing
            self._on_closed(record, kind)
