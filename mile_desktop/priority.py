"""Processor priority for control, as far as the system allows it to an ordinary program."""

import contextlib
import os
import sys
from collections.abc import Iterator

import psutil

_NICENESS = -5
_REAL_TIME_PRIORITY = 1
"""The lowest real-time priority; even that comes before every ordinary program."""


def be_eager() -> None:
    """Raise this process's priority where that is allowed; elsewhere the lower one of trainer and viewer has to do."""
    # Ordinary users may not lower their niceness. Control then works without it, only with more lateness.
    with contextlib.suppress(psutil.AccessDenied):
        psutil.Process().nice(_NICENESS)


@contextlib.contextmanager
def control_priority() -> Iterator[None]:
    """Control with the priority that the system allows, and give it back at the end.

    For a control loop that ends before its process does: what the process does next, and every process it starts then,
    must not take the processor from other programs.
    """
    process = psutil.Process()
    niceness = process.nice()
    be_eager()
    enter_real_time()
    try:
        yield
    finally:
        leave_real_time()
        process.nice(niceness)


def control_thread_real_time() -> bool:
    """Give only the calling thread real-time priority; return whether that succeeded.

    For a robot's side: its network thread must not have it, because a flood of messages would then take the processor
    from every other program. The flag keeps processes that are started later out of the class.
    """
    if sys.platform != "linux":
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(_REAL_TIME_PRIORITY))
    except OSError:
        return False
    return True


def enter_real_time() -> bool:
    """Give every thread of this process real-time priority; return whether that succeeded.

    With the control thread alone, an ordinary program could interrupt another thread while that holds the
    interpreter's lock, and the control thread would wait for it. An ordinary user needs a
    limit (rtprio) that allows it.
    """
    return sys.platform == "linux" and _put_threads_into(os.SCHED_RR, _REAL_TIME_PRIORITY)


def leave_real_time() -> None:
    """Return every thread to ordinary priority: while something is loaded, the window must not wait for it."""
    if sys.platform == "linux":
        _put_threads_into(os.SCHED_OTHER, 0)


def _put_threads_into(policy: int, priority: int) -> bool:
    # Each thread by its number: the call affects a single thread, and the interpreter's lock can be held by any of
    # them.
    for thread in psutil.Process().threads():
        try:
            os.sched_setscheduler(thread.id, policy, os.sched_param(priority))
        except ProcessLookupError:  # it has just ended
            continue
        except OSError:
            return False
    return True
