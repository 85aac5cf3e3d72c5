"""What every trainer takes, gives and raises."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mile_desktop.errors import UserError
from mile_desktop.intervention.cost_fit import Threshold
from mile_desktop.learning.progress import RunEvent
from mile_desktop.policies.checkpoint import PolicyNetwork

Report = Callable[[RunEvent], None]
Cancelled = Callable[[], bool]


class TrainingCancelled(Exception):  # noqa: N818 - no error: somebody asked for it
    """The training was stopped by request."""


class TrainingError(UserError, ValueError):
    """There is nothing to train on, or the losses are no numbers; the message says what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingResult:
    """What a training made."""

    network: PolicyNetwork
    mental: PolicyNetwork | None
    """The learned mental model, where there is one."""
    loss: float
    """Mean training loss of the last epoch."""
    held_out_error: float | None
    """Error of ``network`` on held-back episodes; None where they could not tell."""
    best_epoch: int
    """Epoch the weights are from; 0: those the training began with."""
    threshold: Threshold | None
    """c and σ_Φ of the objective; None where ν was not learned from."""
    calibrated: bool
    """Whether they were fitted to the data rather than set or assumed."""
    forgetting: float | None
    """Error on held-back old data after over before; None where it could not be measured."""


class AnyTrainer(Protocol):
    """Trains one policy; used by one thread, which calls ``run``."""

    def run(
        self, *, report: Report = ..., cancelled: Cancelled = ..., checkpoint: Path | None = None
    ) -> TrainingResult:
        """Train to the end.

        Parameters
        ----------
        report : callable
            Gets ``Progress`` after every epoch and ``Warned`` where something should be known.
        cancelled : callable
            Asked before every batch.
        checkpoint : Path or None
            Folder of the resumable checkpoint: gone on from where it exists, rewritten every few seconds.

        Raises
        ------
        TrainingCancelled
            When ``cancelled`` said so.
        TrainingError
            When the loss is not finite any more.
        CheckpointError
            When the checkpoint is damaged or another training's.
        """
        ...
