"""Relation between the robot's clock and ours, so that camera frames and steps can be put in one order."""

from collections import deque
from dataclasses import dataclass

_KEPT = 128
"""About six seconds of answers at 20 Hz: long enough to contain a fast one, short enough to follow a drifting clock."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message and its answer; s, the outer two on our clock, the inner two on the robot's."""

    sent: float
    received: float
    answered: float
    heard: float

    @property
    def round_trip_s(self) -> float:
        """Time spent in the network, both ways."""
        # Clocks with a coarse resolution can make it slightly negative.
        return max(0.0, (self.heard - self.sent) - (self.answered - self.received))

    @property
    def offset_s(self) -> float:
        """Robot's clock minus ours, if both ways took the same time."""
        return ((self.received - self.sent) + (self.answered - self.heard)) / 2.0


class ClockAlignment:
    """Uses the best of the last exchanges: the one with the shortest round trip.

    The offset of an exchange is wrong by at most half of its round trip, whichever way was slow. An average over all
    exchanges would be biased by every queue in the network.
    """

    def __init__(self) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=_KEPT)

    def add(self, exchange: Exchange) -> None:
        """Take one more exchange."""
        self._exchanges.append(exchange)

    def forget(self) -> None:
        """Start again: the robot's side was restarted, and its clock may have another origin."""
        self._exchanges.clear()

    @property
    def known(self) -> bool:
        """Whether there was an exchange."""
        return bool(self._exchanges)

    @property
    def offset_s(self) -> float:
        """Robot's clock minus ours; 0 before the first exchange."""
        return self._best().offset_s if self._exchanges else 0.0

    @property
    def error_s(self) -> float:
        """Largest possible error of the offset; infinite before the first exchange."""
        return self._best().round_trip_s / 2.0 if self._exchanges else float("inf")

    @property
    def round_trip_s(self) -> float:
        """Median round trip; infinite before the first exchange."""
        # The median and not the best one: this number shows people how the connection is most of the time.
        trips = sorted(each.round_trip_s for each in self._exchanges)
        return trips[len(trips) // 2] if trips else float("inf")

    def ours(self, robot_time: float) -> float:
        """Return a moment of the robot's clock on ours, s."""
        return robot_time - self.offset_s

    def robots(self, our_time: float) -> float:
        """Return a moment of our clock on the robot's, s."""
        return our_time + self.offset_s

    def _best(self) -> Exchange:
        return min(self._exchanges, key=_round_trip)


def _round_trip(exchange: Exchange) -> float:
    return exchange.round_trip_s
