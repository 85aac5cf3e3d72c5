"""Why a person is called: the signals that made the forecast high, as they are stored with a step and as text.

One text a step: ``stalled=12*0.61;near=3*0.3:ep-a@41,ep-b@7``. Each entry is kind, value, share and, for likeness, the
recorded moments. Neither torch nor scikit-learn is imported: the window reads it.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

MOST_REASONS = 3
"""More than three reasons cannot be read while a robot moves."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One signal that made the forecast higher than usual."""

    kind: str
    """A key of ``KINDS``."""
    value: float
    """For ``stalled`` and ``release`` steps, for ``elapsed`` hundreds of steps, for ``near`` and ``takeovers`` a number
    of moments or takeovers, for ``p`` and ``gathered`` a probability; else the signal itself."""
    share: float
    """Its part of everything that made the forecast higher, in [0, 1]."""
    moments: tuple[str, ...] = ()
    """For ``near``: recorded moments that are alike, each ``EPISODE@STEP``, nearest first."""

    def text(self, rate_hz: float = 20.0) -> str:
        """Return the reason for people."""
        return _TEXTS[self.kind](self.value, rate_hz) if self.kind in _TEXTS else self.kind


def _stalled(steps: float, rate_hz: float) -> str:
    return f"no progress for {steps / rate_hz:.1f} s" if steps >= 1 else "progress is slower than usual"


def _near(count: float, _: float) -> str:
    return "like a moment you corrected" if count < 2 else f"like {count:.0f} moments you corrected"


def _takeovers(count: float, _: float) -> str:
    return "you have taken over once already" if count < 2 else f"you have taken over {count:.0f} times already"


_TEXTS: dict[str, Callable[[float, float], str]] = {
    "p": lambda p, _: f"the robot acts differently from you (p {p:.2f})",
    "gathered": lambda p, _: f"the robot has acted differently from you for a while (p {p:.2f})",
    "onset": lambda _value, _: "takeovers began in situations like this",
    "stalled": _stalled,
    "disagreement": lambda _value, _: "the models of you disagree",
    "near": _near,
    "shipped": lambda _value, _: "like moments at which the shipped model's supervisor took over",
    "elapsed": lambda hundreds, rate_hz: f"this late you often take over ({hundreds * 100 / rate_hz:.0f} s)",
    "takeovers": _takeovers,
    "release": lambda steps, rate_hz: f"you let go only {steps / rate_hz:.1f} s ago",
    "band": lambda u, _: f"{u:.0%} of this policy's successes never looked so unusual",
}
"""Kind → text. A kind is stored with steps and keeps its name."""
KINDS = tuple(_TEXTS)
SHORT_NAMES = {
    "p": "acts differently",
    "gathered": "acts differently for a while",
    "onset": "takeovers began like this",
    "stalled": "no progress",
    "disagreement": "models disagree",
    "near": "like corrected moments",
    "shipped": "like shipped corrections",
    "elapsed": "late in the episode",
    "takeovers": "taken over before",
    "release": "just let go",
    "band": "unusual for this policy",
}
"""Kind → name in tables and filters."""


def reasons_text(reasons: Iterable[Reason], rate_hz: float = 20.0) -> str:
    """Return all reasons in one line, the largest first."""
    return " · ".join(reason.text(rate_hz) for reason in reasons)


def encode_reasons(reasons: Iterable[Reason]) -> str:
    """Return the reasons as they are stored with a step; empty for none."""
    return ";".join(
        f"{each.kind}={each.value:.4g}*{each.share:.2g}" + (f":{','.join(each.moments)}" if each.moments else "")
        for each in reasons
    )


def decode_reasons(text: str) -> tuple[Reason, ...]:
    """Return the stored reasons; entries that cannot be read are left out, so that no file is refused for them."""
    return tuple(reason for each in text.split(";") if each and (reason := _decoded(each)) is not None)


def _decoded(entry: str) -> Reason | None:
    # Cut here first: only the moments are optional.
    head, _, moments = entry.partition(":")
    kind, _, figures = head.partition("=")
    value, _, share = figures.partition("*")
    try:
        found = Reason(kind, float(value), float(share), tuple(filter(None, moments.split(","))))
    except ValueError:
        return None
    # "nan" and "inf" are valid numbers for ``float``, but no reason that could be shown.
    return found if math.isfinite(found.value) and math.isfinite(found.share) else None


def moment_name(episode_id: str, step: int) -> str:
    """Return how a recorded moment is named in a reason."""
    return f"{episode_id}@{step}"


def split_moment(moment: str) -> tuple[str, int] | None:
    """Return episode and step of a moment; None where the name is damaged."""
    # From the right, so that an @ in the name of an episode does no harm.
    episode_id, _, step = moment.rpartition("@")
    return (episode_id, int(step)) if episode_id and step.isdecimal() else None
