"""Limits for the rate and the resolution of drawing, so that drawing leaves a core to the control loop."""

import math
from dataclasses import dataclass

MAX_RATE_HZ = 30.0
CORE_SHARE = 0.6
"""Processor time drawing may use, in cores."""
MOVING_RATE_HZ = 20.0
"""Rate that a moving scene should reach, at the price of a coarser picture."""


@dataclass(frozen=True, slots=True)
class DrawLimits:
    """Limits of drawing."""

    max_rate_hz: float = MAX_RATE_HZ
    core_share: float = CORE_SHARE
    moving_rate_hz: float = MOVING_RATE_HZ


SCRUBBING = DrawLimits(max_rate_hz=40.0, core_share=0.9, moving_rate_hz=36.0)
"""While a person moves through a recording: up to thirty frames a second, and none while nothing changes."""

SETTLED_S = 0.15
"""After this time without a change, the picture is drawn once more in full size."""

_COARSEST = 0.5
_STEPS = 8
_MEMORY = 0.7


class DrawRate:
    """Decides when the next picture may be drawn and at which share of the full size.

    Pure arithmetic on times its caller measures; belongs to one thread.
    """

    def __init__(self, limits: DrawLimits | None = None) -> None:
        self._limits = limits or DrawLimits()
        self._next_s = -math.inf
        self._full_cost_s: float | None = None

    def due(self, now_s: float) -> bool:
        """Return whether a picture may be drawn now."""
        return now_s >= self._next_s

    @property
    def scale(self) -> float:
        """Share of width and height to draw while things move, 0.5–1 in eighths."""
        budget_s = self._limits.core_share / self._limits.moving_rate_hz
        # At full size until the first picture was measured: most machines need nothing less.
        if self._full_cost_s is None or self._full_cost_s <= budget_s:
            return 1.0
        # The cost grows with the area, so the side shrinks with the square root.
        wanted = math.sqrt(budget_s / self._full_cost_s)
        # In eighths: each size has its own framebuffer, and a smooth scale would make a new one for every frame.
        return max(_COARSEST, math.floor(wanted * _STEPS) / _STEPS)

    def spent(self, began_s: float, processor_s: float) -> None:
        """Count ``processor_s`` of processor time from ``began_s`` on; drawing pauses in proportion to it."""
        # Added to what is planned already, so that several small views cannot take more than the share together.
        self._next_s = max(self._next_s, began_s) + processor_s / self._limits.core_share

    def drew(self, began_s: float, processor_s: float, scale: float) -> None:
        """Count a frame of a moving scene, drawn at ``scale`` of the full size."""
        self._next_s = began_s + max(1.0 / self._limits.max_rate_hz, processor_s / self._limits.core_share)
        cost_s = processor_s / scale**2
        # A moving mean: a single slow frame on a busy machine must not make the picture coarse.
        known_s = cost_s if self._full_cost_s is None else self._full_cost_s
        self._full_cost_s = _MEMORY * known_s + (1.0 - _MEMORY) * cost_s

    def forget(self) -> None:
        """Forget the cost of a frame: its size or the scene has changed."""
        self._full_cost_s = None
