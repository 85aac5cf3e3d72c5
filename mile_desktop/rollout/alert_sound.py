"""The sound of the alert."""

import logging

from mile_desktop.paths import RESOURCES
from mile_desktop.silence_stderr import quiet_error_stream

_log = logging.getLogger(__name__)


class AlertSound:
    """Plays one short sound without waiting for it; silent where there is no sound card, which the log notes."""

    def __init__(self) -> None:
        # imported here: the operators decide how SDL is set up before pygame is first imported
        import pygame  # noqa: PLC0415

        self._sound: pygame.mixer.Sound | None = None
        try:
            with quiet_error_stream():
                pygame.mixer.init()
            self._sound = pygame.mixer.Sound(str(RESOURCES / "sounds" / "ask.wav"))
        except (pygame.error, OSError) as error:
            _log.info("No sound: %s", error)

    @property
    def audible(self) -> bool:
        """Whether there is a sound card to play on."""
        return self._sound is not None

    def play(self) -> None:
        """Start the sound and return at once."""
        if self._sound is not None:
            self._sound.play()
