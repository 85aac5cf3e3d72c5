"""The objective evaluated: networks and rows in, loss out."""

from typing import NamedTuple

import torch

from mile_desktop.learning.action_models import Distribution, action_model
from mile_desktop.learning.batches import Batch, TrainingData
from mile_desktop.learning.objectives import Losses, Objective, intervention_loss
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.learning.threshold import Threshold, fit_threshold
from mile_desktop.policies.checkpoint import PolicyNetwork

_CHUNK = 8192  # rows evaluated at once outside the minibatches


class Networks(NamedTuple):
    """What is being trained."""

    policy: PolicyNetwork
    mental: PolicyNetwork | None
    """None: the mental model is the recorded policy of each step."""


class Criterion:
    """Evaluates one method's objective; holds no state of the training."""

    def __init__(self, method: Objective, settings: TrainingSettings, network: PolicyNetwork) -> None:
        self._silence = method.info.learns_from_decisions and settings.balance > 0
        self._settings = settings
        self._model = action_model(network)

    def losses(self, networks: Networks, batch: Batch, threshold: Threshold | None) -> Losses:
        """Return the terms on ``batch``; without ``threshold`` only the imitation counts."""
        human = self._model.distribution(networks.policy, batch.observation)
        action = (batch.coefficient * self._model.surprise(human, batch.target)).sum()
        nothing = torch.zeros_like(action)
        supervised = len(batch.intervention)
        if threshold is None or not self._silence or not supervised:
            return Losses(action, action, nothing, nothing)
        mental, tie = self._mental(networks, batch)
        stepped_in = intervention_loss(
            self._model,
            tuple(each[:supervised] for each in human),
            mental,
            batch.intervention,
            cost=threshold.cost,
            cdf_scale=threshold.cdf_scale,
        )
        balance = self._settings.balance
        total = balance * stepped_in + (1 - balance) * action + self._settings.mental_anchor * tie
        return Losses(total, action, stepped_in, tie)

    def fit_threshold(self, networks: Networks, data: TrainingData) -> Threshold | None:
        """Fit c and σ_Φ with the networks as they are; None where ``data`` does not determine them."""
        rows = data.supervised
        with torch.no_grad():
            everything = data.batch(rows, rows[:0])
            human = self._model.distribution(networks.policy, everything.observation)
            mental, _ = self._mental(networks, everything)
        return fit_threshold(self._model, human, mental, everything.intervention)

    def errors(self, network: PolicyNetwork, observation: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return how far the policy would be from ``target`` at each row, float32[t] ≥ 0."""
        with torch.no_grad():
            parts = zip(observation.split(_CHUNK), target.split(_CHUNK), strict=True)  # type: ignore[no-untyped-call]
            found = [self._model.error(self._model.distribution(network, seen), wanted) for seen, wanted in parts]
        return torch.cat(found)

    def _mental(self, networks: Networks, batch: Batch) -> tuple[Distribution, torch.Tensor]:
        """Return π̂ of the supervised rows, and how badly it fits what was recorded where that matters."""
        recorded = self._model.recorded(batch.policy_mean, batch.policy_std)
        nothing = batch.coefficient.new_zeros(())
        if networks.mental is None:
            return recorded, nothing
        learned = self._model.distribution(networks.mental, batch.observation[: len(batch.intervention)])
        if self._settings.mental_model != "joint":
            return learned, nothing
        return learned, self._model.expected_surprise(learned, recorded).mean()
