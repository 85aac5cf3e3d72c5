"""Checks whether the catalogue agrees with the files; changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.durable import PART_SUFFIX
from mile_desktop.storage.edits import edited, read_history
from mile_desktop.storage.episodes import read_episode_file
from mile_desktop.storage.errors import EditError, EpisodeFileError
from mile_desktop.storage.records import EpisodeRecord
from mile_desktop.storage.recovery import orphans
from mile_desktop.storage.workspace import EPISODE_SUFFIX, Workspace


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """Result of a check of the whole workspace."""

    episodes: int
    """Episodes outside the bin."""
    steps: int
    """Their steps."""
    recovered: int
    """How many of them were recovered after a crash."""
    problems: tuple[str, ...]
    """One sentence for each problem, with what to do; the bin is checked, too."""


def doctor(workspace: Workspace) -> DoctorReport:
    """Check the database, and every episode's file against its row; models are checked by ``registry.health``."""
    catalogue = Catalogue(workspace)
    records = catalogue.episodes(include_deleted=True)
    kept = [record for record in records if not record.deleted]
    return DoctorReport(
        episodes=len(kept),
        steps=sum(record.steps for record in kept),
        recovered=sum(record.recovered for record in kept),
        problems=(
            *_database_problems(workspace),
            *(problem for record in records for problem in _episode_problems(workspace, record)),
            *_stray_files(workspace, {record.episode_id for record in records}),
            # Last: it is no damage, and the next start takes care of it.
            *_left_open(workspace),
        ),
    )


def _database_problems(workspace: Workspace) -> Iterator[str]:
    # The full check, indexes included, for which a start has no time.
    for row in workspace.query("PRAGMA integrity_check"):
        if row[0] != "ok":
            yield f"The database is damaged ({row[0]}); rebuild the catalogue from the episode files."


def _episode_problems(workspace: Workspace, record: EpisodeRecord) -> Iterator[str]:
    path = workspace.episode_path(record.episode_id, deleted=record.deleted)
    try:
        history = read_history(workspace.edits_path(record.episode_id), record.episode_id)
        # With its edits, because the row of the catalogue holds the edited counts.
        inside = edited(read_episode_file(path), history).record
    except (EpisodeFileError, EditError) as error:
        yield str(error)
        return
    if (inside.start, inside.outcome, inside.steps) != (record.start, record.outcome, record.steps):
        yield f"{path} disagrees with the catalogue about its episode; rebuild the catalogue to use the file."


def _stray_files(workspace: Workspace, known: set[str]) -> Iterator[str]:
    # The file of a running episode appears a moment before its row.
    being_written = {row["episode_id"] for row in workspace.query("SELECT episode_id FROM journal")}
    for path in _files(workspace, EPISODE_SUFFIX):
        if path.stem not in known | being_written:
            yield f"{path} is not in the catalogue; rebuild the catalogue to add it, or move the file away."
    for path in sorted((workspace.folder / "edits").glob("*.json")):
        if path.stem not in known:
            yield f"{path} belongs to no episode; restore the episode, or move the file away."
    for path in _files(workspace, EPISODE_SUFFIX + PART_SUFFIX):
        if path.name.removesuffix(EPISODE_SUFFIX + PART_SUFFIX) not in being_written:
            yield f"{path} was left half-written; the next start removes it."


def _files(workspace: Workspace, ending: str) -> Iterator[Path]:
    for place in ("episodes", "bin"):
        yield from sorted((workspace.folder / place).glob(f"*{ending}"))


def _left_open(workspace: Workspace) -> Iterator[str]:
    for orphan in orphans(workspace):
        yield f"Episode {orphan['episode_id']} was left open with {orphan['steps']} steps; the next start recovers it."
