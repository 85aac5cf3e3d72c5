"""The networks behind policies and human-action models: small perceptrons that know the scale of their input.

Observations are standardised inside the network, so that a checkpoint is complete and no caller can forget it.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
from torch import nn

from mile_desktop.policies.limits import NORMALISED_LIMIT, SCALE_FLOOR, STD_CEILING, STD_FLOOR, Activation

_ACTIVATIONS: dict[Activation, Callable[[], nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}


def _trunk(observation_size: int, hidden: Sequence[int], activation: Activation) -> nn.Sequential:
    sizes = (observation_size, *hidden)
    layers: list[nn.Module] = []
    for width_in, width_out in itertools.pairwise(sizes):
        layers += [nn.Linear(width_in, width_out), _ACTIVATIONS[activation]()]
    return nn.Sequential(*layers)


class ObservationMlp(nn.Module):
    """Standardised observations through fully connected layers.

    Parameters
    ----------
    observation_size, action_size : int
        Entries of the (stacked) observation and of the action, or number of discrete actions.
    hidden : sequence of int
        Widths of the hidden layers; at least one.
    activation
        After each hidden layer: ``relu``, or ``tanh`` in policies that come from another program.

    Raises
    ------
    ValueError
        When a size is not positive.
    """

    observation_offset: torch.Tensor
    observation_scale: torch.Tensor
    head_names: ClassVar[tuple[str, ...]]
    """The linear layers after the last hidden one, in the order of ``outputs``."""

    def __init__(
        self,
        observation_size: int,
        action_size: int,
        hidden: Sequence[int] = (256, 256),
        *,
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        self.observation_size = observation_size
        self.action_size = action_size
        self.hidden = tuple(hidden)
        self.activation: Activation = activation
        if min((observation_size, action_size, *self.hidden), default=0) < 1 or not self.hidden:
            raise ValueError(
                f"A network needs positive sizes and a hidden layer, got observation {observation_size}, "
                f"action {action_size}, hidden {self.hidden}."
            )
        # Buffers: they are saved with the weights and are no parameters of the optimiser.
        self.register_buffer("observation_offset", torch.zeros(observation_size))
        self.register_buffer("observation_scale", torch.ones(observation_size))
        self.trunk = _trunk(observation_size, self.hidden, activation)

    @torch.no_grad()
    def fit_normalisation(self, observations: torch.Tensor) -> None:
        """Take offset and scale from ``observations`` (float32[t, n], t ≥ 1); scales are floored."""
        self.observation_offset.copy_(observations.mean(0))
        # Floored: an entry that never changed would be divided by 0.
        self.observation_scale.copy_(observations.std(0, correction=0).clamp_min(SCALE_FLOOR))

    def standardised(self, observation: torch.Tensor) -> torch.Tensor:
        """Return float32[..., n] in units of its spread in the data."""
        standardised = (observation - self.observation_offset) / self.observation_scale
        # Clipped, so that an observation far from the data cannot drive the output to any value.
        return standardised.clamp(-NORMALISED_LIMIT, NORMALISED_LIMIT)

    def features(self, observation: torch.Tensor) -> torch.Tensor:
        """Map float32[..., n] to the last hidden layer."""
        features: torch.Tensor = self.trunk(self.standardised(observation))
        return features


class GaussianMlp(ObservationMlp):
    """Diagonal Gaussian over continuous actions, N(μ(s), diag σ(s)²).

    The mean is not clipped here: ``TorchPolicy`` clips it to the action box, and nothing else does. It is squashed by
    tanh only where ``squashed`` says so, in policies that come from another program (SAC, TD3). σ depends on the state
    and stays within ``std_floor`` and ``std_ceiling`` (a sigmoid between their logarithms).

    Parameters
    ----------
    observation_size, action_size, hidden, activation
        See ``ObservationMlp``.
    std_floor, std_ceiling : float
        Hard bounds of σ, 0 < floor < ceiling.
    squashed
        The mean is the tanh of its head.

    Raises
    ------
    ValueError
        When a size is not positive or the bounds of σ are out of order.
    """

    head_names = ("mean_head", "spread_head")

    def __init__(
        self,
        observation_size: int,
        action_size: int,
        hidden: Sequence[int] = (256, 256),
        *,
        activation: Activation = "relu",
        std_floor: float = STD_FLOOR,
        std_ceiling: float = STD_CEILING,
        squashed: bool = False,
    ) -> None:
        super().__init__(observation_size, action_size, hidden, activation=activation)
        if not 0 < std_floor < std_ceiling:
            raise ValueError(f"σ needs 0 < floor < ceiling, got {std_floor} and {std_ceiling}.")
        self.std_floor = std_floor
        self.std_ceiling = std_ceiling
        self.squashed = squashed
        self.mean_head = nn.Linear(self.hidden[-1], action_size)
        self.spread_head = nn.Linear(self.hidden[-1], action_size)

    def forward(self, observation: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Map float32[..., n] to mean and standard deviation, float32[..., a] each."""
        features = self.features(observation)
        return self.outputs(self.mean_head(features), self.spread_head(features))

    def outputs(self, mean: torch.Tensor, spread: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and standard deviation from what the two heads give, float32[..., a] each."""
        low, high = math.log(self.std_floor), math.log(self.std_ceiling)
        # Clamped once more, because the exponential can leave the bounds by rounding.
        std = torch.exp(low + (high - low) * torch.sigmoid(spread)).clamp(self.std_floor, self.std_ceiling)
        return (torch.tanh(mean) if self.squashed else mean), std

    def resized(self, hidden: Sequence[int]) -> "GaussianMlp":
        """Return an untrained network like this one with other widths."""
        return GaussianMlp(
            self.observation_size,
            self.action_size,
            hidden,
            activation=self.activation,
            std_floor=self.std_floor,
            std_ceiling=self.std_ceiling,
            squashed=self.squashed,
        )


class CategoricalMlp(ObservationMlp):
    """Categorical policy over ``action_size`` discrete actions; returns logits, never probabilities."""

    head_names = ("logit_head",)

    def __init__(
        self,
        observation_size: int,
        action_size: int,
        hidden: Sequence[int] = (256, 256),
        *,
        activation: Activation = "relu",
    ) -> None:
        super().__init__(observation_size, action_size, hidden, activation=activation)
        self.logit_head = nn.Linear(self.hidden[-1], action_size)

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        """Map float32[..., n] to logits float32[..., a]."""
        return self.outputs(self.logit_head(self.features(observation)))

    def outputs(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the logits that the head gives."""
        return logits

    def resized(self, hidden: Sequence[int]) -> "CategoricalMlp":
        """Return an untrained network like this one with other widths."""
        return CategoricalMlp(self.observation_size, self.action_size, hidden, activation=self.activation)
