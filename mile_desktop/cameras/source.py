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
    """When it was taken, or when it arrived if that is unknown: ``time.monotonic()``, s, as in the control loop."""


class FrameSource(Protocol):
    """The interface of every source of pictures.

    Used by one thread. A source that waits for pictures gives up after some seconds. If it cannot, the capture process
    is ended from outside (``cameras.process``).
    """

    def read(self) -> Picture | None:
        """Wait for the next picture and return it; None if the picture that arrived cannot be used.

        Raises
        ------
        CameraLostError
            No more pictures will come unless the source is opened again.
        CameraEndedError
            The source was played once, to its end.
        """
        ...

    def close(self) -> None:
        """Release device, connection or file; a second call does nothing."""
        ...
