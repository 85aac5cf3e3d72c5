"""Statistics of exported columns: what readers normalise with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mile_desktop.arrays import Float64Array

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
_FEWEST_FOR_QUANTILES = 2


@dataclass(frozen=True, slots=True)
class Statistics:
    """Summary of ``count`` values, each statistic float64[size]."""

    values: dict[str, Float64Array]
    """``min``, ``max``, ``mean``, ``std`` and the quantiles."""
    count: int

    def as_lists(self) -> dict[str, list[float] | list[int]]:
        """Return them as a LeRobot data set stores them."""
        named: dict[str, list[float] | list[int]] = {name: each.tolist() for name, each in self.values.items()}
        return named | {"count": [self.count]}


def statistics_of(values: NDArray[np.generic]) -> Statistics:
    """Summarise [t] or [t, size] values of one column.

    Values that are not finite (no probability was shown) are left out, entry by entry; an entry without any finite
    value gets zeros, because JSON has no NaN. ``count`` is the number of steps. The standard deviation is that of the
    population. With one step the quantiles equal the mean, as in LeRobot's own statistics.
    """
    table = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    columns = [_column(table[:, index]) for index in range(table.shape[1])]
    names = columns[0].keys()
    return Statistics({name: np.array([each[name] for each in columns]) for name in names}, len(table))


def _column(values: Float64Array) -> dict[str, float]:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return dict.fromkeys(("min", "max", "mean", "std", *QUANTILES), 0.0)
    low, high = float(finite.min()), float(finite.max())
    # of equal values the rounded sum can lie outside of them, and its deviation above 0: a reader that divides by the
    # deviation would blow up rounding errors
    mean = min(max(float(finite.mean()), low), high)
    found = {"min": low, "max": high, "mean": mean, "std": 0.0 if low == high else float(finite.std())}
    if len(finite) < _FEWEST_FOR_QUANTILES:
        return found | dict.fromkeys(QUANTILES, mean)
    return found | dict(zip(QUANTILES, np.quantile(finite, list(QUANTILES.values())).tolist(), strict=True))
