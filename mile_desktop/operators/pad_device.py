"""One connected pad, read through SDL: which controls it has, and their positions by name."""

import re
from dataclasses import dataclass

from mile_desktop.errors import UserError
from mile_desktop.operators.controls import (
    HAT_DIRECTIONS,
    SDL_AXES,
    SDL_BUTTONS,
    Control,
    ControlKind,
    parse_control,
)

PRESSED_AT = 0.5
"""Position from which an analogue control counts as pressed."""

_FULL_SCALE = 32767.0
_FEWEST_AXES = 2
"""Of a stick."""
_ELEMENT = re.compile(r"[+-]?(?P<kind>[abh])(?P<index>\d+)")


class PadGoneError(UserError, RuntimeError):
    """The pad was unplugged before it could be opened; SDL will report its removal."""


@dataclass(frozen=True, slots=True)
class RawPadState:
    """Every axis and button of a pad as it is now, for the page that shows and binds them."""

    name: str
    guid: str
    axes: tuple[float, ...]
    """In [−1, 1], SDL's joystick numbering."""
    buttons: tuple[bool, ...]
    connected: bool
    active_controls: tuple[str, ...] = ()
    """Names of the controls that are pressed or moved now, best name first: what press-to-bind offers."""
    axis_names: tuple[str, ...] = ()
    button_names: tuple[str, ...] = ()
    """SDL's name of each axis and button (``leftx``, ``a``), empty where it has none; no entries for an unknown pad."""


@dataclass(frozen=True, slots=True)
class IgnoredDevice:
    """A connected device that is not driven with: it looks like none, or a person has left it out."""

    name: str
    guid: str


NO_PAD = RawPadState(name="", guid="", axes=(), buttons=(), connected=False)


