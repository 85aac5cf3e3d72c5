"""The loop over epochs that every trainer shares: batches, losses, progress, checkpoints, cancelling."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import torch

from mile_desktop.learning.batches import TrainingData
from mile_desktop.learning.progress import Progress
from mile_desktop.learning.result import CancelCheck, Report, TrainingCancelled, TrainingError, TrainingResult
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.learning.trainer.state import TrainerState, read_state, write_state

UPDATES = 1500
"""Least updates of a training whose epochs are not set: small data have converged by then (decision 33)."""
PASSES = 300
"""How often a training sees each row, demonstrations included. On peg insertion (2,400 rows) 1,500 updates are 150
passes and left two of three policies unlearned: 30 of 50 starts, and 42 with 4,000 updates (decision 34)."""
MOST_UPDATES = 6000
"""About 30 s on one core; large data are seen less often then, and need it less."""
LEAST_EPOCHS = 60
"""Passes over the supervised rows at least, whatever the updates."""
CHECKPOINT_SECONDS = 5.0
"""Time between two checkpoints: a killed training loses that much, and writing takes well under a tenth of it."""

Tensors = dict[str, torch.Tensor]


class EpochTrainer(ABC):
    """Trains one policy epoch after epoch; used by one thread, which calls ``run``.

    On the processor, the same data, settings and start give the same weights bit for bit, also when the training was
    interrupted and continued from its checkpoint: all randomness comes from one generator, whose state is saved.

    Parameters
    ----------
    settings : TrainingSettings
        Epochs, batch size and seed.
    data : TrainingData
        The steps that epochs pass over.
    state : TrainerState
        Where the training stands.
    """

    loss_names: ClassVar[tuple[str, ...]]
    """What ``_update`` returns; ``total`` among them."""

    def __init__(self, settings: TrainingSettings, data: TrainingData, state: TrainerState) -> None:
        self._settings = replace(settings, epochs=settings.epochs or epochs_to_converge(settings, data))
        self._data = data
        self._state = state
        self._generator = torch.Generator().manual_seed(settings.seed)

    def run(
        self,
        *,
        report: Report = lambda _: None,
        cancelled: CancelCheck = lambda: False,
        checkpoint: Path | None = None,
    ) -> TrainingResult:
        """Train to the end.

        Parameters
        ----------
        report : callable
            Gets ``Progress`` after every epoch and ``Warned`` where something should be known.
        cancelled : callable
            Asked before every batch.
        checkpoint : Path or None
            Folder of the resumable checkpoint: continued from where it exists, rewritten every few seconds.

        Raises
        ------
        TrainingCancelled
            When ``cancelled`` returned True.
        TrainingError
            When the loss is not finite any more.
        CheckpointError
            When the checkpoint is damaged or another training's.
        """
        if checkpoint is not None and checkpoint.exists():
            # Before anything is reported: a resumed training must not begin again at epoch 1.
            self.restore(checkpoint)
        self._warn(report)
        self._prepare(report, cancelled)
        state, epochs = self._state, self._settings.epochs
        clock = EpochClock(state.epoch, epochs)
        while state.epoch < epochs:
            losses = self._run_epoch(cancelled)
            # Also after the last epoch: if the process is killed in the next stage, the training is not repeated.
            if checkpoint is not None and (state.epoch == epochs or clock.due(CHECKPOINT_SECONDS)):
                self.save(checkpoint)
            report(clock.progress(state.epoch, losses))
        return self._finish(report)

    def save(self, folder: Path) -> None:
        """Write a checkpoint of the state after the latest whole epoch."""
        write_state(folder, self._state, {"generator": self._generator.get_state(), **self._tensors()})

    def restore(self, folder: Path) -> None:
        """Continue from the checkpoint in ``folder``; ``CheckpointError`` when it is damaged or another training's."""
        self._state, tensors = read_state(folder, self._state.fingerprint)
        self._generator.set_state(tensors["generator"])
        self._load(tensors)

    def _run_epoch(self, cancelled: CancelCheck) -> dict[str, float]:
        """Pass over the data once; return the mean losses that are not zero, and what was measured."""
        settings, state, data = self._settings, self._state, self._data
        self._begin_epoch()
        batches = data.batches(settings.batch, settings.anchor_share)
        # Summed on the device: reading a loss from a GPU after every batch would wait for it every time.
        sums = torch.zeros(len(self.loss_names), device=data.observation.device)
        rows = data.rows(settings.batch, settings.anchor_share, self._generator)
        for index, (supervised, anchors) in enumerate(rows):
            # Before each batch and not each epoch, which can take seconds.
            if cancelled():
                raise TrainingCancelled
            sums += self._update(supervised, anchors, done=(state.epoch + index / batches) / settings.epochs)
        losses = dict(zip(self.loss_names, (sums / batches).tolist(), strict=True))
        # Checked once an epoch: a test of every batch would wait for the graphics card.
        wrong = [value for value in losses.values() if not math.isfinite(value)]
        if wrong:
            raise TrainingError(f"The loss is {wrong[0]}; lower the learning rate and train again.")
        state.epoch += 1
        state.loss = losses["total"]
        return {name: value for name, value in losses.items() if value} | self._measure()

    @abstractmethod
    def _update(self, supervised: torch.Tensor, anchors: torch.Tensor, *, done: float) -> torch.Tensor:
        """Learn from one batch of rows and return its losses, float32[len(loss_names)].

        ``done``: share of the training that lies behind, for schedules.
        """

    @abstractmethod
    def _finish(self, report: Report) -> TrainingResult:
        """Return what the training made."""

    @abstractmethod
    def _tensors(self) -> Tensors:
        """Return networks and optimisers by name, for a checkpoint."""

    @abstractmethod
    def _load(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Take over what ``_tensors`` returned."""

    def _begin_epoch(self) -> None:  # noqa: B027 - most trainers have nothing to prepare
        """Prepare the coming epoch."""

    def _warn(self, report: Report) -> None:  # noqa: B027 - most trainers have nothing to warn of
        """Report what people should know about the data before the training."""

    def _prepare(self, report: Report, cancelled: CancelCheck) -> None:  # noqa: B027 - most trainers need nothing first
        """Compute what the epochs need and takes seconds, also when a training is continued.

        ``TrainingCancelled`` when ``cancelled`` returned True.
        """

    def _measure(self) -> dict[str, float]:
        """Return measurements after an epoch by name."""
        return {}


def epochs_to_converge(settings: TrainingSettings, data: TrainingData) -> int:
    """Return how many epochs see every row of ``data`` ``PASSES`` times, within the limits above."""
    seen = PASSES * (len(data.supervised) + len(data.anchors)) / settings.batch
    updates = min(max(seen, UPDATES), MOST_UPDATES)
    return max(LEAST_EPOCHS, math.ceil(updates / max(1, data.batches(settings.batch, settings.anchor_share))))


class EpochClock:
    """Turns epochs into ``Progress``, judging by the epochs of this process.

    Parameters
    ----------
    first_epoch, epochs : int
        Epochs done before, and in all.
    """

    def __init__(self, first_epoch: int, epochs: int) -> None:
        self._began = self._saved = time.monotonic()
        self._first = first_epoch
        self._epochs = epochs

    def progress(self, epoch: int, losses: dict[str, float]) -> Progress:
        """Return the progress of a training that has just finished ``epoch``."""
        # Epochs of this process only, because those before a resume took unknown time.
        done = max(1, epoch - self._first)
        left = (time.monotonic() - self._began) / done * (self._epochs - epoch)
        return Progress(
            stage="policy",
            fraction=epoch / self._epochs,
            seconds_left=left,
            epoch=epoch,
            epochs=self._epochs,
            losses=losses,
            text=f"Training the policy, epoch {epoch} of {self._epochs}",
        )

    def due(self, seconds: float) -> bool:
        """Return whether ``seconds`` have passed since this last returned True."""
        now = time.monotonic()
        if now - self._saved < seconds:
            return False
        self._saved = now
        return True
