"""From keys to speeds: a push begins slowly and grows, and a slow key makes it fine; no Qt, no device."""

import math
from dataclasses import dataclass

Push = tuple[float, float, float]
"""x, y, z in [−1, 1]."""

RAMP_FROM = 0.1
"""Share of full speed at the first tick of a push. At 20 Hz and 0.25 m/s a tap of two ticks then moves the gripper
3 mm; without a ramp it moved it 25 mm, more than the chamfer of the peg's hole (24 mm) is wide."""
RAMP_S = 0.9
"""Time until a held key drives at full speed."""
SLOW = 0.2
"""Share of the speed while the slow key is held: a tap moves the gripper 1 mm. ``benchmarks/clumsy_hand.py`` measures
how many pegs a hand with slow reactions inserts with these three numbers (docs/driving.md)."""
_SAME_WAY = 0.5
"""Cosine of 60°: a push that turns further is a new one and begins slowly again."""


@dataclass(frozen=True, slots=True)
class Hand:
    """How keys drive now."""

    slow: bool = False
    """The slow key is held."""
    speed: float = 1.0
    """Chosen by the person, share of the robot's full speed."""


WHOLE = Hand()
"""Full speed."""


class HandResponse:
    """Shapes one hand's pushes in the order of their times; used by one thread.

    Keys are either down or up, so a person can only choose for how long to press. A push that grows from
    ``RAMP_FROM`` to 1 within ``RAMP_S`` makes short presses short ways and long presses fast. Letting go stops at once.
    """

    def __init__(self) -> None:
        self._since = -math.inf
        self._before: Push = (0.0, 0.0, 0.0)
        self._was_slow = False

    def shape(self, push: Push, hand: Hand, now: float) -> Push:
        """Return the command at monotonic time ``now`` (s) of ``push``, which keeps its direction."""
        if not _same_way(self._before, push) or (self._was_slow and not hand.slow):
            self._since = now  # letting go of the slow key must not jump to five times the speed
        self._before, self._was_slow = push, hand.slow
        grown = min(1.0, RAMP_FROM + (1.0 - RAMP_FROM) * (now - self._since) / RAMP_S)
        gain = grown * hand.speed * (SLOW if hand.slow else 1.0)
        x, y, z = push
        return gain * x, gain * y, gain * z


def _same_way(before: Push, now: Push) -> bool:
    lengths = math.hypot(*before) * math.hypot(*now)
    return lengths > 0.0 and sum(a * b for a, b in zip(before, now, strict=True)) >= _SAME_WAY * lengths
