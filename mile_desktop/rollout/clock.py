"""Time as the rollout loop sees it: the machine's, or simulated for headless rollouts and tests."""

import time
from typing import Protocol


class Clock(Protocol):
    """Monotonic time in seconds."""

    def now(self) -> float:
        """Return the current time, s."""
        ...

    def sleep_until(self, moment: float) -> None:
        """Return at ``moment`` or, when that has passed, at once."""
        ...


class SystemClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        """Return ``time.monotonic()``."""
        return time.monotonic()

    def sleep_until(self, moment: float) -> None:
        """Sleep until ``moment``."""
        delay_s = moment - time.monotonic()
        if delay_s > 0:
            time.sleep(delay_s)


class SimulatedClock:
    """Time that passes only by sleeping: a rollout runs as fast as it can and its timestamps are those of real time."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """Return the simulated time, s."""
        return self._now

    def sleep_until(self, moment: float) -> None:
        """Jump to ``moment`` when it lies ahead."""
        self._now = max(self._now, moment)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass, as slow work would."""
        self._now += seconds
