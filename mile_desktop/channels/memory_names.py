"""Names of shared memory that tell which process made a block, so that those of dead processes can be removed.

The resource tracker of ``multiprocessing`` removes the blocks of a window that was killed, but not where it was killed
together with the window (a whole process group). Then the blocks stay until the computer is started again, and the
next start removes them here.
"""

import contextlib
import logging
import os
import re
import secrets
from functools import cache
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

_log = logging.getLogger(__name__)

_FOLDER = Path("/dev/shm")  # noqa: S108 - where Linux keeps shared memory
_NAME = re.compile(r"mile-(?P<space>\d+)-(?P<pid>\d+)-(?P<ticks>\d+)-[0-9a-f]+")
_START_TICKS = 19
"""Place of the start, in clock ticks since boot, in ``/proc/<pid>/stat`` behind the name of the program."""


def create_memory(size: int) -> SharedMemory:
    """Return a new block of ``size`` bytes; the first one of a process also removes what dead processes have left."""
    _sweep_once()
    ticks = _started(os.getpid())
    if ticks is None:  # no /proc: the system's own names, which cannot be matched with a process
        return SharedMemory(create=True, size=size)
    return SharedMemory(f"mile-{_pid_space()}-{os.getpid()}-{ticks}-{secrets.token_hex(4)}", create=True, size=size)


def remove_left_memory(folder: Path = _FOLDER) -> tuple[str, ...]:
    """Remove the blocks of this account whose process is dead; return their names.

    Processes of another container cannot be checked from here, so their blocks stay.
    """
    removed = []
    for path in folder.glob("mile-*"):
        found = _NAME.fullmatch(path.name)
        if found is None or found["space"] != _pid_space() or _started(int(found["pid"])) == found["ticks"]:
            continue
        with contextlib.suppress(OSError):  # another start removes it at the same time
            if path.stat().st_uid == os.getuid():
                path.unlink()
                removed.append(path.name)
    return tuple(removed)


@cache
def _sweep_once() -> None:
    if removed := remove_left_memory():
        _log.info("Removed %d blocks of shared memory that a killed process had left", len(removed))


def _started(pid: int) -> str | None:
    """Return when a process began; None where it has ended or the system does not say when."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return stat.rpartition(")")[2].split()[_START_TICKS]


def _pid_space() -> str:
    """Return the number of the namespace in which process ids of this process count; 0 where there is none."""
    try:
        return re.sub(r"\D", "", str(Path("/proc/self/ns/pid").readlink())) or "0"
    except OSError:
        return "0"
