"""How discrete actions are driven and shown: which push chooses which, in words and as motions; no Qt."""

import math
from collections.abc import Sequence
from typing import Protocol

_WORDS = {"left": "A or ←", "right": "D or →", "up": "W or ↑", "down": "S or ↓"}
_PAD_WORDS = {"left": "stick ←", "right": "stick →", "up": "stick ↑ or RT", "down": "stick ↓ or LT"}
_SCREEN_WORDS = {"left": "drag left", "right": "drag right", "up": "drag up", "down": "drag down"}
_MOTIONS = {
    "rest": (0.0, 0.0, 0.0),
    "left": (-1.0, 0.0, 0.0),
    "right": (1.0, 0.0, 0.0),
    "up": (0.0, 0.0, 1.0),
    "down": (0.0, 0.0, -1.0),
}


class DiscreteAction(Protocol):
    """A discrete action."""

    @property
    def title(self) -> str:
        """In words."""
        ...

    @property
    def push(self) -> str:
        """Which push chooses it."""
        ...


def driving_text(choices: Sequence[DiscreteAction], device: str = "") -> str:
    """Return how the actions are chosen, e.g. ``A or ← to the left · W or ↑ main engine``.

    ``device``: ``gamepad`` or ``screen`` where that is what the person holds, else keys.
    """
    words = {"gamepad": _PAD_WORDS, "screen": _SCREEN_WORDS}.get(device, _WORDS)
    return " · ".join(f"{words[choice.push]} {choice.title}" for choice in choices if choice.push != "rest")


def chosen_action(action: Sequence[float], choices: Sequence[DiscreteAction]) -> DiscreteAction | None:
    """Return the choice that a one-hot ``action`` makes; None where it does not fit."""
    index = _index(action, choices)
    return None if index is None else choices[index]


def choice_text(
    proposed: Sequence[float], executed: Sequence[float], names: Sequence[str], probability: Sequence[float] = ()
) -> str:
    """Return what was proposed, ``main (0.82)``, and what was done instead: ``main (0.82) proposed, left done``.

    Parameters
    ----------
    proposed, executed
        One-hot; what is not finite or does not fit ``names`` is not known.
    probability
        What the policy gave to each choice, where that is known.
    """
    index, done = _index(proposed, names), _index(executed, names)
    said = "nothing known" if index is None else names[index]
    if index is not None and len(probability) == len(names) and math.isfinite(probability[index]):
        said += f" ({probability[index]:.2f})"
    if done == index:
        return said
    return f"{said} proposed, {'something unknown' if done is None else names[done]} done"


def _index(action: Sequence[float], names: Sequence[object]) -> int | None:
    """Return which entry of a one-hot ``action`` is chosen; None where it does not fit or is not finite."""
    if len(action) != len(names) or not names or not all(map(math.isfinite, action)):
        return None
    return max(range(len(action)), key=action.__getitem__)


def as_motion(action: Sequence[float], choices: Sequence[DiscreteAction]) -> tuple[float, ...]:
    """Return the motion that stands for ``action`` in the picture: a discrete one points where it pushes."""
    choice = chosen_action(action, choices)
    return tuple(action) if choice is None else _MOTIONS[choice.push]
