"""How long to wait before a lost camera is tried again."""

import random


class Backoff:
    """Waits that double from ``first_s`` to ``longest_s``, each shortened at random by up to a half.

    So cameras that were lost together (a switch restarted) do not all try again at the same moment.
    """

    def __init__(self, first_s: float = 0.5, longest_s: float = 15.0, chance: random.Random | None = None) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._chance = chance or random.Random()
        self.attempts = 0
        """Waits since the last success."""

    def next_s(self) -> float:
        """Return how long to wait now, s."""
        # The exponent is limited: after days without the camera, the power would overflow.
        full = min(self._longest_s, self._first_s * 2.0 ** min(self.attempts, 30))
        self.attempts += 1
        return full * (0.5 + 0.5 * self._chance.random())

    def reset(self) -> None:
        """Start from the shortest wait: the camera was there."""
        self.attempts = 0
