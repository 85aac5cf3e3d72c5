"""A folder with one model: a JSON description and files beside it, written whole or not at all; no torch.

Policies, intervention models and training checkpoints are such folders. ``tensor_file`` reads and writes the tensors.
Beside the files are their checksums, because a changed bit in a weight gives another valid weight. Folders of older
versions have none and are read without this check.
"""

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from mile_desktop.errors import UserError
from mile_desktop.storage.durable import sync_folder
from mile_desktop.storage.errors import translated

Described = TypeVar("Described")

CHECKSUM_FILE = "checksums.json"
"""SHA-256 of every other file of the folder, by its name."""


class ModelFileError(UserError, ValueError):
    """A file of the folder is missing, damaged or not what it should be; the message says which and what to do."""


class _SchemaOnly(msgspec.Struct):
    schema: int


def read_description(path: Path, expected: type[Described], *, schema: int, noun: str, remedy: str) -> Described:
    """Read the JSON description in ``path``.

    The schema number is read first and by itself: a newer version may have fields that this one cannot decode, and
    then "update the program" is the message that helps.

    Parameters
    ----------
    expected : type
        ``msgspec.Struct`` with a field ``schema``.
    schema : int
        Newest version that this program reads.
    noun, remedy : str
        For the message: what the file should be, and what to do where it is not.

    Raises
    ------
    ModelFileError
        When the file is missing, damaged or newer.
    """
    text = read_bytes(path)
    try:
        found = msgspec.json.decode(text, type=_SchemaOnly).schema
        if found > schema:
            raise ModelFileError(
                f"{path} was written by a newer version (schema {found}, this program reads up to {schema}); "
                "update the program."
            )
        return msgspec.json.decode(text, type=expected)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # brackets in brackets in brackets …
        raise ModelFileError(f"{path} is not a {noun} ({error}); {remedy}.") from error


@contextmanager
def raised_as(error_type: type[UserError]) -> Iterator[None]:
    """Raise ``ModelFileError`` from the block as ``error_type``, with the same message."""
    try:
        yield
    except ModelFileError as error:
        raise error_type(str(error)) from error


def read_bytes(path: Path) -> bytes:
    """Read a file whole, or raise ``ModelFileError`` saying why not."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelFileError(f"{path} is missing; the folder is incomplete, copy it again.") from error
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}.") from error


def check_unchanged(folder: Path) -> None:
    """Raise ``ModelFileError`` if a file of ``folder`` is not what was written; no error without checksums.

    To be called last: a file that is truncated or does not fit the others has a better message of its own.
    """
    path = folder / CHECKSUM_FILE
    try:
        expected = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelFileError(
            f"{path} cannot be read ({error}), so the files beside it cannot be checked; copy the folder again, or "
            f"delete {CHECKSUM_FILE} to use them unchecked."
        ) from error
    for name, checksum in expected.items():
        if _checksum(read_bytes(folder / Path(name).name)) != checksum:
            raise ModelFileError(
                f"{folder / name} is not as it was written (its checksum differs); copy the folder again. If you "
                f"changed the file yourself, delete {CHECKSUM_FILE} beside it."
            )


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_folder(folder: Path, files: Mapping[str, bytes], *, replace: bool = False) -> None:
    """Write ``files`` (name → content) as ``folder``: beside, synced, then renamed, so that no reader sees a half.

    Their checksums are added.

    Parameters
    ----------
    replace : bool
        Whether an existing folder is replaced.

    Raises
    ------
    FileExistsError
        When the folder exists and is not to be replaced.
    WorkspaceError
        When the disk refuses, or is full; nothing is left behind then.
    """
    if folder.exists() and not replace:
        raise FileExistsError(f"{folder} exists already; choose another name or remove it.")
    checksums = msgspec.json.format(msgspec.json.encode({name: _checksum(each) for name, each in files.items()}))
    with translated(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        # In the same parent folder: only there is the rename atomic. The dot hides it from listings of models.
        beside = folder.parent / f".{folder.name}.{uuid.uuid4().hex[:8]}.partial"
        beside.mkdir()
        try:
            # Each file is synced before the rename: after a power cut the folder is there whole or not at all.
            for name, content in {**files, CHECKSUM_FILE: checksums}.items():
                _write_synced(beside / name, content)
            _put_in_place(beside, folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        sync_folder(folder.parent)


def _put_in_place(beside: Path, folder: Path) -> None:
    """Rename; a full folder cannot be renamed over, so an old one is first moved aside and kept until it worked."""
    if not folder.exists():
        beside.rename(folder)
        return
    # A reader sees the old folder or the new one, or none for the moment between two renames; never a mixture.
    aside = beside.with_suffix(".replaced")
    folder.rename(aside)
    try:
        beside.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def restore_replaced(parent: Path) -> tuple[Path, ...]:
    """Put folders back in ``parent`` that a killed writer had moved aside and not yet replaced; return them."""
    restored = []
    for aside in sorted(parent.glob(".*.replaced")):
        # the name is ``.<folder>.<eight characters>.replaced``
        folder = parent / aside.stem[1:].rpartition(".")[0]
        if folder.name and not folder.exists():
            aside.rename(folder)
            restored.append(folder)
    return tuple(restored)


def remove_leftovers(parent: Path, *, older_than_s: float = 3600.0) -> None:
    """Remove what killed writers left in ``parent``, if it is too old to be written at this moment."""
    for leftover in parent.glob(".*.partial"):
        # An hour: a living writer takes seconds.
        if time.time() - leftover.stat().st_mtime > older_than_s:
            shutil.rmtree(leftover, ignore_errors=True)
