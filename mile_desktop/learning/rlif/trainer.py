"""RLIF: reinforcement learning whose only reward is −1 on the step before a takeover (Luo et al. 2023).

The publication improves the policy while it runs. Here only the episodes of a round exist, so the critic is a
pair with the lesser value taken, and the actor is held to what was executed (TD3+BC, Fujimoto and Gu 2021): without
that, off-policy learning from recorded episodes prefers actions that were never tried.
"""

import copy
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import nn

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.batches import build_training_data
from mile_desktop.learning.objectives import everything_executed
from mile_desktop.learning.result import Report, TrainingError, TrainingResult
from mile_desktop.learning.rlif.actors import actor_for
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.learning.symmetry import symmetric_rows
from mile_desktop.learning.trainer.epoch_loop import EpochTrainer, Tensors
from mile_desktop.learning.trainer.initial_networks import fingerprint, first_network, training_device
from mile_desktop.learning.trainer.state import (
    TrainerState,
    optimiser_tensors,
    prefixed,
    restore_optimiser,
    unprefixed,
)
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.symmetric_rows import SymmetricRows
from mile_desktop.policies.symmetry import NO_SYMMETRY, Symmetry

DISCOUNT = 0.97
"""A takeover counts for about the 1.5 seconds before it at 20 Hz: .97^30 = .4."""
_FOLLOW = 0.005  # share of the critic that its slow copy takes over each step


def takeover_rewards(steps: SupervisedSteps) -> torch.Tensor:
    """Return float32[t]: −1 where the robot's step is followed by a takeover in the same episode, else 0."""
    rewards = torch.zeros(len(steps))
    same_episode = steps.episode[:-1] == steps.episode[1:]
    rewards[:-1][~steps.intervention[:-1] & steps.intervention[1:] & same_episode] = -1.0
    return rewards


def last_steps(steps: SupervisedSteps) -> torch.Tensor:
    """Return bool[t]: nothing of the episode follows."""
    last = torch.ones(len(steps), dtype=torch.bool)
    last[:-1] = steps.episode[:-1] != steps.episode[1:]
    return last


class _Transitions(NamedTuple):
    """Steps and what followed them."""

    observation: torch.Tensor
    """float32[b, n]."""
    action: torch.Tensor
    """float32[b, a]."""
    following: torch.Tensor
    """float32[b, n], the next observation of the episode."""


def _moved(seen: _Transitions, symmetry: SymmetricRows, generator: torch.Generator) -> _Transitions:
    """Return ``seen`` with each transition moved at random, before and after alike."""
    rows = symmetry.draw((len(seen.observation),), generator)
    return _Transitions(
        symmetry.observation(seen.observation, rows),
        symmetry.action(seen.action, rows),
        symmetry.observation(seen.following, rows),
    )


class TwinCritic(nn.Module):
    """Two values of (observation, action), each a perceptron with layer normalisation.

    Observations are standardised as in the policy that is evaluated.
    """

    offset: torch.Tensor
    scale: torch.Tensor

    def __init__(self, policy: PolicyNetwork) -> None:
        super().__init__()
        self.register_buffer("offset", policy.observation_offset.clone())
        self.register_buffer("scale", policy.observation_scale.clone())
        sizes = (policy.observation_size + policy.action_size, policy.hidden[0], policy.hidden[-1])
        self.values = nn.ModuleList([_value_network(*sizes) for _ in range(2)])

    def forward(self, observation: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """Return float32[2, b]."""
        seen = torch.cat([(observation - self.offset) / self.scale, action], -1)
        return torch.stack([value(seen).squeeze(-1) for value in self.values])


def _value_network(inputs: int, first: int, second: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, first), nn.LayerNorm(first), nn.ReLU(),
        nn.Linear(first, second), nn.LayerNorm(second), nn.ReLU(),
        nn.Linear(second, 1),
    )  # fmt: skip


