"""How many messages a second one connection may send to a robot's side, checked before anything is decoded."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_FORGET_S = 10.0
_MOST_KNOWN = 4096
"""Connections that are remembered; with more, all but the driver start again."""


@dataclass(slots=True)
class _Allowance:
    credit: float
    at: float


class RateLimit:
    """A token bucket for each connection, and room that is kept for the window that drives.

    Called by the thread that reads the socket. A connection cannot take the turn of others by sending more, and while
    many messages wait, only those of the driver are taken: a flood from many connections cannot silence it.

    Parameters
    ----------
    rate_hz
        Messages a second of one connection.
    crowded
        Number of waiting messages from which on only the driver's are taken.
    """

    def __init__(self, rate_hz: float, *, crowded: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.driver = b""
        """Address of the connection that drives; set by the serving thread."""
        self._rate_hz = rate_hz
        self._crowded = crowded
        self._clock = clock
        self._known: dict[bytes, _Allowance] = {}

    def accept(self, parts: Sequence[bytes], waiting: int) -> bool:
        """Say whether the message that begins with its sender's address may be looked at."""
        address, now = parts[0], self._clock()
        if waiting >= self._crowded and address != self.driver:
            return False
        if len(self._known) >= _MOST_KNOWN:
            self._known = {key: each for key, each in self._known.items() if now - each.at < _FORGET_S}
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
        allowance = self._known.setdefault(address, _Allowance(self._rate_hz, now))
        allowance.credit = min(self._rate_hz, allowance.credit + (now - allowance.at) * self._rate_hz)
        allowance.at = now
        if allowance.credit < 1.0:
            return False
        allowance.credit -= 1.0
        return True
