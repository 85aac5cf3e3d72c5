"""Symmetries applied to the batches of a policy's training."""

import torch

from mile_desktop.learning.batches import Batch
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.symmetric_rows import SymmetricRows
from mile_desktop.policies.symmetry import Symmetry


def symmetric_rows(symmetry: Symmetry, policy: PolicyNetwork, device: torch.device) -> SymmetricRows:
    """Return ``symmetry`` for the observations and actions of ``policy``."""
    return SymmetricRows(symmetry, policy.observation_size, policy.action_size, device)


def moved_batch(batch: Batch, symmetry: SymmetricRows, generator: torch.Generator) -> Batch:
    """Return ``batch`` with every row moved at random.

    Observation, target and recorded policy of a row get the same movement, so that K and ν keep their meaning.
    """
    rows = symmetry.draw((len(batch.observation),), generator)
    # Supervised rows come first in a batch, so they have the first movements.
    supervised = rows.first(len(batch.intervention))
    return batch._replace(
        observation=symmetry.observation(batch.observation, rows),
        target=symmetry.action(batch.target, rows),
        policy_mean=symmetry.action(batch.policy_mean, supervised),
        policy_std=symmetry.spread(batch.policy_std, supervised),
    )
