"""A robot's camera frames on their way to a window: compressed, on a connection of their own, newest wins."""

import time
from dataclasses import dataclass
from typing import Annotated

import msgspec
import zmq

from mile_desktop.robots.address import CameraPlace, checked_address, with_port
from mile_desktop.robots.client import NetworkRobot
from mile_desktop.robots.driver import RobotError
from mile_desktop.robots.network import ZmqWire, bound_queues, encrypt
from mile_desktop.robots.protocol import Role

MAX_FRAME_BYTES = 8 * 1024 * 1024
_QUEUE = 2
"""Frames that wait; older ones are of no use."""
_SOCKET_BYTES = 256 * 1024
"""What the network may hold: a few frames, not seconds of them."""
_CONNECT_S = 5.0
_PATIENCE_S = 3.0
"""The link only tells the clock and that the robot is there; pictures have an age of their own."""


class FrameHead(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What is said of a frame; its JPEG follows."""

    seq: Annotated[int, msgspec.Meta(ge=0)]
    taken_at: float
    """Robot's monotonic clock, s."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(FrameHead)


@dataclass(frozen=True, slots=True)
class RobotFrame:
    """One frame as it came."""

    jpeg: bytes
    seq: int
    taken_at: float
    """Our monotonic clock, s."""


class FrameSender:
    """Sends frames of a robot's cameras to whoever looks; never waits for anybody. Used by one thread.

    Parameters
    ----------
    socket
        A PUB socket of a ``network.Door``; stays the caller's.
    """

    def __init__(self, socket: "zmq.Socket[bytes]") -> None:
        self._socket = socket
        self._seqs: dict[str, int] = {}

    def send(self, camera: str, jpeg: bytes, taken_at: float | None = None) -> None:
        """Send one frame of ``camera``, taken at this moment of the monotonic clock (now)."""
        seq = self._seqs[camera] = self._seqs.get(camera, 0) + 1
        head = FrameHead(seq=seq, taken_at=time.monotonic() if taken_at is None else taken_at)
        self._socket.send_multipart([_topic(camera), _encoder.encode(head), jpeg], zmq.NOBLOCK)


class FrameReceiver:
    """Receives the frames of one camera of a robot, and keeps a link to it to know its clock. Used by one thread.

    Parameters
    ----------
    place
        Which camera of which robot.

    Raises
    ------
    RobotError
        There is no such robot, or it sends no such camera.
    """

    def __init__(self, place: CameraPlace) -> None:
        self._place = place
        self._robot = NetworkRobot(
            ZmqWire(place.address, place.key),
            time.monotonic,
            name=f"camera {place.camera}",
            role=Role.WATCH,
            patience_s=_PATIENCE_S,
        )
        self._socket: zmq.Socket[bytes] | None = None
        self._seq = 0
        self.damaged = 0
        """Frames that could not be understood."""
        try:
            self._robot.connect(_CONNECT_S)
            self._socket = self._open()
        except RobotError:
            self.close()
            raise

    def _open(self) -> "zmq.Socket[bytes]":
        description, place = self._robot.describe(), self._place
        names = [camera.name for camera in description.cameras]
        if place.camera not in names or not self._robot.frames_port:
            there = ", ".join(names) or "none"
            raise RobotError(f"{description.name} sends no camera {place.camera!r}; it sends {there}.")
        socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        bound_queues(socket, _QUEUE, MAX_FRAME_BYTES)
        socket.setsockopt(zmq.RCVBUF, _SOCKET_BYTES)
        address = with_port(checked_address(place.address), self._robot.frames_port)
        encrypt(socket, address, place.key)
        socket.setsockopt(zmq.SUBSCRIBE, _topic(place.camera))
        socket.connect(address)
        return socket

    def read(self, timeout_s: float) -> RobotFrame | None:
        """Return the newest frame, waiting for one at most so long; None where none came, or one that is none.

        Raises
        ------
        RobotError
            The link to the robot is lost.
        """
        self._robot.attend()
        if not self._robot.report().up:
            raise RobotError(self._robot.obstacle)
        if self._socket is None or not self._socket.poll(max(0, round(timeout_s * 1000))):
            return None
        newest = None
        while (frame := self._next()) is not None:
            newest = frame
        return newest

    def _next(self) -> RobotFrame | None:
        """Take the next usable frame that is there."""
        while self._socket is not None:
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return None
            try:
                _, head_bytes, jpeg = parts
                head = _decoder.decode(head_bytes)
            except (ValueError, msgspec.MsgspecError):
                self.damaged += 1
                continue
            return RobotFrame(jpeg, head.seq, min(self._robot.alignment.ours(head.taken_at), time.monotonic()))
        return None

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close(0)
            self._socket = None
        self._robot.close()


def _topic(camera: str) -> bytes:
    """Return what subscribers filter by; ends so that no name is the beginning of another."""
    return camera.encode("utf-8") + b"\0"
