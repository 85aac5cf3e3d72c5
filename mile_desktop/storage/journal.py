"""The running episode's journal: every step is committed before the next one is taken."""

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from itertools import chain

import msgspec

from mile_desktop.storage import steps as step_format
from mile_desktop.storage.catalogue import insert_episode
from mile_desktop.storage.episodes import write_episode_file
from mile_desktop.storage.errors import JournalError, WorkspaceError, translated
from mile_desktop.storage.ids import checked_id
from mile_desktop.storage.journal_rows import NoJournalError, checksum, keep_unreadable, read_journal
from mile_desktop.storage.owner import Owner, this_process
from mile_desktop.storage.records import EpisodeRecord, EpisodeStart, Outcome, Step
from mile_desktop.storage.scene_versions import kept_description
from mile_desktop.storage.workspace import Workspace

_log = logging.getLogger(__name__)

_BEGIN = (
    "INSERT INTO journal (episode_id, start, host, pid, process_started, process, opened_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_APPEND = "INSERT INTO journal_step (position, journal_id, written_at, body, checksum) VALUES "
_ROW = "(?, ?, ?, ?, ?)"
# What is added comes from a file whose checksum was right: it replaces a row that may be damaged.
_PUT_STEP = (
    "INSERT INTO journal_step (position, journal_id, written_at, body, checksum) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (position) DO UPDATE SET body = excluded.body, checksum = excluded.checksum"
)
_TAKE_OVER = "UPDATE journal SET start = ?, host = ?, pid = ?, process_started = ?, process = ? WHERE journal_id = ?"


class EpisodeJournal:
    """Records one episode after the other, step by step.

    ``begin`` → ``append`` … → ``close`` or ``discard`` → ``begin`` … A step is in the database when ``append``
    returns, and survives the end of the process from then on (a power cut may lose the last steps). Only ``close`` and
    ``discard`` wait for the disk to sync. One thread at a time; several processes or threads can record into one
    workspace, each with its own journal.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._journal_id: int | None = None
        self._episode_id = ""
        self._steps = 0
        self._shape: step_format.Shape | None = None

    @property
    def is_open(self) -> bool:
        """Whether an episode was begun and not yet closed or discarded."""
        return self._journal_id is not None

    @property
    def episode_id(self) -> str:
        """The open episode, or the last one."""
        return self._episode_id

    @property
    def steps(self) -> int:
        """Steps committed in the open episode."""
        return self._steps

    def begin(self, start: EpisodeStart) -> None:
        """Open the episode.

        Raises
        ------
        JournalError
            Another episode is open, or the id is taken.
        ValueError
            The id could not be a file's name.
        """
        if self.is_open:
            raise JournalError(f"Episode {self._episode_id} is still open; close or discard it before the next one.")
        # The id last known is replaced only when the database has the journal.
        self._journal_id = _open_journal(self._workspace, start)
        self._episode_id = start.episode_id
        self._steps = 0
        self._shape = None

    def append(self, *steps: Step) -> None:
        """Commit one step, or several together: all of them or none.

        Raises
        ------
        JournalError
            No episode is open, or recovery took it over because this process seemed dead.
        ValueError
            The steps' arrays do not fit together or to the steps before; the episode stays open.
        """
        rows = [self._row(step, number) for number, step in enumerate(steps, self._steps)]
        try:
            # One statement for all rows: between several ones other threads would run while the database is locked.
            self._workspace.connection().execute(_APPEND + ", ".join([_ROW] * len(rows)), [*chain.from_iterable(rows)])
        # The row of the journal is gone, and the steps refer to it. Only recovery by another process removes it.
        except sqlite3.IntegrityError as error:
            raise self._taken_over() from error
        except sqlite3.Error:
            with translated(self._workspace.folder):
                raise
        # After the commit: a batch that failed is given the same numbers again.
        self._steps += len(rows)

    def _row(self, step: Step, number: int) -> tuple[int, int, float, bytes, int]:
        """Return the row of step ``number``; check that it has the shape of the steps before it."""
        journal_id = self._opened()
        shape = step_format.shape_of(step)
        if self._shape is None:
            self._shape = shape
        elif shape != self._shape:
            raise ValueError(f"Step {number} has shape {shape}, the steps before had {self._shape}")
        body = step_format.encode(step)
        # One growing integer key, see ``schema``.
        return (journal_id << 32) + number, journal_id, time.time(), body, checksum(body)

    def close(self, outcome: Outcome) -> EpisodeRecord | None:
        """Make the open episode a file and a row of the catalogue; None if it had no steps.

        After an error the episode is still open and safe in the journal: ``close`` can be called again, and otherwise
        the next start recovers it.
        """
        return self._finish(outcome, deleted=False)

    def discard(self) -> EpisodeRecord | None:
        """Close the open episode as ``aborted`` into the bin, from where ``restore_episode`` brings it back."""
        return self._finish("aborted", deleted=True)

    def _finish(self, outcome: Outcome, *, deleted: bool) -> EpisodeRecord | None:
        try:
            record = finish_journal(self._workspace, self._opened(), outcome, deleted=deleted)
        except NoJournalError as error:
            raise self._taken_over() from error
        # Only now: until the episode is committed, ``close`` can be called again.
        self._journal_id = None
        try:
            # Here and not during the episode: moving the log takes the time of many steps.
            self._workspace.checkpoint()
        except WorkspaceError:
            # The episode is committed; only the log is still long, and the next checkpoint shortens it.
            _log.warning("The write-ahead log of %s was not moved", self._workspace.folder, exc_info=True)
        return record

    def _opened(self) -> int:
        if self._journal_id is None:
            raise JournalError("No episode is open; begin one first.")
        return self._journal_id

    def _taken_over(self) -> JournalError:
        self._journal_id = None
        return JournalError(
            f"Episode {self._episode_id} was recovered by another process while it was still being recorded; "
            "it is in the catalogue, marked as recovered. Start a new episode."
        )


def finish_journal(
    workspace: Workspace,
    journal_id: int,
    outcome: Outcome,
    *,
    recovered: bool = False,
    deleted: bool = False,
    report: Callable[[str], None] = _log.warning,
) -> EpisodeRecord | None:
    """Turn a journal into an episode: file written, synced and renamed, then row in and journal out in one transaction.

    Returns None for a journal without steps, which is only removed. To be called by the journal's owner, or by the
    process that has claimed it. Killed at any point, the journal is still complete and the next start repeats this.
    Steps that cannot be read are put aside first, and ``report`` gets a sentence about them.

    Raises ``NoJournalError`` or ``UnreadableJournalError``.
    """
    rows = read_journal(workspace, journal_id)
    if lost := keep_unreadable(workspace, rows):
        report(lost)
    start, steps = rows.start, rows.steps
    record = step_format.summarise(start, steps, outcome, recovered=recovered, deleted=deleted)
    if steps:
        # File first, row second. Killed in between, recovery finds a complete file and a journal, and can use either.
        place = workspace.episode_path(start.episode_id, deleted=deleted)
        write_episode_file(place, record, steps, kept_description(workspace, start))
        # An earlier attempt with another outcome, or one that was killed, may have left a file in the other folder.
        with translated(workspace.folder):
            workspace.episode_path(start.episode_id, deleted=not deleted).unlink(missing_ok=True)
    with workspace.transaction() as connection:
        if steps:
            insert_episode(connection, record)
        connection.execute("DELETE FROM journal WHERE journal_id = ?", (journal_id,))
    return record if steps else None


def adopt_journal(
    workspace: Workspace, start: EpisodeStart, steps: Sequence[tuple[int, bytes]], *, closed: bool
) -> int | None:
    """Put ``start`` and the steps (number, bytes) into the journal of an ended process, and own it from now on.

    Returns the journal; a new one where there is none, and None where there is none because the episode is ``closed``.
    """
    now = time.time()
    with workspace.transaction() as connection:
        found = connection.execute(
            "SELECT journal_id FROM journal WHERE episode_id = ?", (start.episode_id,)
        ).fetchone()
        if found is None and closed:
            return None
        journal_id = int(found["journal_id"]) if found else _insert(connection, start)
        owner = this_process()
        encoded = msgspec.json.encode(start).decode()
        # The owner becomes this process, so that no other recovery takes the same journal.
        values = (encoded, owner.host, owner.pid, owner.process_started, owner.process, journal_id)
        connection.execute(_TAKE_OVER, values)
        rows = [((journal_id << 32) + number, journal_id, now, body, checksum(body)) for number, body in steps]
        connection.executemany(_PUT_STEP, rows)
    return journal_id


def _open_journal(workspace: Workspace, start: EpisodeStart) -> int:
    episode_id = checked_id(start.episode_id)
    with translated(workspace.folder):
        # Also a file without a row counts: it belongs to an episode that a damaged database has lost.
        taken = any(workspace.episode_path(episode_id, deleted=deleted).exists() for deleted in (False, True))
    try:
        if taken:
            raise sqlite3.IntegrityError("there is a file")
        with workspace.transaction() as connection:
            return _insert(connection, start)
    except sqlite3.IntegrityError as error:
        raise JournalError(f"There is already an episode {episode_id}; begin with a new id.") from error


def _insert(connection: sqlite3.Connection, start: EpisodeStart) -> int:
    owner: Owner = this_process()
    encoded = msgspec.json.encode(start).decode()
    values = (start.episode_id, encoded, owner.host, owner.pid, owner.process_started, owner.process, time.time())
    return int(connection.execute(_BEGIN, values).lastrowid or 0)
