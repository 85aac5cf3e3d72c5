"""Writes files so that they are either complete and on the disk, or absent."""

import os
from pathlib import Path

PART_SUFFIX = ".part"
"""Suffix of a file that is still being written."""


def write_durably(path: Path, content: bytes | memoryview) -> None:
    """Write ``content`` to a file beside ``path``, sync it, rename it to ``path`` and sync the folder.

    The order matters. Renamed before its content is synced, a file could be empty after a power cut; without syncing
    the folder, the new name itself could be missing.

    An error leaves ``path`` as it was and nothing beside it; a killed process may leave the file with ``PART_SUFFIX``.
    """
    # In the same folder: a rename is atomic only within one file system.
    part = path.with_name(path.name + PART_SUFFIX)
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    # Also for Ctrl+C: a half-written file must not stay.
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` survive a power cut."""
    if os.name != "posix":  # Windows cannot open a folder, and its renames are durable without this
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
