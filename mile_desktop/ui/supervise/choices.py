"""How discrete actions are driven and shown: which push chooses which, in words and as motions; no Qt."""

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


class Choosable(Protocol):
    """A discrete action."""

    @property
    def title(self) -> str:
        """In words."""
        ...

    @property
    def push(self) -> str:
        """Which push chooses it."""
        ...


def driving_text(choices: Sequence[Choosable], device: str = "") -> str:
    """Return how the actions are chosen, e.g. ``A or ← to the left · W or ↑ main engine``.

    ``device``: ``gamepad`` or ``screen`` where that is what the person holds, else keys.
    """
    words = {"gamepad": _PAD_WORDS, "screen": _SCREEN_WORDS}.get(device, _WORDS)
    return " · ".join(f"{words[choice.push]} {choice.title}" for choice in choices if choice.push != "rest")


def chosen(action: Sequence[float], choices: Sequence[Choosable]) -> Choosable | None:
    """Return the choice that a one-hot ``action`` makes; None where it does not fit."""
    if len(action) != len(choices) or not choices:
        return None
    return choices[max(range(len(action)), key=action.__getitem__)]


def as_motion(action: Sequence[float], choices: Sequence[Choosable]) -> tuple[float, ...]:
    """Return the motion that stands for ``action`` in the picture: a discrete one points where it pushes."""
    choice = chosen(action, choices)
    return tuple(action) if choice is None else _MOTIONS[choice.push]
