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


class GaussianEnsemble(nn.Module):
    """``members`` diagonal Gaussians over actions, each the architecture of ``GaussianMlp`` with weights of its own.

    Weights are stacked along a leading member dimension, so that one ``baddbmm`` a layer serves all members; the scale
    of the observations is shared.

    Parameters
    ----------
    members, observation_size, action_size : int
        Sizes, all positive.
    hidden : sequence of int
        Widths of the hidden layers, at least one.
    std_floor, std_ceiling : float
        Hard bounds of σ. Distances in p are in units of σ; a σ that collapses inflates every probability.

    Raises
    ------
    ValueError
        When a size is not positive or the bounds are out of order.
    """

    observation_offset: torch.Tensor
    observation_scale: torch.Tensor

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
        super().__init__()
        sizes = (observation_size, *hidden, 2 * action_size)
        if min(members, *sizes) < 1 or len(sizes) < 3:
            raise ValueError(
                f"An ensemble needs positive sizes and a hidden layer, got {members} members, observation "
                f"{observation_size}, action {action_size}, hidden {tuple(hidden)}."
            )
        if not 0 < std_floor < std_ceiling:
            raise ValueError(f"σ needs 0 < floor < ceiling, got {std_floor} and {std_ceiling}.")
        self.members, self.observation_size, self.action_size = members, observation_size, action_size
        self.hidden = tuple(hidden)
        self.std_floor, self.std_ceiling = std_floor, std_ceiling
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

    def forward(self, observation: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Evaluate all members.

        Parameters
        ----------
        observation : torch.Tensor
            float32[b, n], the same for every member, or float32[members, b, n].

        Returns
        -------
        tuple of torch.Tensor
            Mean (neither squashed nor clipped) and standard deviation, float32[members, b, a] each.
        """
        features = (observation - self.observation_offset) / self.observation_scale
        features = features.clamp(-NORMALISED_LIMIT, NORMALISED_LIMIT)
        if features.dim() == 2:
            features = features.expand(self.members, -1, -1)
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            features = torch.baddbmm(bias, features, weight)
            if layer < last:
                features = features.relu()
        mean, spread = features.split(self.action_size, -1)  # type: ignore[no-untyped-call]
        low, high = math.log(self.std_floor), math.log(self.std_ceiling)
        return mean, torch.exp(low + (high - low) * torch.sigmoid(spread))

    def distances(self, observation: torch.Tensor, mental_mean: torch.Tensor, mental_std: torch.Tensor) -> torch.Tensor:
        """Return K of each member, float64[members, b]; members' means are clipped to the action box before.

        ``mental_mean`` and ``mental_std`` are π̂, float32[b, a] or float32[members, b, a].
        """
        mean, std = self(observation)
        return clipped_distance(mean, std, mental_mean, mental_std)


def clipped_distance(
    mean: torch.Tensor, std: torch.Tensor, mental_mean: torch.Tensor, mental_std: torch.Tensor
) -> torch.Tensor:
    """Return K with ``mean`` clipped to the action box, where π̂ was clipped as well."""
    return gaussian_distance(mean.clamp(-ACTION_LIMIT, ACTION_LIMIT), std, mental_mean, mental_std)
