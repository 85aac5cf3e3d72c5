"""Names of the controls of a pad, in profiles and for people.

Pads that SDL knows are described by SDL's game-controller names (``leftx``, ``rightshoulder`` …), which mean the same
control on every pad. Any pad can be described by raw names: ``axis3``, ``trigger3`` (an axis that rests at −1 and is
read as 0 … 1), ``button5`` and ``hat0up``.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from mile_desktop.errors import UserError

SDL_AXES = ("leftx", "lefty", "rightx", "righty", "lefttrigger", "righttrigger")
"""In the order of SDL_GameControllerAxis."""

SDL_BUTTONS = (
    "a", "b", "x", "y", "back", "guide", "start", "leftstick", "rightstick", "leftshoulder", "rightshoulder",
    "dpup", "dpdown", "dpleft", "dpright", "misc1", "paddle1", "paddle2", "paddle3", "paddle4", "touchpad",
)  # fmt: skip
"""In the order of SDL_GameControllerButton."""

HAT_DIRECTIONS = {"up": (0, 1), "down": (0, -1), "left": (-1, 0), "right": (1, 0)}
"""Direction → (sign of x, sign of y) as pygame reports hats."""

_LABELS = {
    "a": "A", "b": "B", "x": "X", "y": "Y", "back": "Back", "guide": "Guide", "start": "Start",
    "leftshoulder": "LB", "rightshoulder": "RB", "lefttrigger": "LT", "righttrigger": "RT",
    "leftstick": "left stick button", "rightstick": "right stick button",
    "leftx": "left stick ←→", "lefty": "left stick ↑↓", "rightx": "right stick ←→", "righty": "right stick ↑↓",
    "dpup": "D-pad ↑", "dpdown": "D-pad ↓", "dpleft": "D-pad ←", "dpright": "D-pad →",
}  # fmt: skip

_RAW = re.compile(
    r"(?P<kind>axis|trigger|button)(?P<index>\d{1,3})|hat(?P<hat>\d{1,2})(?P<direction>up|down|left|right)"
)


class UnknownControlError(UserError, ValueError):
    """A profile names a control that does not exist on any pad."""


class ControlKind(StrEnum):
    """How a control is read."""

    SDL_AXIS = "sdl_axis"
    SDL_BUTTON = "sdl_button"
    AXIS = "axis"
    TRIGGER = "trigger"
    BUTTON = "button"
    HAT = "hat"


BUTTONS = frozenset({ControlKind.SDL_BUTTON, ControlKind.BUTTON})
"""Kinds that send an event when they are pressed, so that a press between two ticks is not missed."""


@dataclass(frozen=True, slots=True)
class Control:
    """One control of a pad."""

    name: str
    kind: ControlKind
    index: int
    """Number of the axis, button or hat; for SDL kinds the position in SDL's own enumeration."""
    direction: str = ""
    """Direction of a hat."""

    @property
    def physical_name(self) -> str:
        """Name of the physical control: ``axis3`` and ``trigger3`` are the same one."""
        return f"axis{self.index}" if self.kind is ControlKind.TRIGGER else self.name


# Controls are looked up in every tick, and there are few names.
@cache
def parse_control(name: str) -> Control:
    """Return the control called ``name``, or raise ``UnknownControlError`` with the valid names."""
    if name in SDL_AXES:
        return Control(name, ControlKind.SDL_AXIS, SDL_AXES.index(name))
    if name in SDL_BUTTONS:
        return Control(name, ControlKind.SDL_BUTTON, SDL_BUTTONS.index(name))
    # Last: SDL's names mean the same on every pad, so they are preferred.
    raw = _RAW.fullmatch(name)
    if raw is None:
        raise UnknownControlError(
            f"There is no control {name!r}; expected one of {', '.join(SDL_AXES + SDL_BUTTONS)}, "
            "or a raw name such as axis0, trigger2, button5 or hat0up."
        )
    if raw["hat"] is not None:
        return Control(name, ControlKind.HAT, int(raw["hat"]), raw["direction"])
    return Control(name, ControlKind(raw["kind"]), int(raw["index"]))


def control_label(name: str) -> str:
    """Return the control's name for people: ``rightshoulder`` → ``RB``, ``button5`` → ``button 5``."""
    if name in _LABELS:
        return _LABELS[name]
    control = parse_control(name)
    if control.kind is ControlKind.HAT:
        return f"hat {control.index} {control.direction}"
    return name if control.kind is ControlKind.SDL_BUTTON else f"{control.kind.value} {control.index}"
