"""SDL as this program needs it: joysticks without a window, a mixer or a hold on signals.

Imported late: pygame costs a tenth of a second, and only the process that owns the pad needs it.
"""

import os

_ENVIRONMENT = {
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


def start_sdl() -> None:
    """Start SDL's joysticks and their events in this process; the calling thread has to read the events.

    Raises ``PadsUnavailableError``.
    """
    os.environ.update(_ENVIRONMENT)
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


def stop_sdl() -> None:
    """Let go of SDL; harmless when it was not started."""
    import pygame  # noqa: PLC0415
    from pygame._sdl2 import controller  # noqa: PLC0415

    controller.quit()
    pygame.joystick.quit()
    pygame.display.quit()
