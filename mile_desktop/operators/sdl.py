"""SDL for joysticks only: without a window, a mixer or signal handlers.

pygame is imported late: that takes a tenth of a second, and only the process that reads the pad needs it.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass

from mile_desktop.errors import UserError
from mile_desktop.operators.controls import SDL_BUTTONS

_log = logging.getLogger(__name__)

ENVIRONMENT = {
    # joystick events need SDL's video system, not a display
    "SDL_VIDEODRIVER": "dummy",
    # the process that reads the pad never has the keyboard focus
    "SDL_JOYSTICK_ALLOW_BACKGROUND_EVENTS": "1",
    # SDL would otherwise turn SIGTERM into an event that is never read
    "SDL_NO_SIGNAL_HANDLERS": "1",
    # on Windows SDL's own thread finds pads, because there is no window that receives the messages
    "SDL_JOYSTICK_THREAD": "1",
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
}


class PadsUnavailableError(UserError, RuntimeError):
    """SDL cannot be started in this process."""


@dataclass(frozen=True, slots=True)
class ButtonDown:
    """A button went down; a pad that SDL knows reports it twice, by SDL's name and by its raw one."""

    instance_id: int
    control: str


def start_sdl() -> None:
    """Start SDL's joysticks and their events in this process; the calling thread has to read the events.

    A second start only clears the events. SDL ends with the process.

    Raises ``PadsUnavailableError``.
    """
    # Before pygame is imported for the first time: SDL reads these settings once.
    os.environ.update(ENVIRONMENT)
    import pygame  # noqa: PLC0415 - late and after its environment
    from pygame._sdl2 import controller  # noqa: PLC0415

    try:
        # SDL delivers events only with its video system, here the one without a display.
        pygame.display.init()
        pygame.joystick.init()
        controller.init()
    except pygame.error as error:
        raise PadsUnavailableError(
            f"Gamepads cannot be read here: SDL says “{error}”. Keyboard and on-screen pad still work."
        ) from error
    # Old events would look like presses of this session.
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


def pads_changed() -> bool:
    """Read the devices; say whether pads were plugged in or unplugged since the last call. Never blocks."""
    import pygame  # noqa: PLC0415

    try:
        # This call also pumps: it reads the devices. All other calls take what it has read.
        return bool(pygame.event.get((pygame.JOYDEVICEADDED, pygame.JOYDEVICEREMOVED)))
    except (SystemError, KeyError) as error:
        # pygame 2.6 fails on a pad that was unplugged before it was opened, and loses the events it had read.
        _log.info("A gamepad came and went: %r", error.__cause__ or error)
        return True


def plugged_in() -> dict[int, int]:
    """Return the connected pads: instance id (constant while a pad is connected) → present index."""
    import pygame  # noqa: PLC0415

    found: dict[int, int] = {}
    for index in range(pygame.joystick.get_count()):
        try:
            found[pygame.joystick.Joystick(index).get_instance_id()] = index
        except pygame.error:
            _log.warning("Gamepad %d cannot be opened", index, exc_info=True)
    return found


def buttons_down() -> Iterator[ButtonDown]:
    """Yield the presses that ``pads_changed`` has read from the devices; drop all other events."""
    import pygame  # noqa: PLC0415

    for event in pygame.event.get((pygame.CONTROLLERBUTTONDOWN, pygame.JOYBUTTONDOWN), pump=False):
        known = event.type == pygame.CONTROLLERBUTTONDOWN
        yield ButtonDown(event.instance_id, SDL_BUTTONS[event.button] if known else f"button{event.button}")
    # Motion events fill the queue and are not used, because positions are read directly.
    pygame.event.clear((pygame.JOYAXISMOTION, pygame.JOYHATMOTION), pump=False)
