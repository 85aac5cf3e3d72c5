"""Several models of what the human would do, evaluated as one batched pass."""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import nn

from mile_desktop.intervention.probability import gaussian_distance
from mile_desktop.policies.networks import NORMALISED_LIMIT, SCALE_FLOOR, STD_CEILING, STD_FLOOR
from mile_desktop.policies.torch_policy import ACTION_LIMIT

MEMBERS = 8
HIDDEN = (128, 128)
"""Half as wide as a policy: an ensemble averages what a single network must get right alone."""


HUMAN_STD_FLOOR = 0.3
"""Floor of σ of the human's actions, higher than a policy's: demonstrations without noise would drive it down, and
with it every distance up until only the farthest states differ."""


class StackedMlp(nn.Module):
    """``members`` perceptrons with ReLU over standardised observations, evaluated as one batched pass.

    Weights are stacked along a leading member dimension, so that one ``baddbmm`` a layer serves all members; the scale
    of the observations is shared.

    Parameters
    ----------
    members, observation_size, outputs : int
        Sizes, all positive.
    hidden : sequence of int
        Widths of the hidden layers, at least one.

    Raises
    ------
    ValueError
        When a size is not positive.
    """

    observation_offset: torch.Tensor
    observation_scale: torch.Tensor

    def __init__(self, members: int, observation_size: int, outputs: int, hidden: Sequence[int]) -> None:
        super().__init__()
        sizes = (observation_size, *hidden, outputs)
        if min(members, *sizes) < 1 or len(sizes) < 3:
            raise ValueError(
                f"An ensemble needs positive sizes and a hidden layer, got {members} members, {observation_size} "
                f"inputs, {outputs} outputs, hidden {tuple(hidden)}."
            )
        self.members, self.observation_size, self.hidden = members, observation_size, tuple(hidden)
        self.register_buffer("observation_offset", torch.zeros(observation_size))
        self.register_buffer("observation_scale", torch.ones(observation_size))
        pairs = list(itertools.pairwise(sizes))
        self.weights = nn.ParameterList([torch.zeros(members, inner, outer) for inner, outer in pairs])
        self.biases = nn.ParameterList([torch.zeros(members, 1, outer) for _, outer in pairs])

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Draw fresh weights, uniform within ±1/√(inputs)."""
        for weight, bias in zip(self.weights, self.biases, strict=True):
            bound = 1 / math.sqrt(weight.shape[1])
            weight.uniform_(-bound, bound, generator=generator)
            bias.uniform_(-bound, bound, generator=generator)

    @torch.no_grad()
    def fit_normalisation(self, observations: torch.Tensor) -> None:
        """Take offset and scale from ``observations`` (float32[t, n]); scales are floored."""
        self.observation_offset.copy_(observations.mean(0))
        self.observation_scale.copy_(observations.std(0, correction=0).clamp_min(SCALE_FLOOR))

    def standardised(self, observation: torch.Tensor) -> torch.Tensor:
        """Return ``observation`` in units of its spread in the data, clipped far outside of it."""
        units = (observation - self.observation_offset) / self.observation_scale
        return units.clamp(-NORMALISED_LIMIT, NORMALISED_LIMIT)

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        """Evaluate all members.

        Parameters
        ----------
        observation : torch.Tensor
            float32[b, n], the same for every member, or float32[members, b, n].

        Returns
        -------
        torch.Tensor
            float32[members, b, outputs].
        """
        features = self.standardised(observation)
        if features.dim() == 2:
            features = features.expand(self.members, -1, -1)
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            features = torch.baddbmm(bias, features, weight)
            if layer < last:
                features = features.relu()
        return features


class GaussianEnsemble(StackedMlp):
    """Diagonal Gaussians over actions, each the architecture of ``GaussianMlp`` with weights of its own.

    Parameters
    ----------
    members, observation_size, action_size, hidden
        See ``StackedMlp``.
    std_floor, std_ceiling : float
        Hard bounds of σ. Distances in p are in units of σ; a σ that collapses inflates every probability.

    Raises
    ------
    ValueError
        When a size is not positive or the bounds are out of order.
    """

    def __init__(
        self,
        members: int,
        observation_size: int,
        action_size: int,
        hidden: Sequence[int] = HIDDEN,
        *,
        std_floor: float = STD_FLOOR,
        std_ceiling: float = STD_CEILING,
    ) -> None:
        super().__init__(members, observation_size, 2 * action_size, hidden)
        if not 0 < std_floor < std_ceiling:
            raise ValueError(f"σ needs 0 < floor < ceiling, got {std_floor} and {std_ceiling}.")
        self.action_size = action_size
        self.std_floor, self.std_ceiling = std_floor, std_ceiling

    def gaussians(self, observation: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean (neither squashed nor clipped) and standard deviation, float32[members, b, a] each.

        ``observation`` as in ``forward``.
        """
        mean, spread = self(observation).split(self.action_size, -1)
        low, high = math.log(self.std_floor), math.log(self.std_ceiling)
        return mean, torch.exp(low + (high - low) * torch.sigmoid(spread))

    def distances(self, observation: torch.Tensor, mental_mean: torch.Tensor, mental_std: torch.Tensor) -> torch.Tensor:
        """Return K of each member, float64[members, b]; members' means are clipped to the action box before.

        ``mental_mean`` and ``mental_std`` are π̂, float32[b, a] or float32[members, b, a].
        """
        mean, std = self.gaussians(observation)
        return clipped_distance(mean, std, mental_mean, mental_std)


def clipped_distance(
    mean: torch.Tensor, std: torch.Tensor, mental_mean: torch.Tensor, mental_std: torch.Tensor
) -> torch.Tensor:
    """Return K with ``mean`` clipped to the action box, where π̂ was clipped as well."""
    return gaussian_distance(mean.clamp(-ACTION_LIMIT, ACTION_LIMIT), std, mental_mean, mental_std)
