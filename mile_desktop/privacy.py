"""Files that only this account can read: recordings, policies, logs and settings are private.

Every file that the program makes is private unless the person asked for something else: a workspace in a folder that a
group may write to is shared by choice, and what is exported gets the rights that the account gives its files.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

_PRIVATE = 0o077
_own_mask: list[int] = []
"""The account's own file mask, while ``private_files`` is in force."""


@contextmanager
def private_files() -> Iterator[None]:
    """Give new files and folders of this process, and of those it starts, to this account only; for entry points.

    The program's own folders are closed for others, too: earlier versions left them open.
    """
    before = os.umask(_PRIVATE)
    _own_mask.append(_own_mask[0] if _own_mask else before)  # the command line opens the window, which enters again
    for folder in _own_folders():
        with contextlib.suppress(OSError):  # missing, or another account's
            if folder.stat().st_mode & _PRIVATE:
                folder.chmod(0o700)
    try:
        yield
    finally:
        _own_mask.pop()
        os.umask(before)


def share_like(folder: Path) -> None:
    """Use the account's own rights for new files from now on if a group may write to the workspace in ``folder``.

    Otherwise new files stay private. Does nothing outside of ``private_files``.
    """
    if not _own_mask:
        return
    try:
        shared = bool(folder.expanduser().stat().st_mode & stat.S_IWGRP)
    except OSError:  # it is made next, private
        shared = False
    # The mask counts for the whole process and for every process that it starts, so the worker's and the trainer's
    # files follow.
    os.umask(_own_mask[-1] if shared else _PRIVATE)


def give_own_rights(path: Path) -> None:
    """Give an exported file or folder the rights that the account gives its files: it is meant for others."""
    if _own_mask:
        path.chmod((0o777 if path.is_dir() else 0o666) & ~_own_mask[-1])


def _own_folders() -> tuple[Path, ...]:
    name = "mile-desktop"
    return platformdirs.user_data_path(name), platformdirs.user_config_path(name), platformdirs.user_log_path(name)
