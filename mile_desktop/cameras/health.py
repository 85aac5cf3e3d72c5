"""How well a camera does: rate, latency, pictures that are missing."""

from collections import deque
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from mile_desktop.cameras.source import Picture, Pixels

_WINDOW_S = 2.0
_RHYTHM = 30
_LEAST_RHYTHM = 8
_GAP = 1.6
"""A gap of more usual intervals than this has swallowed pictures."""
_SAMPLE = 16
"""Every so many pixels are compared to see whether anything changed."""


@dataclass(slots=True)
class Health:
    """Figures over the last two seconds and counts since the start; belongs to the capture thread."""

    dropped: int = 0
    """Pictures that the camera's own rhythm lets expect and that never came."""
    damaged: int = 0
    """Pictures that came and could not be used."""
    _taken: deque[float] = field(default_factory=lambda: deque(maxlen=1000))
    _published: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=1000))
    _gaps: deque[float] = field(default_factory=lambda: deque(maxlen=_RHYTHM))
    _sample: Pixels | None = None
    _changed_s: float = 0.0

    def arrived(self, picture: Picture) -> None:
        """Count a picture as it comes from the source."""
        if self._taken:
            self._note_gap(picture.timestamp - self._taken[-1])
        self._taken.append(picture.timestamp)
        sample = picture.pixels[::_SAMPLE, ::_SAMPLE].copy()
        if self._sample is None or not np.array_equal(sample, self._sample):
            self._sample, self._changed_s = sample, picture.timestamp

    def published(self, now: float, timestamp: float) -> None:
        """Count a picture, taken at ``timestamp``, that was passed on at ``now``."""
        self._published.append((now, now - timestamp))

    def interrupted(self) -> None:
        """Forget the rhythm: the camera was lost, and what did not come meanwhile is no drop."""
        self._taken.clear()
        self._gaps.clear()
        self._sample = None

    def rate_hz(self, now: float) -> float:
        """Return pictures passed on a second."""
        recent = [when for when, _ in self._published if now - when <= _WINDOW_S]
        if len(recent) < 2:
            return 0.0
        return (len(recent) - 1) / max(1e-6, recent[-1] - recent[0])

    def latency_ms(self, now: float) -> float:
        """Return how long pictures took from being taken (or arriving) to being passed on."""
        recent = [took for when, took in self._published if now - when <= _WINDOW_S]
        return 1000.0 * sum(recent) / len(recent) if recent else 0.0

    def unchanged_s(self) -> float:
        """Return for how long the camera has been sending the same picture."""
        return self._taken[-1] - self._changed_s if self._taken and self._sample is not None else 0.0

    def _note_gap(self, gap_s: float) -> None:
        if len(self._gaps) >= _LEAST_RHYTHM:
            usual = median(self._gaps)
            if usual > 0.0 and gap_s > _GAP * usual:
                self.dropped += round(gap_s / usual) - 1
        self._gaps.append(gap_s)
