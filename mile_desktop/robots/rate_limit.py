"""How many messages a second one connection may send to a robot's side, checked before anything is decoded."""

import time
from collections.abc import Callable, Sequence

_FORGET_S = 10.0
_MOST_KNOWN = 4096
"""Connections that are remembered; with more, all but the driver start again."""


class TokenBucket:
    """Allows ``rate_hz`` events a second on average, and up to ``burst`` at once.

    Parameters
    ----------
    rate_hz
        Events a second at which the bucket is refilled.
    burst
        Events that a full bucket holds.
    now
        The time at which it is full, s.
    """

    def __init__(self, rate_hz: float, burst: float, now: float) -> None:
        self._rate_hz = rate_hz
        self._burst = self._credit = burst
        self.at = now
        """When it was asked last, s."""

    def take(self, now: float) -> bool:
        """Take one event out; return whether there was one."""
        self._credit = min(self._burst, self._credit + (now - self.at) * self._rate_hz)
        # Also where nothing is taken: the credit up to now is counted above.
        self.at = now
        if self._credit < 1.0:
            return False
        self._credit -= 1.0
        return True


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
        self._known: dict[bytes, TokenBucket] = {}

    def accept(self, parts: Sequence[bytes], waiting: int) -> bool:
        """Say whether the message that begins with its sender's address may be looked at."""
        address, now = parts[0], self._clock()
        # Checked before the bucket, so that strangers cannot fill the table of buckets while the queue is long.
        if waiting >= self._crowded and address != self.driver:
            return False
        if len(self._known) >= _MOST_KNOWN:
            self._known = {key: each for key, each in self._known.items() if now - each.at < _FORGET_S}
            # Thousands of new connections within seconds are an attack. Starting again is better than a search that
            # gets slower.
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
        bucket = self._known.setdefault(address, TokenBucket(self._rate_hz, self._rate_hz, now))
        return bucket.take(now)
