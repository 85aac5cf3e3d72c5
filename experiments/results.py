"""Results of cells: one JSON file a cell while a grid runs, one line a cell in the file that is committed."""

import hashlib
import platform
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from experiments.cells import AnyCell, AnyResult
from mile_desktop.errors import UserError
from mile_desktop.storage.durable import write_durably

_PACKAGES = ("mile-desktop", "torch", "numpy", "scipy", "pybullet", "gymnasium", "scikit-learn")


class ResultError(UserError, ValueError):
    """A result cannot be read; the message says why and what to do."""


class CellResult(msgspec.Struct, frozen=True, kw_only=True):
    """One finished cell: its settings, its result, and what it cost."""

    cell: AnyCell
    result: AnyResult
    versions: dict[str, str]
    cpu_s: float
    """Processor time."""
    wall_s: float
    finished_at: str
    """UTC, ISO 8601."""


def cell_key(cell: AnyCell) -> str:
    """Return the name of the cell: readable, and different for different settings.

    Settings at their defaults are left out. A new setting, whose default is the earlier behaviour, therefore does not
    change the keys of old results. For the same reason a default never changes.
    """
    settings = {"kind": type(cell).__struct_config__.tag, **_changed(cell)}
    # Ten hexadecimal digits tell thousands of cells apart and leave room for a name that people can read.
    digest = hashlib.blake2b(msgspec.json.encode(settings, order="deterministic"), digest_size=5).hexdigest()
    return f"{re.sub(r'[^a-z0-9.-]+', '-', cell.slug.lower())}-{digest}"


def _changed(settings: msgspec.Struct) -> dict[str, Any]:
    """Return the fields that are not at their defaults, and the same for structs inside."""
    changed = {}
    for field in msgspec.structs.fields(settings):
        value = getattr(settings, field.name)
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        if value != default:
            changed[field.name] = _changed(value) if isinstance(value, msgspec.Struct) else value
    return changed


def versions() -> dict[str, str]:
    """Return the versions of everything the numbers depend on."""
    return {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


class _Kept(NamedTuple):
    """A result and the line it was read from."""

    result: CellResult
    line: bytes


class ResultStore:
    """The results of one grid; a cell of the work folder replaces the one of the same key in the record.

    A grid writes single files, because several runs (or machines) can then add cells without a conflict. The record is
    one file, because hundreds of small files hide everything else in a listing or a review.

    Parameters
    ----------
    work
        Folder of single cells, made when the first result is written. A file is complete or missing.
    record
        JSON Lines file of earlier results, one line a cell, sorted by key. It may be missing; None: there is none.
    """

    def __init__(self, work: Path, record: Path | None = None) -> None:
        self.work = work
        self.record = record
        self._recorded: dict[str, _Kept] | None = None

    def __contains__(self, cell: AnyCell) -> bool:
        return self.path(cell).exists() or cell_key(cell) in self._record_lines()

    def path(self, cell: AnyCell) -> Path:
        """Return the file of ``cell`` in the work folder, whether or not it exists."""
        return self.work / f"{cell_key(cell)}.json"

    def write(self, result: CellResult) -> None:
        """Keep ``result`` in the work folder."""
        self.work.mkdir(parents=True, exist_ok=True)
        write_durably(self.path(result.cell), msgspec.json.encode(result) + b"\n")

    def read(self, cell: AnyCell) -> CellResult:
        """Read the result of ``cell``; ``ResultError`` when it is missing or damaged."""
        path = self.path(cell)
        if not path.exists() and (recorded := self._record_lines().get(cell_key(cell))):
            return recorded.result
        return _read(path).result

    def all(self) -> Iterator[CellResult]:
        """Yield every result, sorted by key; ``ResultError`` when one is damaged."""
        for each in self._sorted():
            yield each.result

    def write_record(self) -> int:
        """Write every result to the record and return their number; the work folder stays as it is.

        Lines are copied, not encoded again: a setting that was added later must not change the lines of old results.

        Raises
        ------
        ResultError
            When a result is damaged, or this store has no record.
        """
        if self.record is None:
            raise ResultError("These results have no record; name a file for it.")
        kept = self._sorted()
        self.record.parent.mkdir(parents=True, exist_ok=True)
        write_durably(self.record, b"".join(each.line + b"\n" for each in kept))
        self._recorded = None
        return len(kept)

    def _sorted(self) -> list[_Kept]:
        work = {cell_key(each.result.cell): each for each in map(_read, self.work.glob("*.json"))}
        # The later one wins: a cell that was run again replaces its recorded line.
        results = {**self._record_lines(), **work}
        return [results[key] for key in sorted(results)]

    def _record_lines(self) -> dict[str, _Kept]:
        # read once: a grid asks for every one of its cells, and only ``write_record`` changes the record
        if self._recorded is None:
            self._recorded = {} if self.record is None else _read_record(self.record)
        return self._recorded


def _read(path: Path) -> _Kept:
    try:
        line = path.read_bytes().strip()
        return _Kept(msgspec.json.decode(line, type=CellResult), line)
    except (OSError, msgspec.MsgspecError) as error:
        raise ResultError(f"{path} is no result of an experiment ({error}); delete it and run again.") from error


def _read_record(path: Path) -> dict[str, _Kept]:
    if not path.exists():
        return {}
    kept = {}
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            result = msgspec.json.decode(line, type=CellResult)
        except msgspec.MsgspecError as error:
            raise ResultError(
                f"Line {number} of {path} is no result of an experiment ({error}); restore the file from version "
                "control, or delete the line and run its cell again."
            ) from error
        kept[cell_key(result.cell)] = _Kept(result, line)
    return kept
