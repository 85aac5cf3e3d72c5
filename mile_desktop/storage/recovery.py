"""Recovery at the start: completes what a killed process left unfinished."""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psutil

from mile_desktop.storage.catalogue import insert_episode
from mile_desktop.storage.durable import PART_SUFFIX
from mile_desktop.storage.edit_store import settle_edits
from mile_desktop.storage.episodes import find_episode, read_episode_file
from mile_desktop.storage.errors import EpisodeFileError, UnknownEpisodeError
from mile_desktop.storage.journal import Owner, finish_journal, this_process
from mile_desktop.storage.records import EpisodeRecord
from mile_desktop.storage.workspace import EPISODE_SUFFIX, Workspace

_log = logging.getLogger(__name__)

_SAME_PROCESS_S = 1.0
"""Two readings of a creation time differ by less, by rounding; a later process with the same pid differs by more."""
_SILENT_S = 120.0
"""A journal of another host counts as abandoned after this time without a step; its process cannot be checked."""

_ORPHANS = (
    "SELECT journal.*, coalesce(max(written_at), opened_at) AS last_written, count(position) AS steps "
    "FROM journal LEFT JOIN journal_step USING (journal_id) GROUP BY journal_id ORDER BY journal_id"
)
_CLAIM = (
    "UPDATE journal SET host = ?, pid = ?, process_started = ? "
    "WHERE journal_id = ? AND host = ? AND pid = ? AND process_started = ?"
)


def recover(workspace: Workspace) -> tuple[EpisodeRecord, ...]:
    """Complete what dead processes left unfinished, and return the recovered episodes.

    A journal becomes an episode marked ``recovered`` with outcome ``aborted``. If its file was already complete when
    the process died, the outcome in the file is kept. Journals without steps and half-written files are removed.
    For an episode that was being moved to or from the bin, the place of its file decides; for one that was being
    edited, its file of edits decides. Journals of living processes (also of this one) are not touched, so this may be
    called at any time and by several processes at once.

    Raises
    ------
    WorkspaceFullError
        The disk is full; the remaining journals stay for the next attempt.
    """
    found = [_recover_one(workspace, orphan) for orphan in orphans(workspace)]
    _remove_unfinished_files(workspace)
    _settle_bin(workspace)
    for problem in settle_edits(workspace):
        _log.warning(problem)
    return tuple(record for record in found if record is not None)


def orphans(workspace: Workspace) -> tuple[sqlite3.Row, ...]:
    """Return the rows of the journals whose process is gone, with the number of their ``steps``."""
    return tuple(row for row in workspace.query(_ORPHANS) if not _is_alive(_owner(row), row["last_written"]))


def _owner(row: sqlite3.Row) -> Owner:
    return Owner(row["host"], row["pid"], row["process_started"])


def _is_alive(owner: Owner, last_written: float) -> bool:
    if owner.host != this_process().host:
        return time.time() - last_written < _SILENT_S
    try:
        process = psutil.Process(owner.pid)
        # A killed process whose parent has not waited for it yet still has its pid.
        ended = process.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
        return not ended and abs(process.create_time() - owner.process_started) < _SAME_PROCESS_S
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _recover_one(workspace: Workspace, orphan: sqlite3.Row) -> EpisodeRecord | None:
    with _claimed(workspace, orphan) as mine:
        if not mine:
            return None
        finished = _finished_file(workspace, orphan)
        if finished is not None:
            _adopt(workspace, orphan["journal_id"], finished)
            return finished
        record = finish_journal(workspace, orphan["journal_id"], "aborted", recovered=True)
        if record is not None:
            _log.warning("Recovered episode %s with %d steps", record.episode_id, record.steps)
        return record


@contextmanager
def _claimed(workspace: Workspace, orphan: sqlite3.Row) -> Iterator[bool]:
    """Make this process the journal's owner unless another was faster; undo that if the block fails."""
    dead, living = _owner(orphan), this_process()
    mine = _change_owner(workspace, orphan["journal_id"], dead, living)
    try:
        yield mine
    except BaseException:
        if mine:
            _change_owner(workspace, orphan["journal_id"], living, dead)
        raise


def _change_owner(workspace: Workspace, journal_id: int, old: Owner, new: Owner) -> bool:
    values = (new.host, new.pid, new.process_started, journal_id, old.host, old.pid, old.process_started)
    with workspace.transaction() as connection:
        return connection.execute(_CLAIM, values).rowcount == 1


def _finished_file(workspace: Workspace, orphan: sqlite3.Row) -> EpisodeRecord | None:
    """Return the record of the journal's file if it was complete when its process died."""
    try:
        path = find_episode(workspace, orphan["episode_id"])
        record = read_episode_file(path).record
    except (UnknownEpisodeError, EpisodeFileError):
        return None
    return replace(record, deleted=path.parent.name == "bin") if record.steps >= orphan["steps"] else None


def _adopt(workspace: Workspace, journal_id: int, record: EpisodeRecord) -> None:
    with workspace.transaction() as connection:
        insert_episode(connection, record)
        connection.execute("DELETE FROM journal WHERE journal_id = ?", (journal_id,))


def _remove_unfinished_files(workspace: Workspace) -> None:
    ending = EPISODE_SUFFIX + PART_SUFFIX
    parts = [part for place in ("episodes", "bin") for part in (workspace.folder / place).glob(f"*{ending}")]
    # The journals are read after the files are listed: a living process has its journal before its file.
    recording = {row["episode_id"] for row in workspace.query("SELECT episode_id FROM journal")}
    for part in parts:
        if part.name.removesuffix(ending) not in recording:
            part.unlink(missing_ok=True)


def _settle_bin(workspace: Workspace) -> None:
    binned = {path.stem for path in (workspace.folder / "bin").glob(f"*{EPISODE_SUFFIX}")}
    kept = {path.stem for path in (workspace.folder / "episodes").glob(f"*{EPISODE_SUFFIX}")}
    for row in workspace.query("SELECT episode_id, deleted FROM episode"):
        where = binned if row["deleted"] else kept
        elsewhere = kept if row["deleted"] else binned
        if row["episode_id"] in elsewhere and row["episode_id"] not in where:
            workspace.query("UPDATE episode SET deleted = 1 - deleted WHERE episode_id = ?", (row["episode_id"],))
