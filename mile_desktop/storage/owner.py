"""The process that owns a journal, and whether it is still alive."""

import os
import socket
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

_SAME_PROCESS_S = 1.0
"""Two readings of a creation time differ by less, by rounding; a later process with the same pid differs by more."""
_SILENT_S = 120.0
"""A journal of another computer counts as abandoned after this time without a step; its process cannot be checked."""
_STATE, _START_TICKS = 0, 19
"""Places in ``/proc/<pid>/stat`` behind the name of the program."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that writes a journal."""

    host: str
    pid: int
    process_started: float
    """When the process was created, s since the epoch: tells it from a later one with the same pid."""
    process: str = ""
    """Boot id, pid namespace and start in clock ticks since boot, where the system tells them. Unlike
    ``process_started`` it stays the same when the clock is set. Empty in journals of older versions."""


# They stay the same as long as the process runs.
@cache
def this_process() -> Owner:
    """Return the owner that journals of this process carry."""
    started = psutil.Process().create_time()
    return Owner(socket.gethostname(), os.getpid(), started, _identity(os.getpid()))


def is_alive(owner: Owner, last_written: float) -> bool:
    """Return whether the process still lives; ``last_written``: time of its last step, s since the epoch.

    A process of another computer or of another container cannot be checked; it counts as alive for two minutes after
    its last step.
    """
    here = this_process()
    # The strong test first: it does not depend on the clock.
    if owner.process and here.process:
        boot, namespace, _ = owner.process.split()
        my_boot, my_namespace, _ = here.process.split()
        # Same boot and same namespace: the process numbers can be compared directly.
        if boot == my_boot and namespace == my_namespace:  # also where the computer was renamed
            return _identity(owner.pid) == owner.process
        if boot == my_boot or owner.host != here.host:
            return time.time() - last_written < _SILENT_S
        # Every process of the last boot has ended, however short ago it wrote.
        return False  # this computer was started again
    if owner.host != here.host:
        return time.time() - last_written < _SILENT_S
    return _is_running(owner)


def _identity(pid: int) -> str:
    """Return ``Owner.process`` of a process here; empty where it has ended or the system does not say it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = Path("/proc/self/ns/pid").readlink()
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    # There is no such process, or this is a system without ``/proc``.
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()  # the name of the program may hold spaces and parentheses
    # A killed process whose parent has not waited for it yet still has its pid.
    return "" if fields[_STATE] in "ZXx" else f"{boot} {namespace} {fields[_START_TICKS]}"


def _is_running(owner: Owner) -> bool:
    """Compare creation times: for journals of older versions, and where there is no ``/proc``."""
    try:
        process = psutil.Process(owner.pid)
        ended = process.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
        return not ended and abs(process.create_time() - owner.process_started) < _SAME_PROCESS_S
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        # It exists and belongs to another account. To take its journal would be worse than to wait.
        return True
