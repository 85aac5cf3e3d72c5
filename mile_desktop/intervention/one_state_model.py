"""An intervention model asked about one state, in numpy: what the live number needs, within a small part of a tick.

The same functions as ``InterventionModel.opinions`` and the networks of ``Forecast``, which serve whole recordings.
"""

import math
from dataclasses import dataclass

import numpy as np

from mile_desktop.intervention.ensemble import GaussianEnsemble, StackedMlp
from mile_desktop.intervention.forecast import LEAST_DISTANCE, NEAREST, Forecast
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.intervention.one_state import Array
from mile_desktop.policies.one_state import OneStateScaling, bounded_std, view
from mile_desktop.policies.policy import FloatArray
from mile_desktop.policies.torch_policy import ACTION_LIMIT


@dataclass(frozen=True, slots=True, eq=False)
class Opinion:
    """What the members say of one state."""

    distances: Array
    """float64[members], K."""
    means: FloatArray
    """float32[members, a], what each would do, clipped to the action box."""


class OneStateStack:
    """A ``StackedMlp`` for one observation."""

    def __init__(self, network: StackedMlp) -> None:
        self.standardised = OneStateScaling(network.observation_offset, network.observation_scale)
        self._layers = [
            (view(weight), view(bias)) for weight, bias in zip(network.weights, network.biases, strict=True)
        ]

    def __call__(self, standardised: FloatArray) -> FloatArray:
        """Map a standardised observation, float32[n], to float32[members, outputs]."""
        features = standardised
        last = len(self._layers) - 1
        for layer, (weight, bias) in enumerate(self._layers):
            features = features @ weight
            if layer == 0:
                features = features[:, None]
            features += bias
            if layer < last:
                np.maximum(features, 0.0, out=features)
        return features[:, 0]


class OneStateEnsemble:
    """A ``GaussianEnsemble`` for one observation."""

    def __init__(self, network: GaussianEnsemble) -> None:
        self._stack = OneStateStack(network)
        self._size = network.action_size
        self._bounds = network.std_floor, network.std_ceiling

    def __call__(self, observation: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return each member's mean, clipped to the action box, and standard deviation, float32[members, a]."""
        said = self._stack(self._stack.standardised(observation))
        mean = np.minimum(np.maximum(said[:, : self._size], -ACTION_LIMIT), ACTION_LIMIT)
        return mean, bounded_std(said[:, self._size :], *self._bounds)


class OneStateModel:
    """An ``InterventionModel`` for one observation; owned by one thread."""

    def __init__(self, model: InterventionModel) -> None:
        self._ensemble = OneStateEnsemble(model.ensemble)
        self._mental = OneStateEnsemble(model.mental) if model.mental is not None else None

    def opinion(self, observation: FloatArray, policy_mean: FloatArray, policy_std: FloatArray) -> Opinion:
        """Ask every member about ``observation``, float32[n], with the running policy's Gaussian, float32[a] each."""
        mean, std = self._ensemble(observation)
        if self._mental is not None:
            believed_mean, believed_std = (each[0] for each in self._mental(observation))
        else:
            believed_mean, believed_std = policy_mean, policy_std
        gap = believed_mean.astype(np.float64) - mean
        gap *= gap
        gap += np.square(believed_std, dtype=np.float64)
        gap /= np.square(std, dtype=np.float64)
        return Opinion(gap.sum(1) * 0.5, mean)


class OneStateForecast:
    """The networks of a ``Forecast`` for one observation; owned by one thread."""

    def __init__(self, forecast: Forecast) -> None:
        self._onset, self._progress = OneStateStack(forecast.onset), OneStateStack(forecast.progress)
        self._corrected = view(forecast.corrected)
        self._nearest = min(NEAREST, len(self._corrected))

    def onset(self, observation: FloatArray, proposal: FloatArray) -> float:
        """Return the log-odds of a takeover soon."""
        return float(self._onset(self._onset.standardised(np.concatenate((observation, proposal)))).mean())

    def progress(self, observation: FloatArray) -> tuple[float, float]:
        """Return time to go and nearness to corrected states."""
        standardised = self._progress.standardised(observation)
        gap = self._corrected - standardised
        square = np.einsum("ij,ij->i", gap, gap)
        square.partition(self._nearest - 1)
        distance = float(np.sqrt(square[: self._nearest]).mean())
        return float(self._progress(standardised).mean()), -math.log(max(distance, LEAST_DISTANCE))


def disagreement_of_one(means: FloatArray) -> float:
    """Return how far the members differ: the root mean variance of their means, float32[members, a]."""
    gap = means - means.sum(0) / len(means)
    return math.sqrt(float(np.vdot(gap, gap)) / (max(len(means) - 1, 1) * means.shape[1]))
