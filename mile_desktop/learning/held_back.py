"""What was held back: it chooses the weights to keep and notices when a policy forgets."""

from collections.abc import Collection

import torch

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.batches import TrainingData
from mile_desktop.learning.calibrating import Threshold
from mile_desktop.learning.criterion import Criterion, Networks
from mile_desktop.learning.dataset import human_targets, select_steps, steps_of
from mile_desktop.policies.checkpoint import PolicyNetwork


class OldData:
    """Human actions of held-back episodes that the parent had learned from.

    Parameters
    ----------
    held_out : SupervisedSteps
        Held-back episodes.
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

    def loss(self, network: PolicyNetwork) -> float:
        """Return the mean surprise above the least possible, ≥ 0."""
        return self._criterion.excess(network, self._observation, self._target)


class HeldOut:
    """Held-back episodes as a judge between weights.

    Parameters
    ----------
    data : TrainingData
        Held-back rows, laid out for the method.
    corrections_matter : bool
        Whether there are corrections to learn from; held-back data without any says nothing about them then.
    """

    def __init__(self, data: TrainingData, criterion: Criterion, *, corrections_matter: bool) -> None:
        self._data = data
        self._criterion = criterion
        informative = data.corrections if corrections_matter else len(data.anchors) + len(data.supervised)
        self.can_choose = informative > 0
        """Whether a loss on these rows is a reason to prefer some weights."""

    def loss(self, networks: Networks, threshold: Threshold | None) -> float:
        """Return the objective on the held-back rows."""
        return self._criterion.score(networks, self._data, threshold)
