"""The fixed control rate, and how well it was kept."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from mile_desktop.rollout.clock import Clock

_LATENESS_HISTORY = 1200
_RATE_WINDOW_S = 2.0


@dataclass(frozen=True, slots=True)
class CadenceReport:
    """How well the rate was kept."""

    rate_hz: float
    """Achieved over the last two seconds."""
    lateness_p99_ms: float
    lateness_max_ms: float
    """Over the last 1,200 ticks."""
    overruns: int
    """Ticks that began more than half a period late, since the start."""
    missed: int
    """Ticks that were left out because a whole period had passed, since the start."""


class Cadence:
    """Keeps ticks at ``rate_hz``; one thread only.

    A late tick is not caught up by hurrying the next ones: ticks whose time has passed are dropped and counted, so
    that the robot never moves faster than asked.
    """

    def __init__(self, rate_hz: float, clock: Clock) -> None:
        if not rate_hz > 0:
            raise ValueError(f"The control rate is {rate_hz} Hz; it must be above 0.")
        self.period_s = 1.0 / rate_hz
        self._clock = clock
        self._next = clock.now()
        self._overruns = 0
        self._missed = 0
        self._lateness: deque[float] = deque(maxlen=_LATENESS_HISTORY)
        # Two moments at least, or a slow rate would never have an interval to measure.
        self._ticks: deque[float] = deque(maxlen=max(2, round(_RATE_WINDOW_S * rate_hz) + 1))

    def restart(self) -> None:
        """Begin a new rhythm now, e.g. after a reset that took long on purpose."""
        self._next = self._clock.now()
        # The long pause would count as one very slow tick in the achieved rate. The lateness is kept: it was real.
        self._ticks.clear()

    def wait(self) -> float:
        """Sleep until the next tick is due and return its lateness in seconds (≥ 0)."""
        # From the planned moment and not from now: a late tick does not shift all that follow, and errors do not add
        # up.
        self._next += self.period_s
        self._clock.sleep_until(self._next)
        now = self._clock.now()
        lateness = max(0.0, now - self._next)
        self._lateness.append(lateness)
        self._ticks.append(now)
        self._count(lateness)
        return lateness

    def report(self) -> CadenceReport:
        """Return the figures for the status line."""
        lateness_ms = np.asarray(self._lateness) * 1e3 if self._lateness else np.zeros(1)
        return CadenceReport(
            rate_hz=self._rate_hz(),
            lateness_p99_ms=float(np.percentile(lateness_ms, 99)),
            lateness_max_ms=float(lateness_ms.max()),
            overruns=self._overruns,
            missed=self._missed,
        )

    def _count(self, lateness: float) -> None:
        # Half a period: from there on, the step is nearer to the next tick than to its own.
        if lateness > self.period_s / 2:
            self._overruns += 1
        skipped = int(lateness // self.period_s)
        self._missed += skipped
        # Back on the old grid. Without this, ``wait`` would return at once for each missed tick, and the robot would
        # hurry.
        self._next += skipped * self.period_s

    def _rate_hz(self) -> float:
        if len(self._ticks) < 2:
            return 0.0
        return (len(self._ticks) - 1) / (self._ticks[-1] - self._ticks[0])
