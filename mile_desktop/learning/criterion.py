"""The objective evaluated: networks and rows in, loss out."""

from typing import NamedTuple

import torch

from mile_desktop.intervention.action_distributions import (
    ActionDistribution,
    CategoricalActions,
    Distribution,
    GaussianActions,
)
from mile_desktop.intervention.cost_fit import (
    CalibrationError,
    RecordedDecisions,
    Threshold,
    fit_cost_and_scale,
    thinned,
)
from mile_desktop.intervention.objective_terms import bounded_log_probabilities, combined, decision_loss
from mile_desktop.learning.batches import Batch, TrainingData
from mile_desktop.learning.member_networks import TrainedNetwork, acting, is_discrete
from mile_desktop.learning.objectives import Losses, Objective
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.policies.checkpoint import PolicyNetwork

LEAST_LOG = -16.0
"""ln of the least probability that the loss believes in: a step that contradicts the model still gives a gradient, and
one such step does not outweigh the others."""

_CHUNK = 8192  # rows evaluated at once outside the minibatches
_NODES = 24  # of the quadrature: six digits, as many as single precision has


class Networks(NamedTuple):
    """What is being trained."""

    policy: TrainedNetwork
    mental: PolicyNetwork | None
    """None: the mental model is the recorded policy of each step."""


class Criterion:
    """Evaluates one method's objective; holds no state of the training."""

    def __init__(self, method: Objective, settings: TrainingSettings, network: TrainedNetwork) -> None:
        # With λ = 0 the term would be computed and multiplied by 0.
        self._learns_from_decisions = method.info.learns_from_decisions and settings.balance > 0
        self._settings = settings
        self._actions = actions_of(network)

    def losses(self, networks: Networks, batch: Batch, threshold: Threshold | None) -> Losses:
        """Return the terms on ``batch``, of members their mean; without ``threshold`` only the imitation counts."""
        human = evaluate(networks.policy, batch.observation)
        action = (batch.coefficient * self._actions.negative_log_likelihood(human, batch.target)).sum(-1).mean()
        nothing = torch.zeros_like(action)
        # Supervised rows come first in a batch, so slices select them.
        supervised = len(batch.intervention)
        if threshold is None or not self._learns_from_decisions or not supervised:
            return Losses(action, action, nothing, nothing)
        mental, tie = self._mental(networks, batch)
        terms = self._actions.decision_terms(tuple(each[..., :supervised, :] for each in human), mental)
        pair = bounded_log_probabilities(
            terms, cost=threshold.cost, cdf_scale=threshold.cdf_scale, least=LEAST_LOG, nodes=_NODES
        )
        decision = decision_loss(pair, batch.intervention > 0).mean().to(action.dtype)
        total = combined(self._settings.balance, decision, action) + self._settings.mental_anchor * tie
        return Losses(total, action, decision, tie)

    def fit_threshold(self, networks: Networks, data: TrainingData) -> Threshold | None:
        """Fit c and σ_Φ with the networks as they act; None where ``data`` does not determine them."""
        # Two numbers need few steps, and the fit must not stop the training for long.
        rows = thinned(data.supervised)
        with torch.no_grad():
            batch = data.batch(rows, rows[:0])
            mental, _ = self._mental(networks, batch)
            distance, loss = self._actions.decision_terms(evaluate(acting(networks.policy), batch.observation), mental)
        # Two scalars are fitted by SciPy on the processor, wherever the networks are.
        try:
            decisions = RecordedDecisions(
                distances=distance[None].cpu(),
                asked=torch.ones(1, len(rows), dtype=torch.bool),
                intervention=batch.intervention.cpu() > 0,
                threshold_loss=loss if isinstance(loss, int) else loss[None].cpu(),
            )
        except CalibrationError:
            return None
        return fit_cost_and_scale(decisions)

    def errors(self, network: PolicyNetwork, observation: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return how far the policy would be from ``target`` at each row, float32[t] ≥ 0."""
        with torch.no_grad():
            parts = zip(observation.split(_CHUNK), target.split(_CHUNK), strict=True)  # type: ignore[no-untyped-call]
            found = [self._actions.error(evaluate(network, seen), wanted) for seen, wanted in parts]
        return torch.cat(found)

    def _mental(self, networks: Networks, batch: Batch) -> tuple[Distribution, torch.Tensor]:
        """Return π̂ of the supervised rows, and how badly it fits what was recorded where that matters."""
        recorded = self._actions.recorded(batch.policy_mean, batch.policy_std)
        nothing = batch.coefficient.new_zeros(())
        if networks.mental is None:
            return recorded, nothing
        learned = evaluate(networks.mental, batch.observation[: len(batch.intervention)])
        # As published, the mental model is tied to nothing but the intervention term.
        if self._settings.mental_model != "joint":
            return learned, nothing
        return learned, self._actions.cross_entropy(learned, recorded).mean()


def actions_of(network: TrainedNetwork) -> ActionDistribution:
    """Return the kind of distribution ``network`` computes."""
    return CategoricalActions() if is_discrete(network) else GaussianActions()


def evaluate(network: TrainedNetwork, observation: torch.Tensor) -> Distribution:
    """Return the distribution of ``network`` at float32[b, n]; of members one for each, [members, b, a]."""
    found = network(observation)
    return (found,) if is_discrete(network) else tuple(found)
