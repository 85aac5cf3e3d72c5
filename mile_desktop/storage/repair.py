"""Repairs of a workspace: what can be read is taken up, everything else is moved aside; nothing is deleted."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from mile_desktop.storage.aside import move_aside, put_aside
from mile_desktop.storage.catalogue import Catalogue, insert_episode
from mile_desktop.storage.edit_store import settle_edits
from mile_desktop.storage.edits import edited, read_history
from mile_desktop.storage.episodes import read_episode_file
from mile_desktop.storage.errors import EditError, EpisodeFileError
from mile_desktop.storage.records import EpisodeRecord
from mile_desktop.storage.workspace import EPISODE_SUFFIX, Workspace


def repair_episodes(workspace: Workspace) -> Iterator[str]:
    """Make catalogue and episode files agree; yields one sentence for each thing that was done.

    A file that can be read decides. A file that cannot be read is moved to ``unreadable/``, its row with it. To be
    called after ``recover``, which completes what dead processes left.

    Raises ``WorkspaceError`` where the disk or the database does not answer.
    """
    records = {record.episode_id: record for record in Catalogue(workspace).episodes(include_deleted=True)}
    # Edits first: an episode is compared with its row as edited, so unreadable edits must be out of the way.
    yield from _edits(workspace, set(records))
    for record in records.values():
        yield from _episode(workspace, record)
    for path in [*_files(workspace, "episodes"), *_files(workspace, "bin")]:
        if path.stem not in records:
            yield _unknown_file(workspace, path)
    # Last: it sets counts in rows that the steps before have made or corrected.
    yield from settle_edits(workspace)


def _files(workspace: Workspace, place: str) -> list[Path]:
    # An episode in the journal has its file before its row; to this function it would look like an unknown file.
    being_written = {row["episode_id"] for row in workspace.query("SELECT episode_id FROM journal")}
    found = sorted((workspace.folder / place).glob(f"*{EPISODE_SUFFIX}"))
    return [path for path in found if path.stem not in being_written]


def _edits(workspace: Workspace, known: set[str]) -> Iterator[str]:
    for path in sorted((workspace.folder / "edits").glob("*.json")):
        try:
            read_history(path, path.stem)
        except EditError as error:
            yield f"{error} It is now {move_aside(workspace, path)}; the episode is as it was recorded."
            continue
        if path.stem not in known and not any(
            workspace.episode_path(path.stem, deleted=deleted).exists() for deleted in (False, True)
        ):
            yield f"{path.name} belongs to no episode; it is now {move_aside(workspace, path)}."


def _episode(workspace: Workspace, record: EpisodeRecord) -> Iterator[str]:
    path = workspace.episode_path(record.episode_id, deleted=record.deleted)
    if not path.exists():
        yield f"{_without_file(workspace, record)} The file of the episode is missing: restore it and repair again."
        return
    try:
        recording = read_episode_file(path)
    except EpisodeFileError as error:
        moved = move_aside(workspace, path)
        yield f"{error} The file is now {moved}. {_without_file(workspace, record)}"
        return
    # Moved and not renamed: the episode that it holds may have a file of its own already.
    if recording.record.episode_id != record.episode_id:
        moved = move_aside(workspace, path)
        yield (
            f"{path.name} holds episode {recording.record.episode_id}; it is now {moved}. "
            f"{_without_file(workspace, record)}"
        )
        return
    try:
        inside = edited(recording, read_history(workspace.edits_path(record.episode_id), record.episode_id)).record
    except EditError as error:
        moved = move_aside(workspace, workspace.edits_path(record.episode_id))
        yield f"{error} The edits are now {moved}; the episode is as it was recorded."
        inside = recording.record
    if (inside.start, inside.outcome, inside.steps) != (record.start, record.outcome, record.steps):
        with workspace.transaction() as connection:
            insert_episode(connection, replace(inside, deleted=record.deleted))
        yield f"The catalogue now says of {record.episode_id} what its file says."


def _without_file(workspace: Workspace, record: EpisodeRecord) -> str:
    """Take a row out of the catalogue, keep it as a file, and say so."""
    # Before the row is deleted: a process that is killed in between leaves it twice, and never loses it.
    kept = put_aside(workspace, f"{record.episode_id}-row.json", msgspec.json.format(msgspec.json.encode(record)))
    with workspace.transaction() as connection:
        connection.execute("DELETE FROM episode WHERE episode_id = ?", (record.episode_id,))
        connection.execute("DELETE FROM episode_detail WHERE episode_id = ?", (record.episode_id,))
    return f"Episode {record.episode_id} is taken out of the catalogue; its row is kept in {kept}."


def _unknown_file(workspace: Workspace, path: Path) -> str:
    try:
        record = read_episode_file(path).record
    except EpisodeFileError as error:
        return f"{error} The file is now {move_aside(workspace, path)}."
    if record.episode_id != path.stem:
        return f"{path.name} holds episode {record.episode_id}; it is now {move_aside(workspace, path)}."
    with workspace.transaction() as connection:
        insert_episode(connection, replace(record, deleted=path.parent.name == "bin"))
    return f"{path.name} was not in the catalogue and was added."
