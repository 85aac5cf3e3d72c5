"""The learners a table may have, by name: every method as it is, and MILE's forms side by side."""

from typing import Any

from mile_desktop.errors import UserError
from mile_desktop.learning.methods import methods

SILENT: dict[str, Any] = {"silence": 0.3, "follow_through": 0, "balance": 0.5}
"""What was the program's default before follow-through."""

_FORMS: dict[str, dict[str, Any]] = {
    "mile": {"method": "mile", "silence": 0.0, "follow_through": 10, "balance": 0.1},
    "mile-silent": {"method": "mile", **SILENT},
    "mile-joint": {"method": "mile", **SILENT, "mental_model": "joint"},
    "mile-published": {"method": "mile", **SILENT, "mental_model": "published"},
    "mile-paper": {
        "method": "mile",
        **SILENT,
        "mental_model": "published",
        "silence": 0.0,
        "warm_up": 0.0,
        "schedule": "constant",
    },
    "mile-no-silence": {"method": "mile", **SILENT, "silence": 0.0},
    "mile-imitation": {"method": "mile", **SILENT, "balance": 0.0},
    "mile-iwr": {"method": "mile-iwr", "balance": 0.5},
}

VARIANTS: dict[str, dict[str, Any]] = {**{each.name: {"method": each.name} for each in methods()}, **_FORMS}
"""Name → the training settings that make it.

``mile`` is the program's default, spelled out: a default may change, what a result means may not. It imitates of the
silent steps those that follow a short takeover, like the takeover itself. ``mile-silent`` imitates all of them a little
and gives the BCE half the weight. ``mile-joint`` and ``mile-published`` differ from that in the mental model alone: a
network anchored to the recorded policy, or tied to nothing but the BCE. ``mile-paper`` is the publication's objective
besides: silence in the BCE only, no warm-up, constant learning rate. ``mile-no-silence`` is ``mile-silent`` without
imitation of silent steps, ``mile-imitation`` without the BCE.
"""


class UnknownVariantError(UserError, ValueError):
    """There is no learner of that name."""


def variant(name: str) -> dict[str, Any]:
    """Return the training settings of the learner called ``name``."""
    try:
        return VARIANTS[name]
    except KeyError:
        raise UnknownVariantError(f"There is no learner {name!r}; there are {', '.join(VARIANTS)}.") from None
