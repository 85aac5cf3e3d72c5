"""The learners a table may have, by name: every method as it is, and MILE's forms side by side."""

from typing import Any

from mile_desktop.learning.methods import methods

_FORMS: dict[str, dict[str, Any]] = {
    "mile-joint": {"method": "mile", "mental_model": "joint"},
    "mile-published": {"method": "mile", "mental_model": "published"},
    "mile-paper": {
        "method": "mile",
        "mental_model": "published",
        "silence": 0.0,
        "warm_up": 0.0,
        "schedule": "constant",
    },
    "mile-no-silence": {"method": "mile", "silence": 0.0},
    "mile-follow": {"method": "mile", "silence": 0.0, "follow_through": 10, "balance": 0.1},
    "mile-imitation": {"method": "mile", "balance": 0.0},
}

VARIANTS: dict[str, dict[str, Any]] = {**{each.name: {"method": each.name} for each in methods()}, **_FORMS}
"""Name → the training settings that make it.

``mile`` has a frozen mental model. ``mile-joint`` and ``mile-published`` differ from it in that alone: a network
anchored to the recorded policy, or tied to nothing but the BCE. ``mile-paper`` is the publication's objective besides:
silence in the BCE only, no warm-up, constant learning rate. ``mile-no-silence`` is ``mile`` without imitation of silent
steps, ``mile-imitation`` without the BCE. ``mile-follow`` imitates of the silent steps only those that follow a short
takeover, like the takeover itself, and gives the BCE less weight.
"""


class UnknownVariantError(ValueError):
    """There is no learner of that name."""


def variant(name: str) -> dict[str, Any]:
    """Return the training settings of the learner called ``name``."""
    try:
        return VARIANTS[name]
    except KeyError:
        raise UnknownVariantError(f"There is no learner {name!r}; there are {', '.join(VARIANTS)}.") from None
