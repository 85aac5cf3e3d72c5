"""The cameras of a simulated robot: draws its scene outside the control path and sends the pictures."""

import os
import sys
import time
from contextlib import ExitStack
from multiprocessing.connection import Connection

import cv2
import msgspec
import numpy as np
import zmq

from mile_desktop.channels.shared import StateSlot
from mile_desktop.robots.frames import FrameSender
from mile_desktop.robots.network import ServerSockets
from mile_desktop.scenes.description import CameraDescription
from mile_desktop.scenes.shift import DrawnShift
from mile_desktop.viewer.cameras_plan import CamerasPlan
from mile_desktop.viewer.renderer import Pixels
from mile_desktop.viewer.stages import AnyStage, open_stage

_NICENESS = 5
_QUALITY = 85
_FRAMES_QUEUE = 2
_STEEPEST_DEG = 89.0
"""At 90 degrees a camera has no way to tell where up is."""


def run_robot_cameras(connection: Connection, plan: CamerasPlan) -> None:
    """Run the process: send the port of the frames as text when ready; end when ``connection`` is closed.

    Raises what ``ServerSockets`` and ``open_stage`` raise.
    """
    if sys.platform != "win32":
        os.nice(_NICENESS)
    with ExitStack() as stack:
        server_sockets = ServerSockets(plan.bind, plan.keys)
        socket, port = server_sockets.open(zmq.PUB, plan.port, queue=_FRAMES_QUEUE)
        stack.callback(server_sockets.close, [socket])
        states = stack.enter_context(StateSlot.attach(plan.state_slot))
        stage = open_stage(plan.scene)
        stack.callback(stage.close)
        # After everything is open: the other side waits for this text.
        connection.send_bytes(str(port).encode())
        cameras = SimulatedCameras(stage, states, FrameSender(socket), plan)
        # The wait between two pictures is also the wait for the end.
        while not connection.poll(cameras.pause_s()):
            cameras.turn()


class SimulatedCameras:
    """Draws changes and sends every camera at its rate, like a real camera; used by one thread."""

    def __init__(self, stage: AnyStage, states: StateSlot, sender: FrameSender, plan: CamerasPlan) -> None:
        self._stage = stage
        self._states = states
        self._sender = sender
        self._size = plan.size
        self._period_s = 1.0 / plan.rate_hz
        self._light = plan.turned.light
        self._views: tuple[CameraDescription, ...] = tuple(
            _moved(camera, plan.turned) for camera in stage.cameras if camera.name in plan.cameras
        )
        self._drawn: dict[str, Pixels] = {}
        self._seen = 0
        self._due = time.monotonic()

    def pause_s(self) -> float:
        """Return the time until the next pictures, s; pictures that are late already are left out."""
        self._due = max(self._due + self._period_s, time.monotonic())
        return self._due - time.monotonic()

    def turn(self) -> None:
        """Send one picture of every camera."""
        sample = self._states.read(after=self._seen)
        taken_at = time.monotonic()
        if sample is not None:
            self._seen = sample.sequence
            self._stage.pose(sample.values)
            # Kept while nothing moves: the pictures are sent again at their rate without being drawn again.
            self._drawn.clear()
        for view in self._views:
            if view.name not in self._drawn:
                self._drawn[view.name] = self._draw(view)
            self._sender.send(view.name, _jpeg(self._drawn[view.name], taken_at), taken_at)

    def _draw(self, camera: CameraDescription) -> Pixels:
        pixels = self._stage.renderer.draw(self._stage.standpoint(camera), *self._size)
        # OpenCV compresses blue, green, red; and it needs the memory in one piece.
        colours = np.ascontiguousarray(pixels[:, :, 2::-1])
        if self._light == 1.0:
            return colours
        # In float, because bright pixels would wrap around to dark ones in eight bits.
        lit: Pixels = np.clip(self._light * colours.astype(np.float32), 0.0, 255.0).astype(np.uint8)
        return lit


def _moved(camera: CameraDescription, shift: DrawnShift) -> CameraDescription:
    """Return ``camera`` turned around its target as ``shift`` says."""
    pitch = min(max(camera.pitch_deg + shift.camera_pitch_deg, -_STEEPEST_DEG), _STEEPEST_DEG)
    return msgspec.structs.replace(
        camera,
        yaw_deg=camera.yaw_deg + shift.camera_yaw_deg,
        pitch_deg=pitch,
        distance=camera.distance * shift.camera_distance,
    )


def _jpeg(picture: Pixels, taken_at: float) -> bytes:
    """Compress with the time in a corner, so that no two frames are equal, as with real cameras."""
    stamped = picture.copy()
    place = (8, stamped.shape[0] - 8)
    cv2.putText(stamped, f"{taken_at:.2f} s", place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (190, 190, 190), 1, cv2.LINE_AA)
    done, data = cv2.imencode(".jpg", stamped, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))
    if not done:
        raise RuntimeError(f"A picture of shape {stamped.shape} could not be compressed.")
    return data.tobytes()
