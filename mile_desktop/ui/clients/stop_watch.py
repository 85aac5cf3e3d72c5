"""Notices that a stop was sent and not carried out."""

import time
from collections.abc import Callable

STOP_HEARD_S = 0.5
"""A person takes a robot that goes on for longer than this after Stop for one that did not hear it."""


class StopWatch:
    """Numbers the stops of one client and compares them with the numbers that come back; one thread, no Qt.

    Parameters
    ----------
    clock
        Monotonic, s.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sent = self._answered = 0
        self._waiting_since = 0.0

    def ask(self) -> int:
        """Return the number for a stop that is sent now."""
        if self._answered >= self._sent:
            self._waiting_since = self._clock()  # a second press must not start the half second again
        self._sent += 1
        return self._sent

    def answer(self, number: int) -> None:
        """Take the largest number that was carried out."""
        self._answered = max(self._answered, number)

    def forget(self) -> None:
        """Wait for no answer any more: the process that was asked is gone, and commands nothing."""
        self._answered = self._sent

    @property
    def late_s(self) -> float:
        """How long the oldest stop has waited, s; 0 until that is ``STOP_HEARD_S``."""
        if self._answered >= self._sent:
            return 0.0
        waited = self._clock() - self._waiting_since
        return waited if waited >= STOP_HEARD_S else 0.0
