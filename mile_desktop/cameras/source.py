"""The interface of a camera: it yields frames with the time at which they were taken."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a camera."""

    pixels: Pixels
    """uint8[height, width, 3], red green blue, top row first; never written to."""
    timestamp: float
    """When it was taken, or else when it arrived: ``time.monotonic()``, s, the clock of the control loop."""


class FrameSource(Protocol):
    """Anything that yields pictures can be a camera.

    Used by one thread. A source that waits for its pictures gives up by itself after some seconds; where it cannot,
    the capture process is ended from outside (``cameras.process``).
    """

    def read(self) -> Picture | None:
        """Wait for the next picture and return it; None when one came that cannot be used.

        Raises
        ------
        CameraLostError
            If there will be no more unless the source is opened again.
        CameraEndedError
            If everything was played that is to be played once.
        """
        ...

    def close(self) -> None:
        """Release device, connection or file; a second call does nothing."""
        ...
