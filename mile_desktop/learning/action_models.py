"""What an objective needs to know of a distribution over actions, for continuous and for discrete ones.

A distribution is a tuple of tensors: (mean, std) of a Gaussian, (logits,) of a categorical; all stays in logarithms.
"""

import math
from typing import Protocol

import torch

from mile_desktop.intervention.probability import (
    categorical_intervention_log_probability,
    gaussian_intervention_log_probability,
)
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.networks import CategoricalMlp

Distribution = tuple[torch.Tensor, ...]
Scalar = float | torch.Tensor

_LOG_TWO_PI = math.log(2 * math.pi)


class ActionModel(Protocol):
    """One kind of distribution over actions."""

    def distribution(self, network: PolicyNetwork, observation: torch.Tensor) -> Distribution:
        """Evaluate ``network`` at float32[b, n]."""
        ...

    def recorded(self, mean: torch.Tensor, std: torch.Tensor) -> Distribution:
        """Return the distribution that was recorded as mean and std, float32[b, a] each."""
        ...

    def surprise(self, distribution: Distribution, action: torch.Tensor) -> torch.Tensor:
        """Return −ln π(a∣s), float32[b]; never scaled by a probability of intervention."""
        ...

    def error(self, distribution: Distribution, action: torch.Tensor) -> torch.Tensor:
        """Return how far what the policy would do is from ``action``, float32[b] ≥ 0; blind to its spread."""
        ...

    def expected_surprise(self, distribution: Distribution, recorded: Distribution) -> torch.Tensor:
        """Return E_{a∼recorded}[−ln π(a∣s)], float32[b]."""
        ...

    def log_intervention(
        self, human: Distribution, mental: Distribution, *, cost: Scalar, cdf_scale: Scalar
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ln p(ν=1∣s) and ln p(ν=0∣s), float32[b] each."""
        ...


class GaussianActions:
    """Diagonal Gaussians over continuous actions."""

    def distribution(self, network: PolicyNetwork, observation: torch.Tensor) -> Distribution:
        """See ``ActionModel``."""
        mean, std = network(observation)
        return mean, std

    def recorded(self, mean: torch.Tensor, std: torch.Tensor) -> Distribution:
        """See ``ActionModel``."""
        return mean, std

    def surprise(self, distribution: Distribution, action: torch.Tensor) -> torch.Tensor:
        """See ``ActionModel``."""
        mean, std = distribution
        distance = (action - mean) / std
        return (0.5 * distance.square() + std.log() + 0.5 * _LOG_TWO_PI).sum(-1)

    def error(self, distribution: Distribution, action: torch.Tensor) -> torch.Tensor:
        """Return the squared distance of the mean."""
        return (distribution[0] - action).square().sum(-1)

    def expected_surprise(self, distribution: Distribution, recorded: Distribution) -> torch.Tensor:
        """See ``ActionModel``."""
        _, std = distribution
        return self.surprise(distribution, recorded[0]) + 0.5 * (recorded[1] / std).square().sum(-1)

    def log_intervention(
        self, human: Distribution, mental: Distribution, *, cost: Scalar, cdf_scale: Scalar
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """See ``ActionModel``."""
        return gaussian_intervention_log_probability(*human, *mental, cost=cost, cdf_scale=cdf_scale)


class CategoricalActions:
    """Categoricals over discrete actions, which are recorded one-hot with their probabilities as mean."""

    def distribution(self, network: PolicyNetwork, observation: torch.Tensor) -> Distribution:
        """See ``ActionModel``."""
        return (network(observation),)

    def recorded(self, mean: torch.Tensor, std: torch.Tensor) -> Distribution:  # noqa: ARG002 - mean says it all
        """See ``ActionModel``."""
        return (mean.clamp_min(torch.finfo(mean.dtype).tiny).log(),)

    def surprise(self, distribution: Distribution, action: torch.Tensor) -> torch.Tensor:
        """See ``ActionModel``."""
        chosen = action.argmax(-1, keepdim=True)
        return -distribution[0].log_softmax(-1).gather(-1, chosen).squeeze(-1)

    def error(self, distribution: Distribution, action: torch.Tensor) -> torch.Tensor:
        """Return one minus the probability of the action."""
        return -torch.expm1(-self.surprise(distribution, action))

    def expected_surprise(self, distribution: Distribution, recorded: Distribution) -> torch.Tensor:
        """See ``ActionModel``."""
        return -(recorded[0].softmax(-1) * distribution[0].log_softmax(-1)).sum(-1)

    def log_intervention(
        self, human: Distribution, mental: Distribution, *, cost: Scalar, cdf_scale: Scalar
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """See ``ActionModel``."""
        return categorical_intervention_log_probability(human[0], mental[0], cost=cost, cdf_scale=cdf_scale)


def action_model(network: PolicyNetwork) -> ActionModel:
    """Return the kind of distribution ``network`` computes."""
    if isinstance(network, CategoricalMlp):
        return CategoricalActions()
    return GaussianActions()
