"""A training run's words, as tests need them."""

from mile_desktop.learning.progress import Compared, PairedSoFar, Progress


def progress(epoch: int = 0, fraction: float = 0.5, **losses: float) -> Progress:
    text = f"Epoch {epoch} of 40"
    return Progress(
        stage="policy", fraction=fraction, seconds_left=40.0, epoch=epoch, epochs=40, losses=losses, text=text
    )


def paired(starts: int, before: int, after: int) -> Progress:
    so_far = PairedSoFar(starts=starts, before_successes=before, after_successes=after)
    return Progress(stage="evaluation", fraction=0.8, text=f"Evaluating, start {starts}", paired=so_far)


def compared(suggestion: str = "use", crashes: int = 0) -> Compared:
    return Compared(
        before_policy="p3",
        after_policy="p4",
        episodes=20,
        before_successes=11,
        after_successes=15,
        before_interval=(0.34, 0.74),
        after_interval=(0.53, 0.89),
        difference=0.2,
        difference_interval=(-0.03, 0.43),
        crashes=crashes,
        suggestion=suggestion,
        reason="more of the same starts succeed",
    )
