"""Statistics of pictures: one histogram for each colour, so that episodes can be added up exactly."""

from dataclasses import dataclass

import numpy as np

from mile_desktop.arrays import Float64Array, IntArray
from mile_desktop.cameras.source import Pixels
from mile_desktop.interchange.statistics import QUANTILES

_EVERY = 4
"""Every fourth row and column: neighbours are alike, and LeRobot's own statistics leave pixels out as well."""
_VALUES = np.arange(256) / 255.0


@dataclass(frozen=True, slots=True)
class PictureStatistics:
    """``histogram`` int64[3, 256] of the values of red, green and blue in ``count`` pictures."""

    histogram: IntArray
    count: int

    @classmethod
    def empty(cls) -> "PictureStatistics":
        """Return the statistics of no picture."""
        return cls(np.zeros((3, 256), np.int64), 0)

    def with_picture(self, pixels: Pixels) -> "PictureStatistics":
        """Return the statistics with one more picture, uint8[height, width, 3]."""
        # A histogram and no running mean: the quantiles need the whole distribution, and its size does not grow.
        sampled = pixels[::_EVERY, ::_EVERY].reshape(-1, 3)
        found = np.stack([np.bincount(sampled[:, colour], minlength=256) for colour in range(3)])
        return PictureStatistics(self.histogram + found, self.count + 1)

    def __add__(self, other: "PictureStatistics") -> "PictureStatistics":
        return PictureStatistics(self.histogram + other.histogram, self.count + other.count)

    def as_lists(self) -> dict[str, object]:
        """Return them as a LeRobot data set stores them: shape [3, 1, 1], values in [0, 1]."""
        colours = [_of_histogram(row.astype(np.float64)) for row in self.histogram]
        named: dict[str, object] = {name: [[[colour[name]]] for colour in colours] for name in colours[0]}
        return named | {"count": [self.count]}


def _of_histogram(histogram: Float64Array) -> dict[str, float]:
    # Only values that occur: the empty ends of the histogram are no minimum and no maximum.
    there = np.flatnonzero(histogram)
    weights = histogram / histogram.sum()
    mean = float(weights @ _VALUES)
    grown = np.cumsum(weights)
    found = {
        "min": float(_VALUES[there[0]]),
        "max": float(_VALUES[there[-1]]),
        "mean": mean,
        "std": float(np.sqrt(weights @ (_VALUES - mean) ** 2)),
    }
    return found | {name: float(_VALUES[min(int(np.searchsorted(grown, q)), 255)]) for name, q in QUANTILES.items()}
