"""A button that acts on its second press, because something is lost when it acts."""


class DoublePress:
    """The first press arms, a second one within ``window_s`` confirms; otherwise the first is forgotten."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._armed_until: float | None = None

    def press(self, now: float) -> bool:
        """Take one press at monotonic time ``now`` (s); return whether it confirms."""
        confirmed = self.armed(now)
        self._armed_until = None if confirmed else now + self._window_s
        return confirmed

    def armed(self, now: float) -> bool:
        """Say whether the next press would confirm."""
        return self._armed_until is not None and now <= self._armed_until

    def forget(self) -> None:
        """Take back the first press."""
        self._armed_until = None
