"""What SQLite and the operating system report about a workspace, as sentences for people."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from mile_desktop.storage import errors


def sqlite_error(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("locking protocol")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("reported", "kind", "said"),
    [
        (sqlite_error("SQLITE_PROTOCOL"), errors.WorkspaceError, "Move the workspace to a local disk"),
        (sqlite_error("SQLITE_IOERR_SHMMAP"), errors.WorkspaceError, "reports an error"),
        (sqlite_error("SQLITE_NOMEM"), errors.WorkspaceError, "not enough memory"),
        (sqlite_error("SQLITE_BUSY_RECOVERY"), errors.WorkspaceBusyError, "stayed locked"),
        (sqlite_error("SQLITE_READONLY_DBMOVED"), errors.WorkspaceReadOnlyError, "cannot be written to"),
        (OSError(errno.ESTALE, os.strerror(errno.ESTALE)), errors.WorkspaceError, "reports an error"),
        (OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)), errors.WorkspaceError, "reports an error"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), errors.WorkspaceError, "reports an error"),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), errors.WorkspaceFullError, "is full"),
    ],
    ids=lambda value: getattr(value, "sqlite_errorname", None) or getattr(value, "strerror", None),
)
def test_every_report_is_a_sentence_of_the_workspace(
    tmp_path: Path, reported: Exception, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said), errors.translated(tmp_path):
        raise reported


def test_a_fault_in_a_statement_stays_a_fault_of_the_program(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such column"), errors.translated(tmp_path):
        raise sqlite3.OperationalError("no such column: x")
