"""The actor of RLIF: value of the next action and loss of the policy, for continuous and for discrete actions."""

from collections.abc import Callable
from typing import Protocol

import torch

from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.limits import ACTION_LIMIT
from mile_desktop.policies.networks import CategoricalMlp, GaussianMlp

Critic = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Observation float32[b, n] and action float32[b, a] → both values, float32[2, b]."""

_NOISE, _NOISE_LIMIT = 0.2, 0.5  # target policy smoothing
_GREED = 2.5  # weight of the value against imitation, after normalising the value


class Actor(Protocol):
    """One kind of policy."""

    def ahead(
        self, policy: PolicyNetwork, critic: Critic, observation: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        """Return the value of the action of ``policy``, the smaller of the critic's two, float32[b]."""
        ...

    def losses(
        self, policy: PolicyNetwork, critic: Critic, observation: torch.Tensor, target: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the reported loss, and a second term that is minimised with it; scalars."""
        ...


class GaussianActor:
    """TD3+BC: the mean follows the critic's slope and is held to what was executed."""

    def ahead(
        self, policy: PolicyNetwork, critic: Critic, observation: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        """See ``Actor``; noise keeps the critic smooth."""
        wanted, _ = policy(observation)
        noise = torch.randn(wanted.shape, generator=generator).to(wanted.device) * _NOISE
        # The lesser value of the two, against the overestimation of untried actions.
        return critic(observation, _boxed(wanted + noise.clamp(-_NOISE_LIMIT, _NOISE_LIMIT))).amin(0)

    def losses(
        self, policy: PolicyNetwork, critic: Critic, observation: torch.Tensor, target: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """See ``Actor``."""
        mean, std = policy(observation)
        # The first critic only, as in TD3: the minimum is for targets.
        value = critic(observation, _boxed(mean))[0]
        error = (mean - target).square()
        # σ is fitted separately, so that the policy still reports its spread; the mean gets no gradient from this term
        spread = (0.5 * error.detach() / std.square() + std.log()).sum(-1).mean()
        # in units of the least σ: in a scene that asks for precision a squared error of .01 is a failure, not a trifle
        floor = policy.std_floor if isinstance(policy, GaussianMlp) else 1.0
        imitation = 0.5 * error.sum(-1).mean() / floor**2
        return imitation - _greed(value) * value.mean(), spread


class CategoricalActor:
    """The same over discrete actions: every action gets a value, and expectations are exact."""

    def ahead(
        self,
        policy: PolicyNetwork,
        critic: Critic,
        observation: torch.Tensor,
        generator: torch.Generator,  # noqa: ARG002 - nothing is drawn
    ) -> torch.Tensor:
        """See ``Actor``."""
        probability = policy(observation).softmax(-1)
        expected: torch.Tensor = (probability * self._values(critic, observation, probability).amin(0)).sum(-1)
        return expected

    def losses(
        self, policy: PolicyNetwork, critic: Critic, observation: torch.Tensor, target: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """See ``Actor``."""
        log_policy = policy(observation).log_softmax(-1)
        values = self._values(critic, observation, log_policy)[0].detach()
        value = (log_policy.exp() * values).sum(-1)
        imitation = -log_policy.gather(-1, target.argmax(-1, keepdim=True)).mean()
        return imitation - _greed(value) * value.mean(), value.new_zeros(())

    @staticmethod
    def _values(critic: Critic, observation: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        """Return both values of every action, float32[2, b, A]."""
        choices = torch.eye(like.shape[-1], device=like.device)
        return torch.stack([critic(observation, choice.expand(len(observation), -1)) for choice in choices], -1)


def actor_for(policy: PolicyNetwork) -> Actor:
    """Return the kind of actor ``policy`` is."""
    return CategoricalActor() if isinstance(policy, CategoricalMlp) else GaussianActor()


def _greed(value: torch.Tensor) -> torch.Tensor:
    # Normalised by the size of the values, so that the weight means the same in every scene.
    return _GREED / value.abs().mean().detach().clamp_min(1e-6)


def _boxed(action: torch.Tensor) -> torch.Tensor:
    """Return the action as the policy would execute it."""
    return action.clamp(-ACTION_LIMIT, ACTION_LIMIT)
