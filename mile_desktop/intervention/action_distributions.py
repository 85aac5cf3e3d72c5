"""Distributions over actions, continuous and discrete: every term of the method that depends on their kind.

Learning a policy and fitting the models of the human use the same two classes. A distribution is a tuple of tensors,
[..., a] each, so that one network and a stack of networks are evaluated by the same code.
"""

import math
from typing import NamedTuple, Protocol

import torch

from mile_desktop.intervention.probability import (
    LEAST_LOG_POLICY,
    ThresholdLoss,
    categorical_distance,
    gaussian_distance,
)
from mile_desktop.policies.limits import ACTION_LIMIT

Distribution = tuple[torch.Tensor, ...]
"""(mean, std) of Gaussians; (logits,) of categoricals, normalised or not."""

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


class DecisionTerms(NamedTuple):
    """What the probability of a takeover depends on besides c and σ, at ``[...]`` steps."""

    distance: torch.Tensor
    """float64[...], K."""
    threshold_loss: ThresholdLoss
    """What K is compared with."""


class ActionDistribution(Protocol):
    """One kind of distribution over actions."""

    def recorded(self, mean: torch.Tensor, std: torch.Tensor) -> Distribution:
        """Return the distribution that was recorded as mean and std, float[..., a] each."""
        ...

    def negative_log_likelihood(self, distribution: Distribution, action: torch.Tensor) -> torch.Tensor:
        """Return −ln π(a∣s), [...]; never scaled by a probability of intervention (``docs/method.md``, trap 1)."""
        ...

    def cross_entropy(self, distribution: Distribution, recorded: Distribution) -> torch.Tensor:
        """Return E_{a∼recorded}[−ln π(a∣s)], [...]."""
        ...

    def error(self, distribution: Distribution, action: torch.Tensor) -> torch.Tensor:
        """Return how far the policy's most likely action is from ``action``, [...] ≥ 0; its spread does not count."""
        ...

    def moments(self, distribution: Distribution) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and standard deviation as a policy that acts like this would record them, [..., a] each."""
        ...

    def decision_terms(self, human: Distribution, mental: Distribution) -> DecisionTerms:
        """Return K of π_θ = ``human`` and π̂ = ``mental``, and what it is compared with (arXiv 2502.13519)."""
        ...


class GaussianActions:
    """Diagonal Gaussians over continuous actions."""

    def recorded(self, mean: torch.Tensor, std: torch.Tensor) -> Distribution:
        """See ``ActionDistribution``."""
        return mean, std

    def negative_log_likelihood(self, distribution: Distribution, action: torch.Tensor) -> torch.Tensor:
        """See ``ActionDistribution``."""
        mean, std = distribution
        distance = (action - mean) / std
        return (0.5 * distance.square() + std.log() + _HALF_LOG_TWO_PI).sum(-1)

    def cross_entropy(self, distribution: Distribution, recorded: Distribution) -> torch.Tensor:
        """See ``ActionDistribution``."""
        mean, std = recorded
        likely = self.negative_log_likelihood(distribution, mean)
        # The expectation of the squared distance is that of the mean plus the variance: no samples are needed.
        return likely + 0.5 * (std / distribution[1]).square().sum(-1)

    def error(self, distribution: Distribution, action: torch.Tensor) -> torch.Tensor:
        """Return the squared distance of the mean."""
        return (distribution[0] - action).square().sum(-1)

    def moments(self, distribution: Distribution) -> tuple[torch.Tensor, torch.Tensor]:
        """See ``ActionDistribution``; the mean is clipped to the action box, as the policy clips it."""
        mean, std = distribution
        # π̂ is recorded after this clipping. An unclipped mean would look like a disagreement at the border.
        return mean.clamp(-ACTION_LIMIT, ACTION_LIMIT), std

    def decision_terms(self, human: Distribution, mental: Distribution) -> DecisionTerms:
        """See ``ActionDistribution``."""
        return DecisionTerms(gaussian_distance(*human, *mental), human[0].shape[-1])


class CategoricalActions:
    """Categoricals over discrete actions, which are recorded one-hot with their probabilities as mean."""

    def recorded(self, mean: torch.Tensor, std: torch.Tensor) -> Distribution:  # noqa: ARG002 - follows from the mean
        """See ``ActionDistribution``."""
        # A probability recorded as 0 becomes the least positive number: its logarithm stays finite, its weight 0.
        return (mean.clamp_min(torch.finfo(mean.dtype).tiny).log(),)

    def negative_log_likelihood(self, distribution: Distribution, action: torch.Tensor) -> torch.Tensor:
        """See ``ActionDistribution``; ``action`` is one-hot."""
        log_policy = distribution[0].log_softmax(-1)
        chosen = action.argmax(-1, keepdim=True).expand(*log_policy.shape[:-1], 1)
        return -log_policy.gather(-1, chosen).squeeze(-1)

    def cross_entropy(self, distribution: Distribution, recorded: Distribution) -> torch.Tensor:
        """See ``ActionDistribution``."""
        return -(recorded[0].softmax(-1) * distribution[0].log_softmax(-1)).sum(-1)

    def error(self, distribution: Distribution, action: torch.Tensor) -> torch.Tensor:
        """Return one minus the probability of the action."""
        # ``expm1`` keeps the digits of errors near 0, where 1 − exp would lose them.
        return -torch.expm1(-self.negative_log_likelihood(distribution, action))

    def moments(self, distribution: Distribution) -> tuple[torch.Tensor, torch.Tensor]:
        """See ``ActionDistribution``; the standard deviation is that of each entry of a one-hot draw, kept above 0."""
        probability = distribution[0].softmax(-1).float()
        # A certain choice has no variance, but a standard deviation of 0 is refused when a step is recorded.
        variance = probability * (1 - probability)
        return probability, variance.clamp_min(torch.finfo(probability.dtype).eps).sqrt()

    def decision_terms(self, human: Distribution, mental: Distribution) -> DecisionTerms:
        """See ``ActionDistribution``."""
        # Double precision: K − c loses its digits where both are large.
        log_policy = human[0].double().log_softmax(-1).clamp(min=LEAST_LOG_POLICY)
        return DecisionTerms(categorical_distance(log_policy, mental[0].double().softmax(-1)), log_policy)
