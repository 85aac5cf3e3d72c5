"""An intervention model evaluated at one state, in numpy: the live number must take only a small part of a tick.

The same functions as ``InterventionModel.member_outputs`` and the networks of ``Forecast``, which evaluate whole
recordings.
"""

import math
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol

import numpy as np
from scipy import special

from mile_desktop.arrays import Float32Array, Float64Array
from mile_desktop.intervention.ensemble import (
    HUMAN_SLIP,
    CategoricalEnsemble,
    GaussianEnsemble,
    HumanEnsemble,
    StackedMlp,
)
from mile_desktop.intervention.forecast import LEAST_DISTANCE, NEAREST, Forecast
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.intervention.probability_numpy import ThresholdLossOfOne
from mile_desktop.policies.networks_numpy import ZERO, OneStateScaling, StdBounds, view
from mile_desktop.policies.torch_policy import clip_action


@dataclass(frozen=True, slots=True, eq=False)
class OneStateOutputs:
    """What the members give for one state."""

    distances: Float64Array
    """float64[members], K."""
    threshold_loss: ThresholdLossOfOne
    """What K is compared with."""
    means: Float32Array
    """float32[members, a], what each would do, within the action box; for discrete actions probabilities."""


class OneStateStack:
    """A ``StackedMlp`` for one observation."""

    def __init__(self, network: StackedMlp) -> None:
        self.standardised = OneStateScaling(network.observation_offset, network.observation_scale)
        self._layers = [
            (view(weight), view(bias)) for weight, bias in zip(network.weights, network.biases, strict=True)
        ]

    def __call__(self, standardised: Float32Array) -> Float32Array:
        """Map a standardised observation, float32[n], to float32[members, outputs]."""
        features = standardised
        last = len(self._layers) - 1
        for layer, (weight, bias) in enumerate(self._layers):
            features = features @ weight
            # The first layer maps one vector to a row for each member. The new axis lets the other layers multiply
            # member by member.
            if layer == 0:
                features = features[:, None]
            features += bias
            if layer < last:
                np.maximum(features, ZERO, out=features)
        return features[:, 0]


