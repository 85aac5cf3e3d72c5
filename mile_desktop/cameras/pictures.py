"""A folder of pictures as a camera."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from mile_desktop.cameras.errors import CameraEndedError, CameraLostError
from mile_desktop.cameras.source import Picture

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm"})
DEFAULT_RATE_HZ = 10.0


class FolderSource:
    """Plays the images of a folder in the order of their names, ``2.png`` before ``10.png``; other files are skipped.

    The folder is listed again at each restart: images may be added or removed.

    Raises ``CameraLostError`` if there are none.
    """

    def __init__(
        self,
        folder: Path,
        *,
        rate_hz: float = 0.0,
        loop: bool = True,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder = folder
        self._period_s = 1.0 / (rate_hz or DEFAULT_RATE_HZ)
        self._loop = loop
        self._clock = clock
        self._sleep = sleep
        self._due = clock()
        self._usable = 0
        self._files = self._look()

    def read(self) -> Picture | None:
        """Wait until the next picture is due and return it; see ``FrameSource``."""
        if not self._files:
            self._begin_again()
        # Removed from the end of the list, which costs nothing; so the first picture is the last entry.
        file = self._files.pop()
        try:
            pixels = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB)
        except cv2.error:  # its header says that it is larger than ``LARGEST_SIDE``
            pixels = None
        if pixels is None:
            return None
        self._usable += 1
        now = self._clock()
        # A pause of the machine is not made up for by a burst of pictures.
        self._due = max(self._due, now - 1.0)
        if self._due > now:
            self._sleep(self._due - now)
        self._due += self._period_s
        return Picture(np.asarray(pixels, np.uint8), self._clock())

    def close(self) -> None:
        """Do nothing: no file is open."""

    def _begin_again(self) -> None:
        # A folder without a readable picture would be listed for ever, without a pause.
        if not self._usable:
            raise CameraLostError(f"No picture in {self._folder} can be read.")
        if not self._loop:
            raise CameraEndedError(f"{self._folder} was shown to its end.")
        self._usable = 0
        self._files = self._look()

    def _look(self) -> list[Path]:
        """Return the picture files, the first one last."""
        try:
            found = [file for file in self._folder.iterdir() if file.suffix.lower() in SUFFIXES]
        except OSError as error:
            raise CameraLostError(f"{self._folder} cannot be read ({error.strerror}).") from None
        if not found:
            raise CameraLostError(f"{self._folder} contains no pictures ({', '.join(sorted(SUFFIXES))}).")
        return sorted(found, key=_natural, reverse=True)


def _natural(file: Path) -> tuple[list[tuple[int, str]], str]:
    """Return a key that sorts numbers in a name by their value; the name itself decides between ``1`` and ``01``."""
    # a number that a name lacks sorts as −1; the longest digits of a file name are far below Python's limit of 4300
    parts = re.findall(r"([0-9]+)|([^0-9]+)", file.name)
    return [(int(number) if number else -1, text) for number, text in parts], file.name
