"""What a training run says while it works: one JSON object a line in ``runs/<id>/progress.jsonl``.

Written by the trainer process only; read by whoever wants to know (the Learn panel tails the file, so a window that
was closed meanwhile finds everything again).
"""

import msgspec


class RunEvent(msgspec.Struct, frozen=True, tag_field="event", kw_only=True):
    """Base of all lines."""


class Progress(RunEvent, frozen=True, tag="progress"):
    """Where the run is."""

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
    """The run is over and everything it promised is on disk."""

    policy: str
    method: str
    loss: float


class Cancelled(RunEvent, frozen=True, tag="cancelled"):
    """Stopped by request; nothing of it remains but this log."""


class Failed(RunEvent, frozen=True, tag="failed"):
    """Ended by an error: what was found, what was expected, what to do."""

    text: str


AnyRunEvent = Progress | Warned | Trained | Compared | Finished | Cancelled | Failed
