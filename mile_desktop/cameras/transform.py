"""Changes of a frame between the camera and all consumers: crop, rotation, size."""

import numpy as np

from mile_desktop.cameras.settings import CameraSettings, Crop
from mile_desktop.cameras.source import Pixels

LARGEST = (1920, 1200)
"""Width and height of the largest picture that is passed on; larger ones are scaled down."""


def transformed(pixels: Pixels, settings: CameraSettings) -> Pixels:
    """Return ``pixels`` cropped, turned and made to fit, contiguous; uint8[height, width, 3] in and out."""
    # Cropped first: turning and scaling then work on fewer pixels.
    turned = np.rot90(cropped(pixels, settings.crop), -settings.rotation // 90)
    width, height = fitting(turned.shape[1], turned.shape[0], settings.max_width, settings.max_height)
    if (height, width) != turned.shape[:2]:
        import cv2  # noqa: PLC0415 (a heavy import that most cameras do without)

        return np.asarray(cv2.resize(np.ascontiguousarray(turned), (width, height), interpolation=cv2.INTER_AREA))
    return np.ascontiguousarray(turned)


def cropped(pixels: Pixels, crop: Crop) -> Pixels:
    """Return the part of ``pixels`` that ``crop`` leaves; at least one pixel."""
    height, width = pixels.shape[:2]
    left, top = round(crop.left * width), round(crop.top * height)
    right, bottom = width - round(crop.right * width), height - round(crop.bottom * height)
    return pixels[top : max(bottom, top + 1), left : max(right, left + 1)]


def fitting(width: int, height: int, max_width: int = 0, max_height: int = 0) -> tuple[int, int]:
    """Return width and height shrunk to the limits (0: none) and to ``LARGEST``, the shape kept; never enlarged."""
    limits = (min(max_width or LARGEST[0], LARGEST[0]), min(max_height or LARGEST[1], LARGEST[1]))
    factor = min(1.0, limits[0] / width, limits[1] / height)
    return max(1, round(width * factor)), max(1, round(height * factor))
