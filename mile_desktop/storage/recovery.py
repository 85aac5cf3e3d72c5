"""Recovery at the start: completes what a killed process left unfinished."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from mile_desktop.storage.catalogue import insert_episode
from mile_desktop.storage.durable import PART_SUFFIX
from mile_desktop.storage.edit_store import settle_edits
from mile_desktop.storage.episodes import find_episode, read_episode_file
from mile_desktop.storage.errors import (
    EpisodeFileError,
    UnknownEpisodeError,
    UnreadableJournalError,
    WorkspaceError,
    translated,
)
from mile_desktop.storage.ids import InvalidIdError
from mile_desktop.storage.journal import finish_journal
from mile_desktop.storage.journal_rows import put_journal_aside
from mile_desktop.storage.owner import Owner, is_alive, this_process
from mile_desktop.storage.records import EpisodeRecord
from mile_desktop.storage.spill import take_up_spills
from mile_desktop.storage.workspace import EPISODE_SUFFIX, Workspace

_log = logging.getLogger(__name__)

Report = Callable[[str], None]

_ORPHANS = (
    "SELECT journal.*, coalesce(max(written_at), opened_at) AS last_written, count(position) AS steps "
    "FROM journal LEFT JOIN journal_step USING (journal_id) GROUP BY journal_id ORDER BY journal_id"
)
# The old owner is part of the condition. Of two processes that recover at once, only one changes a row.
_CLAIM = (
    "UPDATE journal SET host = ?, pid = ?, process_started = ?, process = ? "
    "WHERE journal_id = ? AND host = ? AND pid = ? AND process_started = ? AND process = ?"
)


def recover(workspace: Workspace, report: Report = _log.warning) -> tuple[EpisodeRecord, ...]:
    """Complete what dead processes left unfinished, and return the recovered episodes.

    A journal becomes an episode marked ``recovered`` with outcome ``aborted``. If its file was already complete when
    the process died, the outcome in the file is kept. Steps that were written beside the database because it did not
    take them are added first. Journals without steps and half-written files are removed. For an episode that was being
    moved to or from the bin, the place of its file decides; for one that was being edited, its file of edits decides.
    Journals of living processes (also of this one) are not touched, so this may be called at any time and by several
    processes at once.

    Each journal is handled by itself: one that fails keeps no other from being recovered, and never the window from
    opening. What cannot be read is moved aside and not deleted. ``report`` gets one sentence for each of these.

    Raises
    ------
    WorkspaceError
        The disk is full or the database does not answer; the remaining journals stay for the next attempt.
    """
    # The spilled steps first: they belong into journals that are turned into episodes below.
    found = [*take_up_spills(workspace, report)]
    failures: list[WorkspaceError] = []
    for orphan in orphans(workspace):
        try:
            record = _recover_one(workspace, orphan, report)
        except WorkspaceError as error:
            failures.append(error)
        except Exception as error:  # noqa: BLE001 - one episode must not keep the window from opening
            # Whatever it is, the window must open; the journal stays as it was for another attempt.
            _log.exception("Episode %s could not be recovered", orphan["episode_id"])
            report(f"Episode {orphan['episode_id']} could not be recovered ({error}); it stays in the journal.")
        else:
            found += [] if record is None else [record]
    # After all journals were tried. One full disk must not keep the others from being recovered.
    if failures:
        raise failures[0]
    # Only after the journals, whose files may still be half-written.
    _remove_unfinished_files(workspace)
    _settle_bin(workspace)
    for problem in settle_edits(workspace):
        report(problem)
    return tuple(found)


def orphans(workspace: Workspace) -> tuple[sqlite3.Row, ...]:
    """Return the rows of the journals whose process is gone, with the number of their ``steps``."""
    return tuple(row for row in workspace.query(_ORPHANS) if not is_alive(_owner(row), row["last_written"]))


def _owner(row: sqlite3.Row) -> Owner:
    return Owner(row["host"], row["pid"], row["process_started"], row["process"])


def _recover_one(workspace: Workspace, orphan: sqlite3.Row, report: Report) -> EpisodeRecord | None:
    with _claimed(workspace, orphan) as mine:
        if not mine:
            return None
        journal_id = orphan["journal_id"]
        try:
            finished = _finished_file(workspace, orphan)
            # The process died after its file was complete. Its outcome is better than "aborted".
            if finished is not None:
                _adopt(workspace, journal_id, finished)
                return finished
            record = finish_journal(workspace, journal_id, "aborted", recovered=True, report=report)
        except (UnreadableJournalError, InvalidIdError) as error:
            report(f"{error} {put_journal_aside(workspace, journal_id)}")
            return None
        if record is not None:
            _log.info("Recovered episode %s with %d steps", record.episode_id, record.steps)
        return record


@contextmanager
def _claimed(workspace: Workspace, orphan: sqlite3.Row) -> Iterator[bool]:
    """Make this process the journal's owner unless another was faster; undo that if the block fails."""
    dead, living = _owner(orphan), this_process()
    mine = _change_owner(workspace, orphan["journal_id"], dead, living)
    try:
        yield mine
    # The claim is given back. Otherwise this living process would own the journal, and no later start would recover it.
    except BaseException:
        if mine:
            _change_owner(workspace, orphan["journal_id"], living, dead)
        raise


def _change_owner(workspace: Workspace, journal_id: int, old: Owner, new: Owner) -> bool:
    values = (
        *(new.host, new.pid, new.process_started, new.process, journal_id),
        *(old.host, old.pid, old.process_started, old.process),
    )
    with workspace.transaction() as connection:
        return connection.execute(_CLAIM, values).rowcount == 1


def _finished_file(workspace: Workspace, orphan: sqlite3.Row) -> EpisodeRecord | None:
    """Return the record of the journal's file if it was complete when its process died."""
    try:
        path = find_episode(workspace, orphan["episode_id"])
        record = read_episode_file(path).record
    except (UnknownEpisodeError, EpisodeFileError):
        return None
    if record.episode_id != orphan["episode_id"] or record.steps < orphan["steps"]:
        return None
    return replace(record, deleted=path.parent.name == "bin")


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
            with translated(workspace.folder):
                part.unlink(missing_ok=True)


def _settle_bin(workspace: Workspace) -> None:
    binned = {path.stem for path in (workspace.folder / "bin").glob(f"*{EPISODE_SUFFIX}")}
    kept = {path.stem for path in (workspace.folder / "episodes").glob(f"*{EPISODE_SUFFIX}")}
    for row in workspace.query("SELECT episode_id, deleted FROM episode"):
        where = binned if row["deleted"] else kept
        elsewhere = kept if row["deleted"] else binned
        if row["episode_id"] in elsewhere and row["episode_id"] not in where:
            workspace.query("UPDATE episode SET deleted = 1 - deleted WHERE episode_id = ?", (row["episode_id"],))