class OneStateGaussians:
    """A ``GaussianEnsemble`` for one observation."""

    def __init__(self, network: GaussianEnsemble) -> None:
        self._stack = OneStateStack(network)
        self._size = network.action_size
        self._bounds = StdBounds(network.std_floor, network.std_ceiling)

    def mental(self, observation: Float32Array) -> tuple[Float32Array, Float32Array]:
        """See ``OneStateHumans``."""
        mean, std = self._gaussians(observation)
        return mean[0], std[0]

    def outputs(
        self, observation: Float32Array, mental_mean: Float32Array, mental_std: Float32Array
    ) -> OneStateOutputs:
        """See ``OneStateHumans``."""
        mean, std = self._gaussians(observation)
        # In double precision, as in ``gaussian_distance``.
        gap = mental_mean.astype(np.float64) - mean
        gap *= gap
        gap += np.square(mental_std, dtype=np.float64)
        gap /= np.square(std, dtype=np.float64)
        return OneStateOutputs(gap.sum(1) * 0.5, self._size, mean)

    def _gaussians(self, observation: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Return each member's mean, clipped to the action box, and standard deviation, float32[members, a]."""
        raw = self._stack(self._stack.standardised(observation))
        mean = clip_action(raw[:, : self._size])
        return mean, self._bounds(raw[:, self._size :])


class OneStateCategoricals:
    """A ``CategoricalEnsemble`` for one observation."""

    def __init__(self, network: CategoricalEnsemble) -> None:
        self._stack = OneStateStack(network)

    def mental(self, observation: Float32Array) -> tuple[Float32Array, Float32Array]:
        """See ``OneStateHumans``; a guess that is not looked at stands for the standard deviation."""
        mean = np.exp(self._log_policy(observation)[0]).astype(np.float32)
        return mean, mean

    def outputs(
        self,
        observation: Float32Array,
        mental_mean: Float32Array,
        mental_std: Float32Array,  # noqa: ARG002 - follows from the probabilities
    ) -> OneStateOutputs:
        """See ``OneStateHumans``."""
        log_policy = self._log_policy(observation)
        return OneStateOutputs(
            -(log_policy @ mental_mean.astype(np.float64)), log_policy, np.exp(log_policy).astype(np.float32)
        )

    def _log_policy(self, observation: Float32Array) -> Float64Array:
        """Return ln π of each member, float64[members, A]."""
        raw = self._stack(self._stack.standardised(observation)).astype(np.float64)
        meant: Float64Array = special.log_softmax(raw, axis=-1) + math.log1p(-HUMAN_SLIP)
        return np.logaddexp(meant, math.log(HUMAN_SLIP / raw.shape[-1]))


class OneStateHumans(Protocol):
    """A ``HumanEnsemble`` for one observation."""

    def mental(self, observation: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Return the first member's mean and standard deviation, float32[a] each, as a guess of π̂."""
        ...

    def outputs(
        self, observation: Float32Array, mental_mean: Float32Array, mental_std: Float32Array
    ) -> OneStateOutputs:
        """Ask every member, with π̂ as recorded, float32[a] each."""
        ...


class OneStateModel:
    """An ``InterventionModel`` for one observation; owned by one thread."""

    def __init__(self, model: InterventionModel) -> None:
        self._ensemble = _for_one_state(model.ensemble)
        self._mental = _for_one_state(model.mental) if model.mental is not None else None

    def outputs(
        self, observation: Float32Array, policy_mean: Float32Array, policy_std: Float32Array
    ) -> OneStateOutputs:
        """Ask every member about ``observation``, float32[n], what the running policy is about, float32[a] each."""
        if self._mental is not None:
            policy_mean, policy_std = self._mental.mental(observation)
        return self._ensemble.outputs(observation, policy_mean, policy_std)


def _for_one_state(network: HumanEnsemble) -> OneStateHumans:
    if isinstance(network, CategoricalEnsemble):
        return OneStateCategoricals(network)
    if isinstance(network, GaussianEnsemble):
        return OneStateGaussians(network)
    raise TypeError(f"There is no form for one observation of {type(network).__name__}.")


class OneStateForecast:
    """The networks of a ``Forecast`` for one observation; owned by one thread."""

    def __init__(self, forecast: Forecast) -> None:
        self._onset, self._progress = OneStateStack(forecast.onset), OneStateStack(forecast.progress)
        self._corrected = view(forecast.corrected)
        self._nearest = min(NEAREST, len(self._corrected))
        self._square = np.zeros(0)

    def onset(self, observation: Float32Array, proposal: Float32Array) -> float:
        """Return the log-odds of a takeover soon."""
        log_odds = self._onset(self._onset.standardised(np.concatenate((observation, proposal))))
        return fmean(log_odds[:, 0].tolist())

    def progress(self, observation: Float32Array) -> tuple[float, float]:
        """Return time to go and nearness to corrected states."""
        standardised = self._progress.standardised(observation)
        gap = self._corrected - standardised
        square = np.einsum("ij,ij->i", gap, gap)
        # A copy, because ``partition`` below changes the order in place and ``nearest_corrected`` needs the numbers of
        # the states.
        self._square = square.copy()
        # Only the nearest are needed, and a full sort would cost more.
        square.partition(self._nearest - 1)
        distance = fmean(map(math.sqrt, square[: self._nearest].tolist()))
        return fmean(self._progress(standardised)[:, 0].tolist()), -math.log(max(distance, LEAST_DISTANCE))

    def nearest_corrected(self) -> tuple[tuple[int, float], ...]:
        """Return number and log nearness of the corrected states nearest to the last observation, nearest first."""
        order = np.argsort(self._square)[: self._nearest].tolist()
        return tuple((each, -0.5 * math.log(max(float(self._square[each]), LEAST_DISTANCE**2))) for each in order)


def disagreement_of_one(means: Float32Array) -> float:
    """Return how far the members differ: the root mean variance of their means, float32[members, a]."""
    # Sum and division instead of ``mean``, which costs more for arrays this small.
    gap = means - means.sum(0) / len(means)
    return math.sqrt(float(np.vdot(gap, gap)) / (max(len(means) - 1, 1) * means.shape[1]))
