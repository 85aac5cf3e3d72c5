"""Health of a camera: rate, latency, missing frames."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from mile_desktop.cameras.source import Picture, Pixels

_WINDOW_S = 2.0
_RHYTHM = 60
_LEAST_RHYTHM = 8
_GAP = 1.6
"""A gap longer than this many usual intervals means that frames are missing …"""
_BURST = 0.5
"""… unless they follow in a burst, with intervals shorter than this share: then they were only late. …"""
_GRACE = 12
"""… After this many frames it is decided."""
_SAMPLE = 16
"""Every 16th pixel is compared to see whether the image changed: cheap, and sensor noise changes some of them."""


@dataclass(slots=True)
class Health:
    """Figures over the last two seconds and counts since the start.

    The capture thread counts; another thread may ask for the figures at any moment.
    """

    dropped: int = 0
    """Frames that were expected from the camera's usual interval and never arrived."""
    damaged: int = 0
    """Frames that arrived and could not be decoded."""
    _last_s: float | None = None
    """When the newest picture was taken; None before the first and after an interruption."""
    _published: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=1000))
    _gaps: deque[float] = field(default_factory=lambda: deque(maxlen=_RHYTHM))
    _missing: int = 0
    """Frames of the last gap that may still arrive in a burst."""
    _grace: int = 0
    _sample: Pixels | None = None
    _changed_s: float = 0.0

    def arrived(self, picture: Picture) -> None:
        """Count a frame from the source."""
        if self._last_s is not None:
            self._note_gap(picture.timestamp - self._last_s)
        self._last_s = picture.timestamp
        # A copy: the slice would keep the whole picture in memory.
        sample = picture.pixels[::_SAMPLE, ::_SAMPLE].copy()
        if self._sample is None or not np.array_equal(sample, self._sample):
            self._sample, self._changed_s = sample, picture.timestamp

    def published(self, now: float, timestamp: float) -> None:
        """Count a frame, taken at ``timestamp``, that was passed on at ``now``."""
        self._published.append((now, now - timestamp))

    def interrupted(self) -> None:
        """Forget the usual interval: the camera was lost, and frames missing meanwhile are not drops."""
        self._last_s = None
        self._gaps.clear()
        self._missing = 0
        self._sample = None

    def rate_hz(self, now: float) -> float:
        """Return the number of frames passed on in a second."""
        # Copied, because the capture thread appends while this thread iterates.
        counted = list(self._published)
        recent = [when for when, _ in counted if now - when <= _WINDOW_S]
        if len(recent) < 2:
            return 0.0
        if counted[0][0] < now - _WINDOW_S:
            return len(recent) / _WINDOW_S  # a burst at the end of the window must not look like a high rate
        return (len(recent) - 1) / max(1e-6, recent[-1] - recent[0])

    def latency_ms(self, now: float) -> float:
        """Return the mean time from taking (or receiving) a frame to passing it on."""
        recent = [took for when, took in list(self._published) if now - when <= _WINDOW_S]
        return 1000.0 * sum(recent) / len(recent) if recent else 0.0

    def unchanged_s(self) -> float:
        """Return for how long the camera has been sending the same picture."""
        last_s = self._last_s
        return 0.0 if last_s is None else last_s - self._changed_s

    def _note_gap(self, gap_s: float) -> None:
        # No interval is called usual before eight are known: the first ones after opening come in a burst.
        usual = sum(self._gaps) / len(self._gaps) if len(self._gaps) >= _LEAST_RHYTHM else 0.0
        # Long gaps count too. A camera that slows down for good then has a new usual interval after a while.
        self._gaps.append(gap_s)
        if usual <= 0.0:
            return
        self._grace -= 1
        if gap_s > _GAP * usual:
            self._missing += round(gap_s / usual) - 1
            self._grace = _GRACE
        elif gap_s < _BURST * usual and self._missing:
            # Each quick frame after a gap is one that was only late.
            self._missing -= 1
        if self._missing and self._grace <= 0:
            self.dropped += self._missing
            self._missing = 0
