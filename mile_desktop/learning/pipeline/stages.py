"""One fraction for a whole run out of the fractions of its stages."""

import time
from collections.abc import Callable, Mapping

import msgspec

from mile_desktop.learning.progress import Progress, RunEvent

STAGES: Mapping[str, float] = {"data": 0.03, "policy": 0.55, "intervention": 0.12, "evaluation": 0.3}
"""Rough share of the time of a run that each stage takes, in order."""


class StagedReport:
    """Passes events on; ``Progress`` is scaled from its stage to the run, never falls, and gets the time left.

    Parameters
    ----------
    report : callable
        Where events go.
    left_out : tuple of str
        Stages that this run does not have.
    """

    def __init__(self, report: Callable[[RunEvent], None], *, left_out: tuple[str, ...] = ()) -> None:
        self._report = report
        shares = {stage: 0.0 if stage in left_out else share for stage, share in STAGES.items()}
        total = sum(shares.values())
        self._share = {stage: share / total for stage, share in shares.items()}
        self._latest = 0.0
        self._began = time.monotonic()

    def __call__(self, event: RunEvent) -> None:
        """Pass ``event`` on; ``Progress.fraction`` is the stage's own on the way in, the run's on the way out."""
        self._report(self._scaled(event) if isinstance(event, Progress) else event)

    def _scaled(self, progress: Progress) -> Progress:
        before = sum(share for stage, share in self._share.items() if _earlier(stage, progress.stage))
        fraction = before + self._share[progress.stage] * min(max(progress.fraction, 0.0), 1.0)
        self._latest = max(self._latest, min(fraction, 1.0))
        elapsed = time.monotonic() - self._began
        left = elapsed * (1 - self._latest) / self._latest if self._latest > 0 else None
        return msgspec.structs.replace(progress, fraction=self._latest, seconds_left=left)


def _earlier(stage: str, than: str) -> bool:
    order = list(STAGES)
    return order.index(stage) < order.index(than)
