"""The table of the step's columns: what journal, episode files and edits read instead of naming columns themselves.

It is derived from ``records.StepColumns``. A column's kind says how its values are stored.
"""

from dataclasses import MISSING, dataclass, fields
from enum import Enum
from typing import Annotated, Any, TypeVar, get_args, get_origin

from mile_desktop.storage import records


class Kind(Enum):
    """How the values of a column are stored: in the journal as msgpack, in the file as an Arrow column."""

    TIME = "float64"
    NUMBER = "float32"
    FLAG = "bool"
    ROW = "int32"
    """A row number of the recording; trimming moves it."""
    TEXT = "string"
    VECTOR = "list of float32"
    HUMAN_ACTION = "list of float32, or null"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table."""

    name: str
    """Attribute of ``Step`` and ``Episode``."""
    file_name: str
    """Name in episode files."""
    kind: Kind
    length: str
    """Vectors with the same word here have the same number of entries in every step; empty for single values."""
    default: object
    """What older files and journals without the column are read as; ``MISSING`` for the columns of the first build."""

    @property
    def is_vector(self) -> bool:
        """A step holds an array of it."""
        return self.kind in {Kind.VECTOR, Kind.HUMAN_ACTION}

    @property
    def is_required(self) -> bool:
        """A file without it is damaged."""
        return self.default is MISSING


_KINDS: dict[TypeVar, tuple[Kind, str]] = {
    records.TimeT: (Kind.TIME, ""),
    records.ObservationT: (Kind.VECTOR, "observation"),
    records.ActionT: (Kind.VECTOR, "action"),
    records.HumanActionT: (Kind.HUMAN_ACTION, "action"),
    records.StateT: (Kind.VECTOR, "scene state"),
    records.FlagT: (Kind.FLAG, ""),
    records.NumberT: (Kind.NUMBER, ""),
    records.TextT: (Kind.TEXT, ""),
    records.RowT: (Kind.ROW, ""),
}


def _column(name: str, declared: Any, default: object) -> Column:  # noqa: ANN401 - annotations have no common type
    if get_origin(declared) is Annotated:
        # The name in the file is fixed for ever by the files that exist. The attribute's name may change.
        variable, in_file = get_args(declared)
        file_name = in_file.name
    else:
        variable, file_name = declared, name
    kind, length = _KINDS[variable]
    return Column(name, file_name, kind, length, default)


COLUMNS = tuple(_column(each.name, each.type, each.default) for each in fields(records.StepColumns))
"""All columns in their order in the journal, which must never change: an old journal is read by position."""


def of_kind(*kinds: Kind) -> tuple[Column, ...]:
    """Return the columns of these kinds, in the table's order."""
    return tuple(column for column in COLUMNS if column.kind in kinds)
