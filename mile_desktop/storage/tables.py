"""Records of artefacts as rows of a table and, for those with a folder of their own, as ``record.json`` beside it.

If the row is lost, ``rebuild_catalogue`` restores it from the file.
"""

import sqlite3
import typing
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from mile_desktop.storage.durable import write_durably
from mile_desktop.storage.errors import DuplicateRecordError, UnknownRecordError, translated
from mile_desktop.storage.ids import checked_id
from mile_desktop.storage.records import EvaluationRecord, InterventionModelRecord, PolicyRecord, RunRecord
from mile_desktop.storage.workspace import Workspace

RECORD_FILE = "record.json"

R = TypeVar("R", PolicyRecord, RunRecord, EvaluationRecord, InterventionModelRecord)


@dataclass(frozen=True)
class Table(Generic[R]):
    """Storage of records of one kind: a column for each field, tuples and dictionaries as JSON."""

    name: str
    kind: type[R]
    key: str
    folder: str | None
    """Folder of the workspace with one subfolder for each record; None if this kind has no files."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns, which are the record's fields."""
        return tuple(each.name for each in fields(self.kind))

    def add(
        self, workspace: Workspace, record: R, *, check: Callable[[sqlite3.Connection], None] = lambda _: None
    ) -> None:
        """Insert ``record``, its file first; raises ``DuplicateRecordError`` if there is one of its id.

        ``check`` is called within the transaction; what it raises keeps the record out.
        """
        identity = checked_id(getattr(record, self.key))
        # Not if there is one: its file must not be overwritten by a record that is then refused.
        if self.find(workspace, identity) is None:
            self.write_file(workspace, record)
        try:
            with workspace.transaction() as connection:
                check(connection)
                self.insert(connection, record)
        except sqlite3.IntegrityError as error:
            raise DuplicateRecordError(f"There is already a {self.title} {identity}; give it a new id.") from error

    def update(
        self,
        workspace: Workspace,
        identity: str,
        *,
        check: Callable[[sqlite3.Connection], None] = lambda _: None,
        **changes: Any,  # noqa: ANN401 - one per column
    ) -> R:
        """Change columns of one row; returns the changed record, or raises ``UnknownRecordError``.

        ``check`` is called within the transaction; what it raises keeps the row as it is.
        """
        # The names are fields of our own records and never come from outside; the values are always parameters.
        record: R | None
        names = ", ".join(f"{name} = ?" for name in changes)
        with workspace.transaction() as connection:
            check(connection)
            statement = f"UPDATE {self.name} SET {names} WHERE {self.key} = ?"  # noqa: S608 - our own names
            connection.execute(statement, (*(_to_sql(value) for value in changes.values()), identity))
            record = self.find(workspace, identity)
        if record is None:
            raise self.unknown(identity)
        # After the commit. Killed in between, the row is newer than the file, and only a rebuild would see the old
        # value.
        self.write_file(workspace, record)
        return record

    def remove(self, workspace: Workspace, identity: str) -> None:
        """Remove the record of that id, its file first; its folder stays. Raises ``UnknownRecordError``."""
        # Asked first, so that an unknown id removes no file of another record.
        self.get(workspace, identity)
        path = self._file(workspace, identity)
        with translated(workspace.folder):
            if path is not None:
                path.unlink(missing_ok=True)
        with workspace.transaction() as connection:
            connection.execute(f"DELETE FROM {self.name} WHERE {self.key} = ?", (identity,))  # noqa: S608 - our own names

    def insert(self, connection: sqlite3.Connection, record: R, *, unless_there: bool = False) -> None:
        """Insert ``record`` within the caller's transaction."""
        verb = "INSERT OR IGNORE" if unless_there else "INSERT"
        places = ", ".join("?" * len(self.columns))
        statement = f"{verb} INTO {self.name} ({', '.join(self.columns)}) VALUES ({places})"
        connection.execute(statement, tuple(_to_sql(getattr(record, column)) for column in self.columns))

    def find(self, workspace: Workspace, identity: str) -> R | None:
        """Return the record of that id, or None."""
        found = self.select(workspace, **{self.key: identity})
        return found[0] if found else None

    def get(self, workspace: Workspace, identity: str) -> R:
        """Return the record of that id, or raise ``UnknownRecordError``."""
        record = self.find(workspace, identity)
        if record is None:
            raise self.unknown(identity)
        return record

    def select(self, workspace: Workspace, **equal: object) -> tuple[R, ...]:
        """Return the records whose columns have these values (None: any), oldest first."""
        asked = {column: value for column, value in equal.items() if value is not None}
        # The names are fields of our own records, and the values are always parameters.
        where = " AND ".join(f"{column} = ?" for column in asked) or "1"
        statement = f"SELECT * FROM {self.name} WHERE {where} ORDER BY created_at, {self.key}"  # noqa: S608
        return tuple(self.from_row(row) for row in workspace.query(statement, tuple(asked.values())))

    def from_row(self, row: sqlite3.Row) -> R:
        """Return the record of a row."""
        encoded = self._json
        values = {
            column: msgspec.json.decode(row[column]) if column in encoded else row[column] for column in self.columns
        }
        # Not strict: SQLite stores flags as 0 and 1.
        return msgspec.convert(values, type=self.kind, strict=False)

    def write_file(self, workspace: Workspace, record: R) -> None:
        """Write ``record.json`` into the record's folder, if this kind has one."""
        path = self._file(workspace, getattr(record, self.key))
        if path is None:
            return
        body = msgspec.json.format(msgspec.json.encode(record), indent=2)
        with translated(workspace.folder):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, body)

    def read_file(self, path: Path) -> R:
        """Read a ``record.json``; raises ``OSError`` or ``msgspec.MsgspecError`` where it cannot be."""
        return msgspec.json.decode(path.read_bytes(), type=self.kind)

    def unknown(self, identity: str) -> UnknownRecordError:
        """Return the error for an id that is not there."""
        return UnknownRecordError(f"The workspace has no {self.title} {identity}; choose one that is listed.")

    @property
    def title(self) -> str:
        """Name of the kind for people."""
        return self.name.replace("_", " ")

    @cached_property
    def _json(self) -> frozenset[str]:
        hints = typing.get_type_hints(self.kind)
        return frozenset(name for name, hint in hints.items() if typing.get_origin(hint) in {tuple, dict})

    def _file(self, workspace: Workspace, identity: str) -> Path | None:
        if self.folder is None:
            return None
        return workspace.folder / self.folder / checked_id(identity) / RECORD_FILE


POLICIES = Table("policy", PolicyRecord, "policy_id", "policies")
RUNS = Table("run", RunRecord, "run_id", "runs")
EVALUATIONS = Table("evaluation", EvaluationRecord, "evaluation_id", None)
INTERVENTION_MODELS = Table("intervention_model", InterventionModelRecord, "model_id", "interventions")


def _to_sql(value: object) -> object:
    return msgspec.json.encode(value).decode() if isinstance(value, (tuple, dict)) else value
