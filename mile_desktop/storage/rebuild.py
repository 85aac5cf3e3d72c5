"""Builds a new catalogue from the files when the database is lost or damaged."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from mile_desktop.storage import schema
from mile_desktop.storage.catalogue import Catalogue, insert_episode
from mile_desktop.storage.edit_store import settle_edits
from mile_desktop.storage.episodes import read_record
from mile_desktop.storage.errors import EpisodeFileError, WorkspaceVersionError, translated
from mile_desktop.storage.ids import new_id
from mile_desktop.storage.tables import EVALUATIONS, INTERVENTION_MODELS, POLICIES, RECORD_FILE, RUNS, Table
from mile_desktop.storage.workspace import DATABASE, EPISODE_SUFFIX, Workspace, hold_window_lock

_SCRATCH = "rebuilding"
_FILES = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm")
_TABLES: tuple[Table[Any], ...] = (POLICIES, RUNS, INTERVENTION_MODELS, EVALUATIONS)


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """Result of rebuilding a catalogue."""

    episodes: int
    """Episodes now in the catalogue, the bin included."""
    policies: int
    problems: tuple[str, ...]
    """One sentence for each thing that could not be copied."""
    kept: Path | None
    """Folder of the old database; None if there was none."""


def rebuild_catalogue(folder: Path | str) -> RebuildReport:
    """Replace the database of the workspace in ``folder`` by a new one, built from the files.

    Episodes come from their Parquet files and edits, policies, runs and intervention models from their ``record.json``;
    evaluations, promotions and journals from the old database as far as it can still be read. The old database is
    kept in a folder of its own. After a kill at any point the workspace is unchanged and this can be called again.
    Everything else that uses the workspace (worker, trainer) must be closed first. Call ``recover`` afterwards, as at
    every start.

    Raises
    ------
    WorkspaceLockedError
        Another window has it open.
    WorkspaceVersionError
        The database was written by a newer version.
    WorkspaceFullError, WorkspaceReadOnlyError
        The disk is full or cannot be written to.
    """
    place = Path(folder).expanduser().absolute()
    scratch = place / _SCRATCH
    # Any other window would go on to write to the database that is replaced.
    with hold_window_lock(place), translated(place):
        try:
            shutil.rmtree(scratch, ignore_errors=True)
            # The new database is complete before the old one is touched.
            report = _fill(place, scratch)
            kept = _put_aside(place)
            (scratch / DATABASE).replace(place / DATABASE)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return replace(report, kept=kept)


def _fill(place: Path, scratch: Path) -> RebuildReport:
    problems: list[str] = []
    with Workspace.open(scratch) as new:
        problems += _take_episode_files(place, new)
        problems += settle_edits(new, source=Workspace(place))
        problems += _take_record_files(place, new)
        problems += _salvage(place, scratch / "old", new)
        catalogue = Catalogue(new)
        return RebuildReport(catalogue.episode_count(), len(catalogue.policies()), tuple(problems), None)


def _put_aside(place: Path) -> Path | None:
    found = [place / name for name in _FILES if (place / name).exists()]
    if not found:
        return None
    kept = place / new_id("damaged")
    kept.mkdir()
    # The database last: until it is gone the workspace is seen as damaged, afterwards as having none.
    for path in reversed(found):
        path.replace(kept / path.name)
    return kept


def _take_episode_files(place: Path, new: Workspace) -> list[str]:
    problems = []
    with new.transaction() as connection:
        # The bin first: if an episode is in both folders, the row of ``episodes`` replaces it.
        for where in ("bin", "episodes"):
            for path in sorted((place / where).glob(f"*{EPISODE_SUFFIX}")):
                try:
                    record = read_record(path)
                except EpisodeFileError as error:
                    problems.append(str(error))
                    continue
                if record.episode_id == path.stem:
                    insert_episode(connection, replace(record, deleted=where == "bin"))
                else:
                    problems.append(f"{path} holds episode {record.episode_id}; rename the file to that, then rebuild.")
    return problems


def _take_record_files(place: Path, new: Workspace) -> list[str]:
    problems = []
    with new.transaction() as connection:
        for table in _TABLES:
            for path in sorted(place.glob(f"{table.folder}/*/{RECORD_FILE}")) if table.folder else ():
                try:
                    table.insert(connection, table.read_file(path), unless_there=True)
                except (OSError, msgspec.MsgspecError) as error:
                    problems.append(
                        f"{path} cannot be read ({error}); its {table.title} is missing until it is restored."
                    )
    return problems


def _salvage(place: Path, copy: Path, new: Workspace) -> list[str]:
    """Copy what can still be read from a copy of the old database; the old database itself is not touched."""
    if not (place / DATABASE).exists():
        return []
    copy.mkdir()
    # A copy: SQLite recovers the log when it opens a database, and that would change the only evidence.
    for name in _FILES[:2]:
        if (place / name).exists():
            shutil.copyfile(place / name, copy / name)
    with closing(sqlite3.connect(copy / DATABASE, isolation_level=None)) as old:
        old.row_factory = sqlite3.Row
        try:
            version = schema.version_of(old)
            _check_version(place, version)
            # An older database lacks columns that the copies below expect.
            schema.migrate(old, schema.MIGRATIONS)
        except sqlite3.DatabaseError as error:
            return [f"Evaluations, promotions and the journal could not be read from the old database ({error})."]
        return [problem for table in _TABLES for problem in _salvage_records(old, new, table)] + [
            problem for name in ("promotion", "journal", "journal_step") for problem in _salvage_rows(old, new, name)
        ]


def _check_version(place: Path, version: int) -> None:
    if version > len(schema.MIGRATIONS):
        raise WorkspaceVersionError(
            f"{place} was written by a newer version of MILE Desktop; update the program, then rebuild its catalogue."
        )


def _salvage_records(old: sqlite3.Connection, new: Workspace, table: Table[Any]) -> Iterator[str]:
    with new.transaction() as connection:
        # Row by row: everything before the damaged page is kept.
        try:
            for row in old.execute(f"SELECT * FROM {table.name}"):  # noqa: S608 - names are our own
                table.insert(connection, table.from_row(row), unless_there=True)
        except (sqlite3.DatabaseError, msgspec.MsgspecError) as error:
            yield f"Not every {table.title} could be read from the old database ({error})."


def _salvage_rows(old: sqlite3.Connection, new: Workspace, name: str) -> Iterator[str]:
    with new.transaction() as connection:
        try:
            for row in old.execute(f"SELECT * FROM {name}"):  # noqa: S608 - names are our own
                places = ", ".join("?" * len(row))
                connection.execute(f"INSERT OR IGNORE INTO {name} VALUES ({places})", tuple(row))  # noqa: S608
        except sqlite3.DatabaseError as error:
            yield f"Not all of the old database's table {name} could be read ({error})."
