"""How discrete actions are driven and shown: the key or stick that chooses each, its text and its motion; no Qt."""

import math
from collections.abc import Sequence
from typing import Protocol

_KEY_TEXTS = {"left": "A or ←", "right": "D or →", "up": "W or ↑", "down": "S or ↓"}
_PAD_TEXTS = {"left": "stick ←", "right": "stick →", "up": "stick ↑ or RT", "down": "stick ↓ or LT"}
_SCREEN_TEXTS = {"left": "drag left", "right": "drag right", "up": "drag up", "down": "drag down"}
_MOTIONS = {
    "rest": (0.0, 0.0, 0.0),
    "left": (-1.0, 0.0, 0.0),
    "right": (1.0, 0.0, 0.0),
    "up": (0.0, 0.0, 1.0),
    "down": (0.0, 0.0, -1.0),
    "none": (0.0, 0.0, 0.0),
}
_SELECTS_NOTHING = frozenset({"rest", "none"})
_BOTH_WAYS = {
    "right": 0, "left": 0, "away": 1, "near": 1, "up": 2, "down": 2, "close": 3, "open": 3,
}  # fmt: skip
"""Push → the control that makes it and its opposite, as a column of the next table."""
_CONTROLS = {
    "gamepad": ("left stick ↔", "left stick ↕", "right stick ↕", "LT, RT"),
    "screen": ("drag ↔", "drag ↕", "up, down", "Open, Close"),
    "": ("A, D", "W, S", "Q, E", "F"),
}


class DiscreteAction(Protocol):
    """A discrete action: ``Choice`` of a scene description or of ``rollout.messages``."""

    @property
    def title(self) -> str:
        """Its name for people, e.g. ``main engine``."""
        ...

    @property
    def push(self) -> str:
        """The push that chooses it: ``rest``, ``left``, ``right``, ``up`` or ``down``."""
        ...


def driving_text(choices: Sequence[DiscreteAction], device: str = "") -> str:
    """Return how the actions are chosen, e.g. ``A or ← to the left · W or ↑ main engine``.

    ``device``: ``gamepad`` or ``screen``; the text names keys for every other one.
    """
    texts = {"gamepad": _PAD_TEXTS, "screen": _SCREEN_TEXTS}.get(device, _KEY_TEXTS)
    return " · ".join(
        f"{texts[choice.push]} {choice.title}" for choice in choices if choice.push not in _SELECTS_NOTHING
    )


def entries_text(entries: Sequence[DiscreteAction], device: str = "") -> str:
    """Return how the entries of a continuous action are driven, e.g. ``A, D torque (N m) · W, S gas``.

    ``device``: as in ``driving_text``.
    """
    controls = _CONTROLS.get(device, _CONTROLS[""])
    return " · ".join(f"{controls[_BOTH_WAYS[entry.push]]} {entry.title}" for entry in entries if entry.push != "none")


def drives_gripper(choices: Sequence[DiscreteAction], entries: Sequence[DiscreteAction]) -> bool:
    """Return whether a gripper key has an effect: on an arm, or where an entry of the action is driven by it."""
    return not choices and (not entries or any(entry.push in {"close", "open"} for entry in entries))


def chosen_action(action: Sequence[float], choices: Sequence[DiscreteAction]) -> DiscreteAction | None:
    """Return the action that a one-hot vector chooses; None if its length does not fit or it is not finite."""
    index = _index(action, choices)
    return None if index is None else choices[index]


def choice_text(
    proposed: Sequence[float], executed: Sequence[float], names: Sequence[str], probability: Sequence[float] = ()
) -> str:
    """Return the proposed action, ``main (0.82)``; with the executed one if they differ: ``main proposed, left done``.

    Parameters
    ----------
    proposed, executed
        One-hot; a vector that is not finite or does not fit ``names`` counts as unknown.
    probability
        The policy's probability of each action; empty if unknown.
    """
    index, done = _index(proposed, names), _index(executed, names)
    text = "unknown" if index is None else names[index]
    if index is not None and len(probability) == len(names) and math.isfinite(probability[index]):
        text += f" ({probability[index]:.2f})"
    if done == index:
        return text
    return f"{text} proposed, {'unknown' if done is None else names[done]} done"


def _index(action: Sequence[float], names: Sequence[object]) -> int | None:
    """Return the largest entry of ``action``; None if its length does not fit or it is not finite."""
    # Old recordings may come from another version of the scene; to show a wrong name would be worse than none.
    if len(action) != len(names) or not names or not all(map(math.isfinite, action)):
        return None
    return max(range(len(action)), key=action.__getitem__)


def as_motion(action: Sequence[float], choices: Sequence[DiscreteAction]) -> tuple[float, ...]:
    """Return the motion that is drawn for ``action``: a discrete one points in the direction of its push."""
    choice = chosen_action(action, choices)
    return tuple(action) if choice is None else _MOTIONS[choice.push]
