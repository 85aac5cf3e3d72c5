"""Pictures in which a number can be read, and how it is read."""

from collections.abc import Callable
from time import monotonic, sleep

import numpy as np

from mile_desktop.cameras.source import Picture, Pixels

SIZE = (96, 64)
_BITS = 8


def numbered(number: int, size: tuple[int, int] = SIZE) -> Pixels:
    """Return a picture of ``size`` (width, height) that shows ``number`` (below 256) in eight bright or dark bars."""
    width, height = size
    pixels = np.full((height, width, 3), 40, np.uint8)
    for bit in range(_BITS):
        if number >> bit & 1:
            pixels[:, bit * width // _BITS : (bit + 1) * width // _BITS] = (220, 210, 200)
    return pixels


def number_in(pixels: Pixels) -> int:
    """Return the number that the picture shows, also after lossy compression."""
    width = pixels.shape[1]
    middle = pixels[pixels.shape[0] // 2 - 4 : pixels.shape[0] // 2 + 4].mean(axis=(0, 2))
    centres = [middle[(2 * bit + 1) * width // (2 * _BITS)] for bit in range(_BITS)]
    return sum(1 << bit for bit, bright in enumerate(centres) if bright > 128)


def picture(number: int, timestamp: float, size: tuple[int, int] = SIZE) -> Picture:
    return Picture(numbered(number, size), timestamp)


def until(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Wait for ``condition``; the time is only a limit."""
    limit = monotonic() + timeout_s
    while not condition():
        assert monotonic() < limit, "the condition was not met in time"
        sleep(0.005)
