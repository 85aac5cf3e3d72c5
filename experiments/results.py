"""What a cell came to, one JSON file each."""

import hashlib
import platform
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from experiments.cells import AnyCell, AnyResult
from mile_desktop.errors import UserError
from mile_desktop.storage.durable import write_durably

_PACKAGES = ("mile-desktop", "torch", "numpy", "scipy", "pybullet", "gymnasium", "scikit-learn")


class ResultError(UserError, ValueError):
    """A result file cannot be read; the message says why and what to do."""


class CellResult(msgspec.Struct, frozen=True, kw_only=True):
    """One finished cell: its settings, what came out, and what it took."""

    cell: AnyCell
    result: AnyResult
    versions: dict[str, str]
    cpu_s: float
    """Processor time."""
    wall_s: float
    finished_at: str
    """UTC, ISO 8601."""


def cell_key(cell: AnyCell) -> str:
    """Return what names the cell: readable, and different for different settings.

    Settings at their defaults are left out, so that a new setting, whose default is what was done before, leaves the
    keys of old results as they are. For the same reason a default never changes.
    """
    settings = {"kind": type(cell).__struct_config__.tag, **_changed(cell)}
    digest = hashlib.blake2b(msgspec.json.encode(settings, order="deterministic"), digest_size=5).hexdigest()
    return f"{re.sub(r'[^a-z0-9.-]+', '-', cell.slug.lower())}-{digest}"


def _changed(settings: msgspec.Struct) -> dict[str, Any]:
    """Return the fields that are not at their defaults, structs inside likewise."""
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


class ResultStore:
    """A folder of results; a file is there whole or not at all.

    Parameters
    ----------
    folder
        Made when the first result is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __contains__(self, cell: AnyCell) -> bool:
        return self.path(cell).exists()

    def path(self, cell: AnyCell) -> Path:
        """Return where the result of ``cell`` lies, or would."""
        return self.folder / f"{cell_key(cell)}.json"

    def write(self, result: CellResult) -> None:
        """Keep ``result``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_durably(self.path(result.cell), msgspec.json.encode(result) + b"\n")

    def read(self, cell: AnyCell) -> CellResult:
        """Read the result of ``cell``; ``ResultError`` where it is missing or damaged."""
        return _read(self.path(cell))

    def all(self) -> Iterator[CellResult]:
        """Yield every result of the folder, by name; ``ResultError`` where one is damaged."""
        for path in sorted(self.folder.glob("*.json")):
            yield _read(path)


def _read(path: Path) -> CellResult:
    try:
        return msgspec.json.decode(path.read_bytes(), type=CellResult)
    except (OSError, msgspec.MsgspecError) as error:
        raise ResultError(f"{path} is no result of an experiment ({error}); delete it and run again.") from error
