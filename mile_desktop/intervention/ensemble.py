"""Several models of what the human would do, evaluated as one batched pass."""

import itertools
import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn

from mile_desktop.intervention.action_distributions import (
    ActionDistribution,
    CategoricalActions,
    DecisionTerms,
    Distribution,
    GaussianActions,
)
from mile_desktop.intervention.probability import ThresholdLoss
from mile_desktop.policies.limits import NORMALISED_LIMIT, SCALE_FLOOR, STD_CEILING, STD_FLOOR

MEMBERS = 8
HIDDEN = (128, 128)
"""Half as wide as a policy: an ensemble averages what a single network must get right alone."""


HUMAN_STD_FLOOR = 0.3
"""Floor of σ of the human's actions, higher than a policy's: demonstrations without noise would drive it down, and
with it every distance up until only the farthest states differ."""


HUMAN_SLIP = 0.05
"""With this probability a person presses any one of the buttons. It bounds ln π of discrete actions from below, as the
floor of σ bounds distances: demonstrations without slips would drive it to −∞."""


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
        # Zeros until ``initialise`` or a load: a constructor that draws random numbers would disturb the caller's
        # generator.
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
        # Shared by all members: it is a unit and not something that is learned.
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
            # A view: the observation is not copied for each member.
            features = features.expand(self.members, -1, -1)
        # One kernel a layer for all members, the bias included.
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            features = torch.baddbmm(bias, features, weight)
            if layer < last:
                features = features.relu()
        return features


class MemberOutputs(NamedTuple):
    """What ``members`` models of the human give for ``t`` steps."""

    distances: torch.Tensor
    """float64[members, t], K."""
    threshold_loss: ThresholdLoss
    """What K is compared with: an int for Gaussians, float64[members, t, A] for discrete actions."""
    means: torch.Tensor
    """float32[members, t, a], mean of what each would do, within the action box; for discrete actions probabilities."""
    stds: torch.Tensor
    """float32[members, t, a]."""


def join_outputs(parts: Sequence[MemberOutputs]) -> MemberOutputs:
    """Return the outputs of consecutive steps as one."""
    distances, means, stds = (
        torch.cat([getattr(part, name) for part in parts], 1) for name in ("distances", "means", "stds")
    )
    discrete = [part.threshold_loss for part in parts if isinstance(part.threshold_loss, torch.Tensor)]
    threshold_loss = torch.cat(discrete, 1) if discrete else parts[0].threshold_loss
    return MemberOutputs(distances, threshold_loss, means, stds)


class HumanEnsemble(StackedMlp):
    """Models of what the human would do, whatever kind of actions there are."""

    action_size: int
    actions: ActionDistribution
    """What the members' distributions are."""

    @abstractmethod
    def distribution(self, observation: torch.Tensor) -> Distribution:
        """Return each member's distribution over actions; ``observation`` as in ``forward``."""

    def decision_terms(self, human: Distribution, mental_mean: torch.Tensor, mental_std: torch.Tensor) -> DecisionTerms:
        """Return K and what it is compared with; π̂ as recorded, float32[b, a] or float32[members, b, a]."""
        return self.actions.decision_terms(human, self.actions.recorded(mental_mean, mental_std))

    def member_outputs(
        self, observation: torch.Tensor, mental_mean: torch.Tensor, mental_std: torch.Tensor
    ) -> MemberOutputs:
        """Evaluate every member."""
        human = self.distribution(observation)
        return MemberOutputs(*self.decision_terms(human, mental_mean, mental_std), *self.actions.moments(human))


class GaussianEnsemble(HumanEnsemble):
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
        self.action_size, self.actions = action_size, GaussianActions()
        self.std_floor, self.std_ceiling = std_floor, std_ceiling

    def gaussians(self, observation: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean (neither squashed nor clipped) and standard deviation, float32[members, b, a] each.

        ``observation`` as in ``forward``.
        """
        mean, spread = self(observation).split(self.action_size, -1)
        low, high = math.log(self.std_floor), math.log(self.std_ceiling)
        # σ moves in logarithms, so that it can halve and double equally easily; the bounds hold without clipping the
        # gradient.
        return mean, torch.exp(low + (high - low) * torch.sigmoid(spread))

    def distribution(self, observation: torch.Tensor) -> Distribution:
        """See ``HumanEnsemble``."""
        return self.gaussians(observation)

    def decision_terms(self, human: Distribution, mental_mean: torch.Tensor, mental_std: torch.Tensor) -> DecisionTerms:
        """See ``HumanEnsemble``; means are clipped to the action box, where π̂ was clipped as well."""
        return super().decision_terms(self.actions.moments(human), mental_mean, mental_std)


class CategoricalEnsemble(HumanEnsemble):
    """Categoricals over discrete actions, mixed with ``HUMAN_SLIP`` of the uniform one.

    Parameters
    ----------
    members, observation_size, action_size, hidden
        See ``StackedMlp``; ``action_size`` is the number of actions.
    """

    def __init__(self, members: int, observation_size: int, action_size: int, hidden: Sequence[int] = HIDDEN) -> None:
        super().__init__(members, observation_size, action_size, hidden)
        self.action_size, self.actions = action_size, CategoricalActions()

    def distribution(self, observation: torch.Tensor) -> Distribution:
        """See ``HumanEnsemble``: ln π, float64[members, b, A]."""
        # In logarithms throughout: the probability of an action that is never meant would be 0 in float32.
        meant = self(observation).double().log_softmax(-1) + math.log1p(-HUMAN_SLIP)
        slip = torch.full_like(meant, math.log(HUMAN_SLIP / self.action_size))
        return (torch.logaddexp(meant, slip),)
