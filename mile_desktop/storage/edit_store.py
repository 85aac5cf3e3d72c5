"""Changes an episode's edits in file and catalogue together."""

import sqlite3
from collections.abc import Iterator

import msgspec

from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.durable import write_durably
from mile_desktop.storage.edits import Change, EditHistory, Withdraw, edited, encoded, read_history
from mile_desktop.storage.episodes import read_recording
from mile_desktop.storage.errors import EditError, WorkspaceError
from mile_desktop.storage.ids import now
from mile_desktop.storage.records import EpisodeRecord
from mile_desktop.storage.workspace import Workspace

_UPDATE = (
    "UPDATE episode SET outcome = ?, steps = ?, takeovers = ?, human_steps = ?, mean_intervention_prob = ?, "
    "drivers = ?, tags = ?, start = ? WHERE episode_id = ?"
)
# Values computed from the episode before this edit are cleared; they are computed again when they are needed.
_DETAIL = (
    "INSERT INTO episode_detail (episode_id, edits, note, in_force) VALUES (?, ?, ?, ?) ON CONFLICT (episode_id) "
    "DO UPDATE SET edits = excluded.edits, note = excluded.note, in_force = excluded.in_force, "
    "threshold = NULL, false_alarms = NULL, misses = NULL, brier = NULL"
)


def edit_history(workspace: Workspace, episode_id: str) -> EditHistory:
    """Return all edits of an episode; raises ``EditError`` if their file cannot be read."""
    return read_history(workspace.edits_path(episode_id), episode_id)


def edit_episode(workspace: Workspace, episode_id: str, change: Change) -> EditHistory:
    """Add one change to the file of edits and to the catalogue: both or neither.

    Raises
    ------
    UnknownEpisodeError, EpisodeFileError
        There is no such episode, or its recording cannot be read.
    EditError
        The change does not fit the recording; nothing has changed.
    """
    Catalogue(workspace).episode(episode_id)
    # Read before the transaction: a large file must not be read while the database is locked.
    recording = read_recording(workspace, episode_id)
    # If the process is killed between file and row, the file decides: recovery sets the row.
    with workspace.transaction() as connection:
        # Read again under the lock, because another window may have added an edit.
        history = edit_history(workspace, episode_id)
        if isinstance(change, Withdraw) and change.version not in {edit.version for edit in history.edits}:
            raise EditError(f"{episode_id} has no edit {change.version} to take back; it has {len(history.edits)}.")
        history = history.grown(change, now())
        write_row(connection, edited(recording, history).record, history)
        # The file last, before the commit. If writing fails, the transaction takes the row back.
        write_durably(workspace.edits_path(episode_id), encoded(history))
    return history


def write_row(connection: sqlite3.Connection, record: EpisodeRecord, history: EditHistory) -> None:
    """Copy ``record`` to the catalogue's row within the caller's transaction; ``deleted`` is not changed."""
    values = (record.outcome, record.steps, record.takeovers, record.human_steps, record.mean_intervention_prob)
    # Of what was known at the start, only the operator's name can be corrected; it is kept within that JSON.
    texts = (msgspec.json.encode(each).decode() for each in (record.drivers, record.tags, record.start))
    connection.execute(_UPDATE, (*values, *texts, record.episode_id))
    counts = len(history.edits), history.note, len(history.in_force)
    connection.execute(_DETAIL, (record.episode_id, *counts))


def settle_edits(workspace: Workspace, *, source: Workspace | None = None) -> Iterator[str]:
    """Update the catalogue from files of edits it has not seen yet; yields one sentence for each file that failed.

    ``source``: workspace with the files, if it is not ``workspace`` (while a catalogue is rebuilt).
    """
    place = source or workspace
    known = {row["episode_id"]: row["edits"] for row in workspace.query("SELECT episode_id, edits FROM episode_detail")}
    for path in sorted(place.edits_path("any").parent.glob("*.json")):
        try:
            history = read_history(path, path.stem)
            # The file only grows. The same number of edits therefore means the same content.
            if known.get(path.stem, 0) == len(history.edits):
                continue
            record = edited(read_recording(place, path.stem), history).record
        except WorkspaceError as error:
            yield str(error)
            continue
        with workspace.transaction() as connection:
            write_row(connection, record, history)
