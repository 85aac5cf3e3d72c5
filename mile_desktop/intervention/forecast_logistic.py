"""The logistic of the forecast: rows of signals, and the weights ≥ 0 that are fitted to them."""

import math
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from mile_desktop.arrays import BoolArray, Float64Array, IntArray
from mile_desktop.intervention.forecast import SIGNALS, ForecastConfig

_PENALTY = 1.0
"""Of the squared weights, in rows: keeps the weights small while there are few takeovers."""

_DISTANCE_SCALE_FLOOR = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class ForecastRows:
    """What the logistic is fitted to."""

    signals: Float64Array
    """[r, signals]."""
    ahead: BoolArray
    fold: IntArray
    """Third of the episodes the row belongs to."""
    row: IntArray
    """Step the row came from."""
    weight: Float64Array
    """By how much a person's judgement counts more than silence; 1 where there is none."""

    def where(self, chosen: BoolArray) -> "ForecastRows":
        """Return the rows where ``chosen`` (bool[r]) is True."""
        signals, ahead, fold = self.signals[chosen], self.ahead[chosen], self.fold[chosen]
        return ForecastRows(signals, ahead, fold, self.row[chosen], self.weight[chosen])

    @property
    def columns(self) -> tuple[NDArray[np.generic], ...]:
        """The arrays in the order of the fields."""
        return self.signals, self.ahead, self.fold, self.row, self.weight


def fit_weights(rows: ForecastRows, config: ForecastConfig) -> ForecastConfig:
    """Fit bias and weights ≥ 0 by penalised maximum likelihood."""
    # Of the steps at which nobody is needed: reasons say what is worse than there. The mean of all steps is a bad step
    # where half of the data are failures, and a call would then have no reason.
    centre = rows.signals[~rows.ahead].mean(0)
    scale = np.maximum(rows.signals.std(0), _DISTANCE_SCALE_FLOOR)
    # The same limit as in ``Forecast.probability``, so that fit and use agree.
    inputs = np.clip((rows.signals - centre) / scale, -4, 4)
    target = rows.ahead.astype(np.float64)

    def negative(at: Float64Array) -> tuple[float, Float64Array]:
        total = at[0] + inputs @ at[1:]
        residual = rows.weight * (1 / (1 + np.exp(-total)) - target)
        # ``logaddexp`` instead of the logarithm of the sigmoid, which is −∞ for a confident wrong answer.
        loss = rows.weight @ (np.logaddexp(0, total) - target * total) + 0.5 * _PENALTY * at[1:] @ at[1:]
        gradient = np.concatenate(([residual.sum()], inputs.T @ residual + _PENALTY * at[1:]))
        return float(loss) / len(target), gradient / len(target)

    rate = target.mean()
    # From the mean rate and equal small weights: with weights of 0 at their bound, the descent would begin in a corner.
    start = np.concatenate(([math.log(rate / (1 - rate))], np.full(len(SIGNALS), 0.1)))
    found = optimize.minimize(
        negative, start, jac=True, method="L-BFGS-B", bounds=[(None, None)] + [(0, None)] * len(SIGNALS)
    )
    return msgspec.structs.replace(
        config,
        bias=float(found.x[0]),
        weights=tuple(found.x[1:].tolist()),
        centre=tuple(centre.tolist()),
        scale=tuple(scale.tolist()),
    )
