"""How far a training is and how long the rest takes."""

import time

from mile_desktop.learning.progress import Progress


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
