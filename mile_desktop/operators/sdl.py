"""SDL as this program needs it: joysticks without a window, a mixer or a hold on signals.

Imported late: pygame costs a tenth of a second, and only the process that owns the pad needs it.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from mile_desktop.operators.controls import SDL_BUTTONS

ENVIRONMENT = {
    # joystick events need SDL's video system, not a display
    "SDL_VIDEODRIVER": "dummy",
    # the process that reads the pad never has the keyboard focus
    "SDL_JOYSTICK_ALLOW_BACKGROUND_EVENTS": "1",
    # SDL would otherwise turn SIGTERM into an event that nobody reads
    "SDL_NO_SIGNAL_HANDLERS": "1",
    # on Windows pads are found by a thread of SDL's own, because there is no window to receive the messages
    "SDL_JOYSTICK_THREAD": "1",
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
}


class PadsUnavailableError(RuntimeError):
    """SDL cannot be started in this process."""


@dataclass(frozen=True, slots=True)
class PluggedIn:
    """A pad can be opened by its index among those that are there now."""

    device_index: int


@dataclass(frozen=True, slots=True)
class Unplugged:
    """The pad with this instance id is gone."""

    instance_id: int


@dataclass(frozen=True, slots=True)
class ButtonDown:
    """A button went down; a pad that SDL knows reports it twice, by SDL's name and by its raw one."""

    instance_id: int
    control: str


PadEvent = PluggedIn | Unplugged | ButtonDown


def start_sdl() -> None:
    """Start SDL's joysticks and their events in this process; the calling thread has to read the events.

    Starting again does nothing but forget what happened before. SDL ends with the process.

    Raises ``PadsUnavailableError``.
    """
    os.environ.update(ENVIRONMENT)
    import pygame  # noqa: PLC0415 - late and after its environment
    from pygame._sdl2 import controller  # noqa: PLC0415

    try:
        pygame.display.init()
        pygame.joystick.init()
        controller.init()
    except pygame.error as error:
        raise PadsUnavailableError(
            f"Gamepads cannot be read here: SDL says “{error}”. Keyboard and on-screen pad still work."
        ) from error
    pygame.event.clear()
    controller.set_eventstate(True)
    pygame.event.set_blocked(None)
    pygame.event.set_allowed(
        [
            pygame.JOYDEVICEADDED,
            pygame.JOYDEVICEREMOVED,
            pygame.JOYBUTTONDOWN,
            pygame.JOYHATMOTION,
            pygame.JOYAXISMOTION,
            pygame.CONTROLLERBUTTONDOWN,
        ]
    )


def pad_count() -> int:
    """Return how many pads are plugged in."""
    import pygame  # noqa: PLC0415

    return pygame.joystick.get_count()


def pad_events() -> Iterator[PadEvent]:
    """Read the devices and yield what happened since the last call; never blocks."""
    import pygame  # noqa: PLC0415

    for event in pygame.event.get():
        if event.type == pygame.CONTROLLERBUTTONDOWN:
            yield ButtonDown(event.instance_id, SDL_BUTTONS[event.button])
        elif event.type == pygame.JOYBUTTONDOWN:
            yield ButtonDown(event.instance_id, f"button{event.button}")
        elif event.type == pygame.JOYDEVICEADDED:
            yield PluggedIn(event.device_index)
        elif event.type == pygame.JOYDEVICEREMOVED:
            yield Unplugged(event.instance_id)
