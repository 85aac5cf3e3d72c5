"""How long a process ran, and how long it had to wait for a processor: a busy machine is no fault of the process."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import psutil

_NANOSECONDS = 1e9


@dataclass(frozen=True, slots=True)
class ProcessorTime:
    """Totals of one process since it began, s."""

    ran: float
    """On a processor, all threads."""
    waited: float
    """The main thread was ready to run, and other programs had the processors. 0 where the system does not count it."""


def processor_time(pid: int) -> ProcessorTime | None:
    """Return the times of process ``pid``, None when it has ended or may not be asked.

    Linux counts the wait for a processor in ``/proc/PID/schedstat`` (second number, ns).
    """
    try:
        used = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    waited = 0.0
    # Other systems have no such file, and a kernel may be built without it. Then nothing is excused.
    with contextlib.suppress(OSError, ValueError, IndexError):
        waited = int(Path("/proc", str(pid), "schedstat").read_text().split()[1]) / _NANOSECONDS
    return ProcessorTime(used.user + used.system, waited)
