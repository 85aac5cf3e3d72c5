"""Who gets the processor first: control, where the system lets an ordinary program ask for it."""

import contextlib
import os
import sys

import psutil

_NICENESS = -5
_REAL_TIME_PRIORITY = 1
"""The lowest there is; every one of them comes before every ordinary program."""


def be_eager() -> None:
    """Come before other ordinary programs, where that is allowed; elsewhere trainer and viewer step back instead."""
    with contextlib.suppress(psutil.AccessDenied):
        psutil.Process().nice(_NICENESS)


def enter_real_time() -> bool:
    """Let every thread of this process come before all ordinary programs; return whether that is so now.

    With the control thread alone, another one could be put aside by an ordinary program while it holds the
    interpreter's lock. An ordinary user needs a limit (rtprio) that allows it.
    """
    return sys.platform == "linux" and _put_threads_into(os.SCHED_RR, _REAL_TIME_PRIORITY)


def leave_real_time() -> None:
    """Take turns with others again: while something is loaded, the window must not wait for it."""
    if sys.platform == "linux":
        _put_threads_into(os.SCHED_OTHER, 0)


def _put_threads_into(policy: int, priority: int) -> bool:
    for thread in psutil.Process().threads():
        try:
            os.sched_setscheduler(thread.id, policy, os.sched_param(priority))
        except ProcessLookupError:  # it has just ended
            continue
        except OSError:
            return False
    return True
