"""Networks evaluated for one observation, in numpy: a tensor's overhead is several times the work there.

The arrays are views of the network's parameters, not copies: what is trained or loaded in place shows at once.
"""

import math

import numpy as np
import torch
from scipy import special
from torch import nn

from mile_desktop.arrays import Float32Array
from mile_desktop.policies.limits import NORMALISED_LIMIT
from mile_desktop.policies.networks import CategoricalMlp, GaussianMlp, ObservationMlp

# plain numbers would be converted in every call
ZERO = np.float32(0)
_LOWEST, _HIGHEST = np.float32(-NORMALISED_LIMIT), np.float32(NORMALISED_LIMIT)


class OneStateScaling:
    """Standardises one observation as the networks do.

    Parameters
    ----------
    offset, scale : torch.Tensor
        float32[n], the network's.
    """

    def __init__(self, offset: torch.Tensor, scale: torch.Tensor) -> None:
        self._offset, self._scale = view(offset), view(scale)

    def __call__(self, observation: Float32Array) -> Float32Array:
        """Return float32[n] in units of the spread in the data, clipped; NaN stays NaN."""
        units = observation - self._offset
        # In place, without new arrays: this runs in every tick.
        units /= self._scale
        # ``np.clip`` does the same, but each call costs more.
        np.minimum(units, _HIGHEST, out=units)
        np.maximum(units, _LOWEST, out=units)
        return units


class _OneStateMlp:
    """The hidden layers of an ``ObservationMlp`` and linear heads over them."""

    def __init__(self, network: ObservationMlp, *heads: nn.Linear) -> None:
        self._standardised = OneStateScaling(network.observation_offset, network.observation_scale)
        self._hidden = [_layer(each) for each in network.trunk if isinstance(each, nn.Linear)]
        self._heads = [_layer(each) for each in heads]
        self._rectified = network.activation == "relu"

    def _outputs(self, observation: Float32Array) -> list[Float32Array]:
        features = self._standardised(observation)
        for weight, bias in self._hidden:
            features = weight.dot(features)
            features += bias
            if self._rectified:
                np.maximum(features, ZERO, out=features)
            else:
                np.tanh(features, out=features)
        return [weight.dot(features) + bias for weight, bias in self._heads]


class OneStateGaussian(_OneStateMlp):
    """A ``GaussianMlp`` for one observation."""

    def __init__(self, network: GaussianMlp) -> None:
        super().__init__(network, network.mean_head, network.spread_head)
        self._bounds = StdBounds(network.std_floor, network.std_ceiling)
        self._squashed = network.squashed

    def __call__(self, observation: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Map float32[n] to mean and standard deviation, float32[a] each."""
        mean, spread = self._outputs(observation)
        if self._squashed:
            np.tanh(mean, out=mean)
        return mean, self._bounds(spread)


class OneStateCategorical(_OneStateMlp):
    """A ``CategoricalMlp`` for one observation."""

    def __init__(self, network: CategoricalMlp) -> None:
        super().__init__(network, network.logit_head)

    def __call__(self, observation: Float32Array) -> Float32Array:
        """Map float32[n] to probabilities, float32[a]."""
        (logits,) = self._outputs(observation)
        # The largest logit is taken off first, so that exp cannot overflow.
        weights: Float32Array = np.exp(logits - logits.max())
        weights /= weights.sum()
        return weights


class StdBounds:
    """Turns the output of a spread head into σ: a sigmoid between the logarithms of ``floor`` and ``ceiling``."""

    def __init__(self, floor: float, ceiling: float) -> None:
        self._floor, self._ceiling = np.float32(floor), np.float32(ceiling)
        self._low = np.float32(math.log(floor))
        self._width = np.float32(math.log(ceiling) - math.log(floor))

    def __call__(self, spread: Float32Array) -> Float32Array:
        """Return σ, float32[...]."""
        std: Float32Array = special.expit(spread)
        std *= self._width
        std += self._low
        np.exp(std, out=std)
        np.maximum(std, self._floor, out=std)
        np.minimum(std, self._ceiling, out=std)
        return std


def view(tensor: torch.Tensor) -> Float32Array:
    """Return the memory of ``tensor`` as an array."""
    array: Float32Array = tensor.detach().numpy()
    return array


def _layer(linear: nn.Linear) -> tuple[Float32Array, Float32Array]:
    return view(linear.weight), view(linear.bias)
