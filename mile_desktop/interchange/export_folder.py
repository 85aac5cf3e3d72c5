"""The folder of an export: written beside its target, resumed after an interruption, renamed at the end."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from mile_desktop.interchange.errors import TargetTakenError
from mile_desktop.privacy import give_own_rights
from mile_desktop.storage.durable import sync_folder, write_durably

MARKER = "mile-desktop.json"
"""File at the top of a folder that this program exported."""
PARTIAL_SUFFIX = ".partial"
_PIECES = "pieces"
_CONTENT = "content"
_LOCK = "export.lock"


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """The content of ``MARKER`` that says whether a folder may be replaced; readers ignore the rest of the file."""

    program: str
    files: tuple[str, ...]
    """Every file that was written, with ``/`` between folders."""


@dataclass(frozen=True, slots=True)
class ExportFolder:
    """Two folders inside ``<target>.partial``: finished pieces, and the content that becomes the target."""

    target: Path
    working: Path

    @property
    def content(self) -> Path:
        """Becomes the target; empty at first."""
        return self.working / _CONTENT

    def piece(self, name: str) -> Path:
        """Return the path of a finished piece; it is there if an earlier, interrupted export has written it."""
        return self.working / _PIECES / name

    def keep_piece(self, name: str, content: bytes | memoryview) -> None:
        """Write a piece: whole, or not at all."""
        write_durably(self.piece(name), content)


@contextmanager
def export_folder(target: Path, *, force: bool = False) -> Iterator[ExportFolder]:
    """Prepare a folder beside ``target``; rename it to ``target`` if the block ends well.

    After an error or a cancellation the finished pieces stay in ``<target>.partial``, and the next export to the same
    target uses them. The block must leave ``content`` with a ``MARKER`` (``write_marker``).

    Raises
    ------
    TargetTakenError
        There is something at the target that must not be replaced, or another export writes there now.
    """
    target = target.expanduser().absolute()
    expect_free(target, force=force)
    working = target.with_name(target.name + PARTIAL_SUFFIX)
    if working.exists() and not (working / _PIECES).is_dir():
        raise TargetTakenError(f"{working} is not of an interrupted export; move it away, or choose another target.")
    (working / _PIECES).mkdir(parents=True, exist_ok=True)
    with _locked(working):
        folder = ExportFolder(target, working)
        # only whole pieces are used again: the content of an interrupted export may end in the middle of a file
        shutil.rmtree(folder.content, ignore_errors=True)
        folder.content.mkdir()
        yield folder
        # Asked again: the export may have taken an hour.
        expect_free(target, force=force)
        _put_in_place(folder)
    # After the lock is released, because its file lies in this folder.
    shutil.rmtree(working, ignore_errors=True)


def expect_free(target: Path, *, force: bool) -> None:
    """Raise ``TargetTakenError`` unless ``target`` is free, an empty folder or, with ``force``, an earlier export."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not target.is_dir():
        raise TargetTakenError(f"{target} is a file; choose a folder that does not exist yet.")
    foreign = _foreign_files(target)
    if foreign is None:
        raise TargetTakenError(
            f"{target} exists and was not written by an earlier export, so it is not replaced; choose another folder."
        )
    if foreign:
        raise TargetTakenError(
            f"{target} also holds {foreign[0]}, which export-dataset did not write, so it is not replaced; move that "
            "file away, or choose another folder."
        )
    if not force:
        raise TargetTakenError(f"{target} exists already; choose another folder, or add --force to replace it.")


def write_marker(folder: ExportFolder, description: dict[str, object]) -> None:
    """Write ``MARKER`` with ``description`` and the list of all files of the content."""
    files = sorted(path.relative_to(folder.content).as_posix() for path in _files(folder.content))
    marker = {"program": "MILE Desktop", **description, "files": [*files, MARKER]}
    write_durably(folder.content / MARKER, msgspec.json.format(msgspec.json.encode(marker), indent=2))


def read_marker(folder: Path) -> Marker | None:
    """Return the marker of an exported folder; None where there is none or it cannot be read."""
    try:
        return msgspec.json.decode((folder / MARKER).read_bytes(), type=Marker)
    except (OSError, msgspec.MsgspecError, RecursionError):
        return None


def _foreign_files(target: Path) -> list[str] | None:
    """Return the files that the export at ``target`` did not write; None where it is no export."""
    marker = read_marker(target)
    if marker is None or marker.program != "MILE Desktop":
        return None
    there = {path.relative_to(target).as_posix() for path in _files(target)}
    return sorted(there - set(marker.files))


def _files(folder: Path) -> Iterator[Path]:
    # links are listed and not followed: a link in the folder must not lead to other people's files
    for place, folders, names in os.walk(folder):
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        yield from (Path(place) / name for name in [*names, *links])


def _put_in_place(folder: ExportFolder) -> None:
    for path in [folder.content, *folder.content.rglob("*")]:
        give_own_rights(path)
    target = folder.target
    replaced = folder.working / "replaced"
    # The old folder is moved before the new one takes its name, and removed last: killed in between, both are there.
    if target.exists():
        target.replace(replaced)
    folder.content.replace(target)
    sync_folder(target.parent)


@contextmanager
def _locked(working: Path) -> Iterator[None]:
    lock = FileLock(working / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise TargetTakenError(
            f"Another export writes to {working} now; wait for it, or choose another target."
        ) from error
    try:
        yield
    finally:
        lock.release()
