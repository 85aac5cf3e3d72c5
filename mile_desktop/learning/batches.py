"""Training data as contiguous tensors, and minibatches cut from it by index with anchors in each of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.dataset import human_targets
from mile_desktop.learning.objectives import WeightingContext, WeightingRule, steps_followed_through
from mile_desktop.learning.silent_evidence import SilentEvidence


class Batch(NamedTuple):
    """``s`` supervised rows, then anchor rows; ``b`` in all."""

    observation: torch.Tensor
    """float32[b, n]."""
    target: torch.Tensor
    """float32[b, a], what to imitate."""
    coefficient: torch.Tensor
    """float32[b], weight of −ln π(target∣s) of each row."""
    policy_mean: torch.Tensor
    """float32[s, a], recorded mental model."""
    policy_std: torch.Tensor
    """float32[s, a]."""
    intervention: torch.Tensor
    """float32[s], ν."""


def anchor_steps(steps: SupervisedSteps) -> torch.Tensor:
    """Return bool[t]: steps that keep a policy from forgetting.

    Demonstrations; where there are none, the policy's own successful rollouts without an intervention.
    """
    if bool(steps.demonstration.any()):
        return steps.demonstration
    touched = torch.zeros(len(steps.episode_ids), dtype=torch.bool)
    # A rollout with a takeover shows where the policy was not good enough.
    touched[steps.episode[steps.intervention]] = True
    return steps.success & ~touched[steps.episode]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """Steps as the trainer needs them, on the trainer's device."""

    observation: torch.Tensor
    target: torch.Tensor
    policy_mean: torch.Tensor
    policy_std: torch.Tensor
    intervention: torch.Tensor
    """float32[t]."""
    weight: torch.Tensor
    """float32[t], imitation weight of supervised steps; with ``anchor_mass`` it sums to one."""
    anchor_mass: float
    supervised: torch.Tensor
    """int64[s], rows of supervised rollouts."""
    anchors: torch.Tensor
    """int64[k], rows of anchors; they may be supervised rows as well."""

    @property
    def corrections(self) -> int:
        """Number of steps with ν = 1."""
        return int(self.intervention.sum())

    def batch(self, supervised: torch.Tensor, anchors: torch.Tensor) -> Batch:
        """Gather rows; coefficients make the batch's imitation an unbiased estimate of that over all rows."""
        rows = torch.cat([supervised, anchors])
        # A batch holds a part of all rows. Scaled, its weights sum to what they sum to over all rows.
        scale = len(self.supervised) / max(1, len(supervised))
        each_anchor = torch.full_like(anchors, self.anchor_mass / max(1, len(anchors)), dtype=torch.float32)
        return Batch(
            observation=self.observation[rows],
            target=self.target[rows],
            coefficient=torch.cat([self.weight[supervised] * scale, each_anchor]),
            policy_mean=self.policy_mean[supervised],
            policy_std=self.policy_std[supervised],
            intervention=self.intervention[supervised],
        )

    def everything(self) -> Batch:
        """Return all rows as one batch."""
        return self.batch(self.supervised, self.anchors)

    def epoch(self, batch_size: int, anchor_share: float, generator: torch.Generator) -> Iterator[Batch]:
        """Yield the batches of one pass over the supervised rows, anchors drawn again for each.

        Without supervised rows the pass is over the anchors.
        """
        for supervised, anchors in self.rows(batch_size, anchor_share, generator):
            yield self.batch(supervised, anchors)

    def batches(self, batch_size: int, anchor_share: float) -> int:
        """Return the number of batches of an epoch."""
        rows = len(self.supervised) or len(self.anchors)
        # Counted by supervised rows alone: anchors are drawn again for each batch and do not run out.
        return -(-rows // (batch_size - self._anchors_a_batch(batch_size, anchor_share)))

    def _anchors_a_batch(self, batch_size: int, anchor_share: float) -> int:
        if not len(self.anchors) or not len(self.supervised) or self.anchor_mass <= 0:
            return 0
        # At least one anchor, and at least one row that is no anchor.
        return min(max(1, round(batch_size * anchor_share)), batch_size - 1)

    def rows(
        self, batch_size: int, anchor_share: float, generator: torch.Generator
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the rows of the batches of an epoch: supervised ones and anchors, int64 each."""
        primary = self.supervised if len(self.supervised) else self.anchors
        nothing = primary[:0]
        # Drawn on the processor, whose generator can be saved with a checkpoint, and then moved.
        order = primary[torch.randperm(len(primary), generator=generator).to(primary.device)]
        count = self._anchors_a_batch(batch_size, anchor_share)
        # Parts of almost equal size: a small last batch would be a noisy update.
        for rows in order.tensor_split(self.batches(batch_size, anchor_share)):
            if not len(self.supervised):
                yield nothing, rows
                continue
            drawn = torch.randint(len(self.anchors), (count,), generator=generator) if count else nothing.cpu()
            yield rows, self.anchors[drawn.to(primary.device)]


def build_training_data(
    steps: SupervisedSteps,
    weighting: WeightingRule,
    *,
    anchor_share: float,
    device: torch.device,
    silent_weight: float = 0.0,
    follow_through: int = 0,
    calm_weight: float = 0.0,
    takeover_weight: float = 1.0,
    evidence: SilentEvidence | None = None,
) -> TrainingData:
    """Return ``steps`` as the trainer needs them, imitation weighted by ``weighting``; see ``WeightingContext``."""
    anchors = anchor_steps(steps).nonzero().squeeze(-1)
    context = WeightingContext(
        len(anchors),
        anchor_share,
        silent_weight,
        follow_through,
        calm_weight,
        evidence=None if evidence is None else evidence.weight,
        takeover_weight=takeover_weight,
    )
    weights = weighting(steps, context)
    # Silent steps with weight 0 stay in: the intervention term uses them.
    supervised = (~steps.demonstration).nonzero().squeeze(-1)
    return TrainingData(
        observation=steps.observation.to(device),
        target=_targets(steps, follow_through, evidence).to(device),
        policy_mean=steps.policy_mean.to(device),
        policy_std=steps.policy_std.to(device),
        intervention=steps.intervention.float().to(device),
        weight=weights.supervised.to(device),
        anchor_mass=weights.anchors,
        supervised=supervised.to(device),
        anchors=anchors.to(device),
    )


def _targets(steps: SupervisedSteps, follow_through: int, evidence: SilentEvidence | None) -> torch.Tensor:
    """Return float32[t, a]: what to imitate at each step."""
    targets = human_targets(steps)
    if evidence is None:
        return targets
    # Just after a short takeover the robot's own action counts: it is what the correction led to.
    silent = ~steps.intervention & ~steps.demonstration & ~steps_followed_through(steps, follow_through)
    # Anchors without demonstrations are silent steps, too. They keep the action that succeeded.
    silent &= ~anchor_steps(steps)
    return torch.where(silent[:, None], evidence.target, targets)
