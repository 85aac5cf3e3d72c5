"""The events of a training run: one JSON object a line in ``runs/<id>/progress.jsonl``.

The trainer process alone writes them. The Learn panel follows the file, so a window that was closed meanwhile finds all
events again.
"""

import time
from collections.abc import Callable, Mapping

import msgspec


class RunEvent(msgspec.Struct, frozen=True, tag_field="event", kw_only=True):
    """Base of all lines."""


class PairedSoFar(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison that is not over: the starts that both policies have finished, without crashed ones."""

    starts: int
    before_successes: int
    after_successes: int


class Progress(RunEvent, frozen=True, tag="progress"):
    """How far the run is."""

    stage: str
    """``data``, ``policy``, ``intervention``, ``evaluation``."""
    fraction: float
    """Share of the whole run that is done, in [0, 1]; never falls."""
    seconds_left: float | None = None
    epoch: int = 0
    epochs: int = 0
    losses: dict[str, float] = {}
    """Mean losses of the epoch: ``total``, ``action`` (−ln π(a_h∣s)), ``intervention`` (BCE), ``held_out`` …"""
    text: str = ""
    """One sentence for people."""
    paired: PairedSoFar | None = None
    """In the stage ``evaluation``; None in other stages and in logs of before it was reported."""


class Warned(RunEvent, frozen=True, tag="warning"):
    """Something people should know about the result (few takeovers, no anchors, forgetting tripwire …)."""

    text: str


class Trained(RunEvent, frozen=True, tag="trained"):
    """The policy is saved and registered; evaluation may still follow."""

    policy: str
    method: str
    loss: float
    intervention_model: str | None = None


class Compared(RunEvent, frozen=True, tag="compared"):
    """Before and after on the same fixed seeds (crashed episodes are in neither count)."""

    before_policy: str
    after_policy: str
    episodes: int
    before_successes: int
    after_successes: int
    before_interval: tuple[float, float]
    after_interval: tuple[float, float]
    """Wilson, 95 %."""
    difference: float
    difference_interval: tuple[float, float]
    crashes: int
    suggestion: str
    """``use`` or ``keep``."""
    reason: str
    gained: int = 0
    """Seeds on which only the new policy succeeded."""
    lost: int = 0
    """Seeds on which only the old one succeeded."""
    p_value: float | None = None
    """Exact McNemar's test, two-sided; None in logs of before it was computed."""


class Finished(RunEvent, frozen=True, tag="finished"):
    """The run is over and all its results are on disk."""

    policy: str
    method: str
    loss: float


class Cancelled(RunEvent, frozen=True, tag="cancelled"):
    """Stopped by request; only this log remains."""


class Failed(RunEvent, frozen=True, tag="failed"):
    """Ended by an error: what was found, what was expected, what to do."""

    text: str


AnyRunEvent = Progress | Warned | Trained | Compared | Finished | Cancelled | Failed

STAGES: Mapping[str, float] = {"data": 0.03, "policy": 0.55, "intervention": 0.12, "evaluation": 0.3}
"""Rough share of the time of a run that each stage takes, in order."""


_ENOUGH_TO_JUDGE = 0.02
"""Share of a stage after which its speed says how long the run will take."""


class StagedReport:
    """Passes events on; ``Progress`` is scaled from its stage to the run, never falls, and gets the time left.

    The time left is that of the present stage, from its own speed, and that of later ones by their usual shares. While
    the data are read nothing is known: how long that takes says nothing about epochs.

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
        # Stretched to 1 without the stages that this run does not have.
        self._share = {stage: share / total for stage, share in shares.items()}
        self._latest = 0.0
        self._stage = ""
        self._began = self._first = 0.0

    def __call__(self, event: RunEvent) -> None:
        """Pass ``event`` on; ``Progress.fraction`` is the stage's own on the way in, the run's on the way out."""
        self._report(self._scaled(event) if isinstance(event, Progress) else event)

    def _scaled(self, progress: Progress) -> Progress:
        before = sum(share for stage, share in self._share.items() if _earlier(stage, progress.stage))
        fraction = before + self._share[progress.stage] * min(max(progress.fraction, 0.0), 1.0)
        # A bar that runs backwards is not believed.
        self._latest = max(self._latest, min(fraction, 1.0))
        return msgspec.structs.replace(progress, fraction=self._latest, seconds_left=self._left(progress))

    def _left(self, progress: Progress) -> float | None:
        now, done, share = time.monotonic(), min(max(progress.fraction, 0.0), 1.0), self._share[progress.stage]
        if progress.stage != self._stage:
            # The first report of a stage may come when a part of it is done: that part took no time here.
            self._stage, self._began, self._first = progress.stage, now, done
        after = sum(share for stage, share in self._share.items() if _earlier(progress.stage, stage))
        if not after and done >= 1:
            return 0.0
        if progress.stage == "data" or done - self._first < _ENOUGH_TO_JUDGE or not share:
            return None
        whole = (now - self._began) / (done - self._first)
        return whole * (1 - done + after / share)


def _earlier(stage: str, than: str) -> bool:
    order = list(STAGES)
    return order.index(stage) < order.index(than)