class RlifTrainer(EpochTrainer):
    """Trains one policy by RLIF; see ``EpochTrainer`` for ``run`` and checkpoints.

    Parameters
    ----------
    steps : SupervisedSteps
        All there is to learn from; nothing is held out, because nothing here is compared with a human's action.
    start : PolicyNetwork or None
        The parent. Not changed.

    Raises
    ------
    TrainingError
        When there is no takeover, or the policy is for other observations or actions.
    """

    loss_names = ("total", "critic", "actor")

    def __init__(
        self,
        steps: SupervisedSteps,
        settings: TrainingSettings,
        *,
        start: PolicyNetwork | None = None,
        symmetry: Symmetry = NO_SYMMETRY,
    ) -> None:
        self._device = training_device(settings.device)
        policy = first_network(steps, settings, start).to(self._device)
        self._rewards = takeover_rewards(steps).to(self._device)
        if not bool(self._rewards.any()):
            raise TrainingError("RLIF learns from takeovers only and finds none; take over at least once.")
        self._policy = policy
        self._symmetry = None if symmetry.is_empty else symmetric_rows(symmetry, policy, self._device)
        self._actor = actor_for(policy)
        data = build_training_data(steps, everything_executed, anchor_share=settings.anchor_share, device=self._device)
        self._last = last_steps(steps).to(self._device)
        # The critic draws from the seed, and the generator of the caller stays where it is.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self._critic = TwinCritic(policy).to(self._device)
        # Slow copies give the targets. With the fast ones the training would chase its own changes.
        self._slow_critic, self._slow_policy = copy.deepcopy(self._critic), copy.deepcopy(policy)
        # Fused: one call for all parameters. For networks this small, each call costs more than the arithmetic.
        self._actor_optimiser = torch.optim.Adam(policy.parameters(), lr=settings.learning_rate, fused=True)
        self._critic_optimiser = torch.optim.Adam(self._critic.parameters(), lr=settings.learning_rate, fused=True)
        self._acts = False
        identity = fingerprint(steps, settings, policy.state_dict(), symmetry)
        super().__init__(settings, data, TrainerState(fingerprint=identity))

    def _finish(self, report: Report) -> TrainingResult:  # noqa: ARG002 - nothing to warn of
        """See ``EpochTrainer``."""
        return TrainingResult(
            network=self._policy.cpu().eval(),
            mental=None,
            loss=self._state.loss,
            held_out_error=None,
            best_epoch=self._state.epoch,
            threshold=None,
            calibrated=False,
            forgetting=None,
        )

    def _tensors(self) -> Tensors:
        """See ``EpochTrainer``."""
        tensors: Tensors = {}
        for name, module in self._modules().items():
            tensors |= prefixed(name, module.state_dict())
        for name, optimiser in self._optimisers().items():
            tensors |= prefixed(name, optimiser_tensors(optimiser))
        return tensors

    def _load(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See ``EpochTrainer``."""
        for name, module in self._modules().items():
            module.load_state_dict(unprefixed(name, tensors))
        for name, optimiser in self._optimisers().items():
            restore_optimiser(optimiser, unprefixed(name, tensors))

    def _modules(self) -> dict[str, nn.Module]:
        return {
            "policy": self._policy,
            "critic": self._critic,
            "slow_policy": self._slow_policy,
            "slow_critic": self._slow_critic,
        }

    def _optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"actor_optimiser": self._actor_optimiser, "critic_optimiser": self._critic_optimiser}

    # ── one epoch ────────────────────────────────────────────────────────────────────────────────────────────────

    def _begin_epoch(self) -> None:
        """See ``EpochTrainer``: at first only the critic learns, until its values mean something."""
        self._acts = self._state.epoch >= round(self._settings.warm_up * self._settings.epochs)

    def _update(self, supervised: torch.Tensor, anchors: torch.Tensor, *, done: float) -> torch.Tensor:  # noqa: ARG002
        """See ``EpochTrainer``."""
        rows = torch.cat([supervised, anchors])
        # Rows are in recorded order, so the next step is the next row, except at the end of an episode.
        following = torch.where(self._last[rows], rows, rows + 1)
        seen = _Transitions(self._data.observation[rows], self._data.target[rows], self._data.observation[following])
        if self._symmetry is not None:
            seen = _moved(seen, self._symmetry, self._generator)
        # The critic first: the actor follows its newest slope.
        critic = self._step_critic(rows, seen)
        actor = self._step_actor(seen) if self._acts else torch.zeros_like(critic)
        self._follow()
        return torch.stack([critic, critic, actor])

    def _step_critic(self, rows: torch.Tensor, seen: "_Transitions") -> torch.Tensor:
        with torch.no_grad():
            ahead = self._actor.ahead(self._slow_policy, self._slow_critic, seen.following, self._generator)
            # Nothing follows the last step of an episode, whatever the critic says.
            target = self._rewards[rows] + DISCOUNT * torch.where(self._last[rows], 0.0, ahead)
        values = self._critic(seen.observation, seen.action)
        loss = (values - target).square().mean()
        self._descend(loss, self._critic, self._critic_optimiser)
        detached: torch.Tensor = loss.detach()
        return detached

    def _step_actor(self, seen: "_Transitions") -> torch.Tensor:
        loss, beside = self._actor.losses(self._policy, self._critic, seen.observation, seen.action)
        self._descend(loss + beside, self._policy, self._actor_optimiser)
        return loss.detach()

    def _descend(self, loss: torch.Tensor, module: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(module.parameters(), self._settings.gradient_limit)
        optimiser.step()

    @torch.no_grad()
    def _follow(self) -> None:
        for slow, fast in ((self._slow_critic, self._critic), (self._slow_policy, self._policy)):
            # Parameters only: the buffers are the fixed scale of the observations.
            for old, new in zip(slow.parameters(), fast.parameters(), strict=True):
                old.lerp_(new, _FOLLOW)
