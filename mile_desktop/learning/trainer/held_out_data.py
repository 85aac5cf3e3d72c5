"""Held-out episodes: they choose the weights to keep and show when a policy forgets."""

from collections.abc import Collection

import torch

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.batches import TrainingData
from mile_desktop.learning.criterion import Criterion
from mile_desktop.learning.dataset import human_targets, select_steps, steps_of
from mile_desktop.policies.checkpoint import PolicyNetwork


class OldData:
    """Human actions of held-out episodes that the parent had learned from.

    Parameters
    ----------
    held_out : SupervisedSteps
        Held-out episodes.
    old_episode_ids : collection of str
        Episodes the parent learned from; demonstrations always count.
    """

    def __init__(
        self, held_out: SupervisedSteps, old_episode_ids: Collection[str], criterion: Criterion, device: torch.device
    ) -> None:
        old = held_out.demonstration | (held_out.intervention & steps_of(held_out, old_episode_ids))
        chosen = select_steps(held_out, old)
        self._observation = chosen.observation.to(device)
        self._target = human_targets(chosen).to(device)
        self._criterion = criterion

    def __len__(self) -> int:
        return len(self._observation)

    def error(self, network: PolicyNetwork) -> float:
        """Return the mean error of ``network`` as a policy, ≥ 0."""
        return float(self._criterion.errors(network, self._observation, self._target).mean())


class HeldOutData:
    """Held-out episodes that choose between weights.

    They measure the error of the action, weighted as the method weights its imitation, and not the likelihood: the
    likelihood prefers a wrong policy with a large spread to a good one with a small spread that is wrong once.

    Parameters
    ----------
    data : TrainingData
        Held-out rows, laid out for the method.
    corrections_matter : bool
        Whether there are corrections to learn from; held-out data without any cannot choose then.
    """

    def __init__(self, data: TrainingData, criterion: Criterion, *, corrections_matter: bool) -> None:
        # Laid out once: the same rows are measured after many epochs.
        self._batch = data.everything()
        self._criterion = criterion
        informative = data.corrections if corrections_matter else len(self._batch.observation)
        self.can_choose = informative > 0 and bool(self._batch.coefficient.any())
        """Whether the error on these rows is a reason to prefer some weights."""

    def error(self, network: PolicyNetwork) -> float:
        """Return the weighted mean error of ``network`` as a policy, ≥ 0."""
        errors = self._criterion.errors(network, self._batch.observation, self._batch.target)
        return float((errors * self._batch.coefficient).sum())
