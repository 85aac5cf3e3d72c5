"""Pictures that another process of this program writes into shared memory: the cameras of a robot."""

import time

from mile_desktop.cameras.errors import CameraLostError
from mile_desktop.cameras.source import Picture
from mile_desktop.channels.errors import SharedMemoryError
from mile_desktop.channels.shared import FrameRing

_POLL_S = 0.004
_SILENCE_S = 5.0


class FeedSource:
    """Reads the newest pictures of a ``FrameRing`` that somebody else writes.

    The writer, e.g. the robot's link, does ``FrameRing.attach(name).write(pixels, timestamp=...)`` with RGB pixels and
    ``time.monotonic()`` of this machine.

    Raises ``CameraLostError`` where there is no such memory.
    """

    def __init__(self, name: str) -> None:
        try:
            self._ring = FrameRing.attach(name)
        except SharedMemoryError as error:
            raise CameraLostError(f"The robot's camera is not there: {error}") from None
        self._seen = 0

    def read(self) -> Picture | None:
        """Wait for the next picture and return it; see ``FrameSource``."""
        waited_until = time.monotonic() + _SILENCE_S
        while time.monotonic() < waited_until:
            frame = self._ring.read(self._seen)
            if frame is not None:
                self._seen = frame.sequence
                return Picture(frame.pixels[:, :, :3], frame.timestamp)
            time.sleep(_POLL_S)
        raise CameraLostError(f"The robot has sent no picture for {_SILENCE_S:.0f} s.")

    def close(self) -> None:
        """Let go of the memory."""
        self._ring.close()
