"""Errors of a workspace; each message says what to do."""

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mile_desktop.errors import UserError

# SQLite reports a full disk as a general error in some places. With less than 1 MB free, that is the likely cause.
_ALMOST_FULL_BYTES = 1 << 20


class WorkspaceError(UserError):
    """The workspace cannot be used as asked; the message is one sentence for people and says what to do."""


class NotAWorkspaceError(WorkspaceError):
    """The path is a file, or its database belongs to another program."""


class WorkspaceMissingError(WorkspaceError):
    """There is no workspace at the path, and none was to be created."""


class WorkspaceReadOnlyError(WorkspaceError):
    """The folder cannot be written to."""


class WorkspaceFullError(WorkspaceError):
    """The disk of the workspace is full; everything committed before is safe."""


class WorkspaceDamagedError(WorkspaceError):
    """The database cannot be used as it is; ``rebuild_catalogue`` makes a new one from the episode files."""


class WorkspaceVersionError(WorkspaceError):
    """The workspace was written by a newer version of the program."""


class WorkspaceLockedError(WorkspaceError):
    """Another window has the workspace open."""


class WorkspaceBusyError(WorkspaceError):
    """Another process kept the database locked for longer than the waiting time."""


class WorkspaceClosedError(WorkspaceError):
    """The workspace was used after ``close``."""


class EpisodeFileError(WorkspaceError):
    """An episode's file cannot be read: truncated, altered, of another format."""


class EditError(WorkspaceError):
    """An edit does not fit its episode, or a file of edits cannot be read."""


class UnknownEpisodeError(WorkspaceError):
    """The workspace has no episode of that id."""


class UnknownRecordError(WorkspaceError):
    """The workspace has no policy, run, evaluation or intervention model of that id."""


class DuplicateRecordError(WorkspaceError):
    """The workspace has a record of that id already."""


class NameTakenError(WorkspaceError):
    """Another policy of the scene has this name already."""


class PolicyInUseError(WorkspaceError):
    """The policy runs in its scene, and what was asked for would hide it."""


class JournalError(WorkspaceError):
    """The journal was asked for something that does not fit its state, or was taken over by recovery."""


class UnreadableJournalError(WorkspaceError):
    """The start of a journal cannot be read, so that its steps cannot be made an episode."""


ONE_EPISODE = (EpisodeFileError, EditError, UnknownEpisodeError)
"""Errors of one episode, not of the workspace."""
ONE_POLICY = (NameTakenError, PolicyInUseError)
"""Errors of one policy, not of the workspace."""


def full(folder: Path) -> WorkspaceFullError:
    """Return the error for a full disk under ``folder``."""
    return WorkspaceFullError(
        f"The disk of {folder} is full; everything recorded so far is safe. Free some space there, then go on."
    )


def read_only(folder: Path) -> WorkspaceReadOnlyError:
    """Return the error for a folder that cannot be written to."""
    return WorkspaceReadOnlyError(
        f"{folder} cannot be written to; make it writable for your account, or choose another folder for the workspace."
    )


def damaged(folder: Path, found: str) -> WorkspaceDamagedError:
    """Return the error for a damaged database in ``folder``; ``found`` is SQLite's finding."""
    return WorkspaceDamagedError(
        f"The database in {folder} is damaged ({found}); the episodes are files of their own: "
        "rebuild the catalogue from them, or restore workspace.db from a backup."
    )


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Raise ``WorkspaceError`` for what SQLite and the operating system report about ``folder``.

    Every error of the operating system is translated, also those that are not known here (a network file system has its
    own): the recorder keeps a step and tries again after a ``WorkspaceError``, and nothing else may end it. Errors in a
    statement or of a constraint are faults of the program and pass unchanged.
    """
    try:
        yield
    except sqlite3.Error as error:
        known = _from_sqlite(folder, error)
        if known is None:
            raise
        raise known from error
    except OSError as error:
        raise _from_os(folder, error) from error


def _from_sqlite(folder: Path, error: sqlite3.Error) -> WorkspaceError | None:  # noqa: PLR0911 - a table of codes
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_FULL") or (
        # The order matters: a full disk and missing rights can give the same code.
        name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")) and _almost_full(folder)
    ):
        return full(folder)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return read_only(folder)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return damaged(folder, str(error))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return WorkspaceBusyError(
            f"The database in {folder} stayed locked by another process; close what else uses it, then try again."
        )
    if name.startswith(("SQLITE_PROTOCOL", "SQLITE_NOLFS")):
        return WorkspaceError(
            f"The file system of {folder} does not lock files as the database needs it ({error}); network and cloud "
            "folders often do not. Move the workspace to a local disk."
        )
    if name.startswith("SQLITE_NOMEM"):
        return WorkspaceError(f"There is not enough memory to use the database in {folder}; close other programs.")
    if name.startswith("SQLITE_IOERR"):
        return WorkspaceError(
            f"The disk of {folder} reports an error ({error}); check it, or copy the folder elsewhere."
        )
    return None


def _from_os(folder: Path, error: OSError) -> WorkspaceError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return full(folder)
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return read_only(folder)
    if error.errno == errno.ENOENT:
        # The folder above tells a removed disk from a single missing file.
        found = Path(error.filename or folder)
        gone = found if found.parent.exists() else found.parent
        return WorkspaceMissingError(
            f"{gone} is not there any more; put it back (is the disk still there?), or choose another folder for the "
            "workspace."
        )
    return WorkspaceError(f"The disk of {folder} reports an error ({error}); check it, or copy the folder elsewhere.")


def _almost_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _ALMOST_FULL_BYTES
    except OSError:  # the folder is gone or cannot be entered, which the caller's own error says better
        return False
