"""Cameras whose pictures a robot's side sends."""

import time

import cv2
import numpy as np

from mile_desktop.cameras.errors import CameraAddressError, CameraLostError
from mile_desktop.cameras.source import Picture
from mile_desktop.robots.address import CameraEndpoint
from mile_desktop.robots.driver import RobotError
from mile_desktop.robots.frames import FrameReceiver

_SILENCE_S = 5.0
_POLL_S = 0.1


class RobotCameraSource:
    """One camera of a network robot; timestamps are the robot's, on our clock.

    Raises
    ------
    CameraAddressError
        ``url`` names no camera of a robot.
    CameraLostError
        The robot does not answer, or sends no such camera.
    """

    def __init__(self, url: str) -> None:
        try:
            place = CameraEndpoint.of(url)
        except RobotError as error:
            # An address error ends the attempts. A robot that does not answer is tried again.
            raise CameraAddressError(str(error)) from None
        try:
            self._frames = FrameReceiver(place)
        except RobotError as error:
            raise CameraLostError(f"The robot's camera {place.camera}: {error}") from None

    def read(self) -> Picture | None:
        """Wait for the next picture and return it; see ``FrameSource``."""
        # In short waits: each read also keeps the link to the robot alive.
        waited_until = time.monotonic() + _SILENCE_S
        while time.monotonic() < waited_until:
            try:
                frame = self._frames.read(_POLL_S)
            except RobotError as error:
                raise CameraLostError(str(error)) from None
            if frame is not None:
                try:
                    pixels = cv2.imdecode(np.frombuffer(frame.jpeg, np.uint8), cv2.IMREAD_COLOR)
                except cv2.error:  # no picture, or one whose header says that it is larger than ``LARGEST_SIDE``
                    return None
                if pixels is None or not self._frames.expects(pixels.shape[1], pixels.shape[0]):
                    return None
                return Picture(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8), frame.taken_at)
        raise CameraLostError(f"The robot has sent no picture for {_SILENCE_S:.0f} s.")

    def close(self) -> None:
        """Close the connection."""
        self._frames.close()
