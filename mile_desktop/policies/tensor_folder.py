"""A folder with tensors and a JSON description of them, written whole or not at all.

Policies and training checkpoints are such folders. Tensors are safetensors, never pickles: opening a file somebody
sent can not run their code.
"""

import os
import shutil
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError

from mile_desktop.errors import UserError
from mile_desktop.storage.durable import sync_folder

_LENGTH_BYTES = 8  # a safetensors file begins with the length of its JSON header

_STRANGERS = "the two files do not belong together"


class TensorFileError(UserError, ValueError):
    """A file of the folder is missing, damaged or not what it should be; the message says which and what to do."""


def encode_tensors(tensors: Mapping[str, torch.Tensor]) -> bytes:
    """Return ``tensors`` as the bytes of a safetensors file."""
    return safetensors.torch.save({name: each.detach().cpu().contiguous() for name, each in tensors.items()})


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Read a safetensors file.

    Raises
    ------
    TensorFileError
        When the file is missing, truncated or no safetensors file.
    """
    data = read_bytes(path)
    try:
        return safetensors.torch.load(data)
    except SafetensorError as error:
        raise TensorFileError(_damage(path, data)) from error


def _damage(path: Path, data: bytes) -> str:
    header_starts = data[_LENGTH_BYTES : _LENGTH_BYTES + 1]
    if header_starts in {b"", b"{"}:
        return f"{path} is truncated or damaged ({len(data)} bytes); copy it again from where it came from."
    return f"{path} is not a safetensors file; only safetensors are read, because other formats can carry code."


def check_tensors(path: Path, found: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> None:
    """Raise ``TensorFileError`` unless ``found`` in ``path`` are finite and of the names, shapes and types expected."""
    if found.keys() != expected.keys():
        missing = ", ".join(sorted(expected.keys() - found.keys())) or "none"
        surplus = ", ".join(sorted(found.keys() - expected.keys())) or "none"
        raise TensorFileError(
            f"{path} holds other tensors than its description (missing: {missing}; unknown: {surplus}); "
            f"{_STRANGERS} ({path.name} and config.json)."
        )
    for name, tensor in expected.items():
        if found[name].shape != tensor.shape or found[name].dtype != tensor.dtype:
            raise TensorFileError(
                f"{path}: tensor {name} is {found[name].dtype}{list(found[name].shape)}, its description says "
                f"{tensor.dtype}{list(tensor.shape)}; {_STRANGERS} ({path.name} and config.json)."
            )
    check_finite(path, found)


def check_finite(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Raise ``TensorFileError`` where a tensor that is or shall be in ``path`` holds NaN or infinity."""
    for name, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise TensorFileError(f"{path}: tensor {name} holds NaN or infinity; use another one, or train again.")


def read_bytes(path: Path) -> bytes:
    """Read a file whole, or raise ``TensorFileError`` saying why not."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise TensorFileError(f"{path} is missing; the folder is incomplete, copy it again.") from error
    except OSError as error:
        raise TensorFileError(f"{path} cannot be read: {error.strerror}.") from error


def write_folder(folder: Path, files: Mapping[str, bytes], *, replace: bool = False) -> None:
    """Write ``files`` (name → content) as ``folder``: beside, synced, then renamed, so that no reader sees a half.

    Parameters
    ----------
    replace : bool
        Whether an existing folder makes way.

    Raises
    ------
    FileExistsError
        When the folder exists and is not to be replaced.
    OSError
        When the disk refuses; nothing is left behind then.
    """
    if folder.exists() and not replace:
        raise FileExistsError(f"{folder} exists already; choose another name or remove it.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.parent / f".{folder.name}.{uuid.uuid4().hex[:8]}.partial"
    beside.mkdir()
    try:
        for name, content in files.items():
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


def remove_leftovers(parent: Path, *, older_than_s: float = 3600.0) -> None:
    """Remove what killed writers left in ``parent``, old enough to be nobody's work in progress."""
    for leftover in parent.glob(".*.partial"):
        if time.time() - leftover.stat().st_mtime > older_than_s:
            shutil.rmtree(leftover, ignore_errors=True)