class PadDevice:
    """An open pad. Created, read and closed by the thread that reads SDL's events.

    Raises ``PadGoneError``.
    """

    def __init__(self, device_index: int) -> None:
        import pygame  # noqa: PLC0415
        from pygame._sdl2 import controller  # noqa: PLC0415

        try:
            # Opened as a joystick in every case: raw names and rumble need it, also for pads that SDL knows.
            self._joystick = pygame.joystick.Joystick(device_index)
            self._controller = controller.Controller(device_index) if controller.is_controller(device_index) else None
        except pygame.error as error:
            raise PadGoneError(f"The gamepad could not be opened: {error}") from error
        # Read once: the mapping of an open pad does not change.
        self._mapping: dict[str, str] = dict(self._controller.get_mapping()) if self._controller else {}
        self.name = self._joystick.get_name()
        self.guid = self._joystick.get_guid()
        self.instance_id = self._joystick.get_instance_id()
        self._axes = self._joystick.get_numaxes()
        self._buttons = self._joystick.get_numbuttons()
        self._hats = self._joystick.get_numhats()
        self._axis_names = self._named("a", self._axes)
        self._button_names = self._named("b", self._buttons)

    @property
    def known_to_sdl(self) -> bool:
        """Whether SDL's names can be used for this pad."""
        return self._controller is not None

    @property
    def is_gamepad(self) -> bool:
        """Whether a person could drive with it: keyboards, mice and motion sensors appear as joysticks, too."""
        return self.known_to_sdl or (self._axes >= _FEWEST_AXES and self._buttons > 0)

    @property
    def counts(self) -> str:
        """Number of axes, buttons and hats, as text."""
        return f"{self._axes} axes, {self._buttons} buttons and {self._hats} hats"

    def has(self, control: Control) -> bool:
        """Say whether this pad has ``control``."""
        # A name of SDL only says where the control would be; the mapping says whether this pad has it.
        if control.kind in {ControlKind.SDL_AXIS, ControlKind.SDL_BUTTON}:
            return self._has_element(self._mapping.get(control.name, ""))
        if control.kind is ControlKind.BUTTON:
            return control.index < self._buttons
        return control.index < (self._hats if control.kind is ControlKind.HAT else self._axes)

    def _has_element(self, element: str) -> bool:
        """Say whether the joystick has the element of SDL's mapping: a mapping may name more than the pad has."""
        found = _ELEMENT.match(element)
        if found is None:
            return False
        return int(found["index"]) < {"a": self._axes, "b": self._buttons, "h": self._hats}[found["kind"]]

    def _named(self, kind: str, count: int) -> tuple[str, ...]:
        """Return SDL's name of each element of a kind; nothing where SDL does not know the pad."""
        # A half axis ("+a2") and an inverted one ("a2~") are the same axis.
        found = {match[0].lstrip("+-"): name for name, element in self._mapping.items()
                 if name in SDL_AXES + SDL_BUTTONS and (match := _ELEMENT.match(element))}  # fmt: skip
        return tuple(found.get(f"{kind}{index}", "") for index in range(count)) if found else ()

    def position(self, control: Control) -> float:
        """Return where ``control``, which the pad has, is now: sticks in [−1, 1], everything else in [0, 1]."""
        index = control.index
        if control.kind is ControlKind.SDL_AXIS and self._controller is not None:
            # SDL's range is −32768 to 32767; without the bound, full deflection in one direction would exceed 1.
            return max(self._controller.get_axis(index) / _FULL_SCALE, -1.0)
        if control.kind is ControlKind.SDL_BUTTON and self._controller is not None:
            return float(self._controller.get_button(index))
        if control.kind is ControlKind.BUTTON:
            return float(self._joystick.get_button(index))
        if control.kind is ControlKind.HAT:
            return float(self._hat_shows(index, control.direction))
        # Some drivers report a little more than full deflection.
        along = min(max(self._joystick.get_axis(index), -1.0), 1.0)
        return (along + 1.0) / 2.0 if control.kind is ControlKind.TRIGGER else along

    def _hat_shows(self, hat: int, direction: str) -> bool:
        return hat_points(self._joystick.get_hat(hat), direction)

    def pressed(self, control: Control) -> bool:
        """Say whether ``control`` is held, or moved at least half-way."""
        return abs(self.position(control)) >= PRESSED_AT

    def raw(self) -> RawPadState:
        """Return every axis and button."""
        return RawPadState(
            name=self.name,
            guid=self.guid,
            axes=tuple(self._joystick.get_axis(index) for index in range(self._axes)),
            buttons=tuple(bool(self._joystick.get_button(index)) for index in range(self._buttons)),
            connected=True,
            active_controls=tuple(name for name in self._nameable() if self.pressed(parse_control(name))),
            axis_names=self._axis_names,
            button_names=self._button_names,
        )

    def _nameable(self) -> list[str]:
        """Return the names worth offering for a binding: SDL's where it knows the pad, raw ones otherwise."""
        if self._controller is not None:
            return [name for name in SDL_AXES + SDL_BUTTONS if self.has(parse_control(name))]
        # Axes first: a trigger of an unknown pad reports both an axis and a button, and the axis can drive.
        names = [f"axis{index}" for index in range(self._axes)] + [f"button{index}" for index in range(self._buttons)]
        return names + [f"hat{index}{direction}" for index in range(self._hats) for direction in HAT_DIRECTIONS]

    def rumble(self, strength: float, duration_ms: int) -> bool:
        """Shake the pad; False where it cannot."""
        return bool(self._joystick.rumble(strength, strength, duration_ms))

    def close(self) -> None:
        """Release the device; also safe if it is gone already."""
        # Before the joystick: both share the device.
        if self._controller is not None:
            self._controller.quit()
        self._joystick.quit()


def hat_points(value: tuple[float, float], direction: str) -> bool:
    """Say whether a hat at ``value`` points into ``direction`` (diagonals point into two)."""
    x, y = HAT_DIRECTIONS[direction]
    return (x != 0 and value[0] == x) or (y != 0 and value[1] == y)
