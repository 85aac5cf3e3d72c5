"""Epoch after epoch: how far a training is, how long the rest takes, and when its state is put on disk."""

import time
from collections.abc import Callable
from pathlib import Path

from mile_desktop.learning.progress import Progress
from mile_desktop.learning.result import Cancelled, Report
from mile_desktop.learning.trainer.state import TrainerState

CHECKPOINT_SECONDS = 5.0


def run_epochs(
    state: TrainerState,
    epochs: int,
    run_epoch: Callable[[Cancelled], dict[str, float]],
    save: Callable[[Path], None],
    *,
    report: Report,
    cancelled: Cancelled,
    checkpoint: Path | None,
) -> None:
    """Train until ``epochs`` are done; ``run_epoch`` counts them in ``state`` and returns the losses by name.

    Reports after each, and saves to ``checkpoint`` every few seconds and at the end.
    """
    clock = EpochClock(state.epoch, epochs)
    while state.epoch < epochs:
        losses = run_epoch(cancelled)
        if checkpoint is not None and (state.epoch == epochs or clock.due(CHECKPOINT_SECONDS)):
            save(checkpoint)
        report(clock.progress(state.epoch, losses))


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
        """Return where a training is that has just finished ``epoch``."""
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
        """Return whether ``seconds`` went by since this last was the case."""
        now = time.monotonic()
        if now - self._saved < seconds:
            return False
        self._saved = now
        return True
