"""Cameras on this machine and GStreamer pipelines, by OpenCV."""

import sys
import time

import cv2
import numpy as np

from mile_desktop.cameras.address import Address, AddressKind
from mile_desktop.cameras.attached import attached_cameras
from mile_desktop.cameras.errors import CameraAddressError, CameraLostError
from mile_desktop.cameras.settings import CameraSettings
from mile_desktop.cameras.source import Picture, Pixels

_OPENING = "It may be in use by another program; close that program."
_FAILURES = 30
"""So many reads in a row may fail before the device counts as lost."""


class DeviceSource:
    """A camera of this machine, or a GStreamer pipeline that ends in ``appsink``.

    Raises
    ------
    CameraLostError
        If it cannot be opened.
    CameraAddressError
        If the installed OpenCV knows no GStreamer.
    """

    def __init__(self, address: Address, settings: CameraSettings) -> None:
        cv2.utils.logging.setLogLevel(
            cv2.utils.logging.LOG_LEVEL_SILENT
        )  # it would write pipelines, passwords included, to the error stream
        self._address = address
        self._capture = _open(address)
        self._failures = 0
        if address.kind is AddressKind.DEVICE:
            self._ask_for(settings)

    def read(self) -> Picture | None:
        """Wait for the next picture and return it; see ``FrameSource``."""
        found, pixels = self._capture.read()
        now = time.monotonic()
        if not found or pixels is None:
            self._failures += 1
            if self._failures >= _FAILURES or not self._capture.isOpened():
                raise CameraLostError(f"{self._address.shown} has stopped sending pictures; is it still plugged in?")
            return None
        self._failures = 0
        return Picture(self._as_rgb(pixels), self._moment(now))

    def close(self) -> None:
        """Release the device."""
        self._capture.release()

    def _ask_for(self, settings: CameraSettings) -> None:
        """Ask for size and rate; a camera that does not support them keeps its own."""
        # A buffer of several frames would show the past by as many periods.
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        # Compressed pictures: USB has no room for large raw ones at full rate.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        wishes = (
            (cv2.CAP_PROP_FRAME_WIDTH, settings.max_width),
            (cv2.CAP_PROP_FRAME_HEIGHT, settings.max_height),
            (cv2.CAP_PROP_FPS, settings.rate_hz),
        )
        for wish, value in wishes:
            if value:
                self._capture.set(wish, value)

    def _moment(self, now: float) -> float:
        """Return when the driver took the picture, if it reports this on our clock; otherwise now."""
        taken = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
        # Drivers report the monotonic clock, the time since opening, or 0. Only a moment in the last second can be
        # ours.
        return taken if now - 1.0 < taken <= now else now

    def _as_rgb(self, pixels: np.ndarray) -> Pixels:
        grey = pixels.ndim == 2 or pixels.shape[2] == 1
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB if grey else cv2.COLOR_BGR2RGB), np.uint8)


def has_gstreamer() -> bool:
    """Return whether the installed OpenCV was built with GStreamer; its wheels are not."""
    return any("GStreamer" in line and "YES" in line for line in cv2.getBuildInformation().splitlines())


def _open(address: Address) -> cv2.VideoCapture:
    if address.kind is AddressKind.GSTREAMER:
        if not has_gstreamer():
            raise CameraAddressError(
                "The installed OpenCV was built without GStreamer (its wheels on PyPI are). Build OpenCV with it, or "
                "let the pipeline serve RTSP or MJPEG and give that address."
            )
        capture = cv2.VideoCapture(address.location, cv2.CAP_GSTREAMER)
    else:
        place = address.location
        # Asked before OpenCV, which only says that it did not work.
        if problem := attached_cameras().problem(place):
            raise CameraLostError(problem)
        # On Linux only V4L2: OpenCV's other back ends would try the address as a file or a stream.
        any_system = cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY
        capture = cv2.VideoCapture(int(place) if place.isdigit() else place, any_system)
    if not capture.isOpened():
        capture.release()
        what = f"Camera {address.shown}" if address.kind is AddressKind.DEVICE else "The pipeline"
        raise CameraLostError(
            f"{what} cannot be opened. {_OPENING if address.kind is AddressKind.DEVICE else ''}".strip()
        )
    return capture
