"""The place for what cannot be read: it is moved aside and never deleted, so that a person can still look into it."""

import re
from pathlib import Path

from mile_desktop.storage.durable import sync_folder, write_durably
from mile_desktop.storage.errors import translated
from mile_desktop.storage.ids import new_id
from mile_desktop.storage.workspace import Workspace

ASIDE_FOLDER = "unreadable"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def put_aside(workspace: Workspace, title: str, content: bytes) -> Path:
    """Write ``content`` to a new file in ``unreadable/`` and return its path; on the disk when this returns."""
    path = _free_path(workspace, title)
    with translated(workspace.folder):
        write_durably(path, content)
    return path


def move_aside(workspace: Workspace, path: Path) -> Path:
    """Move a file of the workspace to ``unreadable/`` and return its new path."""
    target = _free_path(workspace, path.name)
    with translated(workspace.folder):
        path.replace(target)
        # The new place first. After a power cut the file may then be in both folders, but never in neither.
        sync_folder(target.parent)
        sync_folder(path.parent)
    return target


def _free_path(workspace: Workspace, title: str) -> Path:
    folder = workspace.folder / ASIDE_FOLDER
    with translated(workspace.folder):
        folder.mkdir(exist_ok=True)
    # the id in a journal may be damaged, too: only harmless letters of the title become part of the name
    safe = _UNSAFE.sub("_", title)[:80]
    return folder / f"{new_id('aside')}-{safe}"
