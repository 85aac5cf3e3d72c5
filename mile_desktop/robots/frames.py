"""Camera frames from a robot to a window: compressed, on their own connection, newest wins."""

import time
from dataclasses import dataclass
from typing import Annotated

import msgspec
import zmq

from mile_desktop.robots.address import CameraEndpoint, checked_address, with_port
from mile_desktop.robots.client import NetworkRobot
from mile_desktop.robots.driver import RobotError
from mile_desktop.robots.network import ZmqWire, bound_queues, encrypt
from mile_desktop.robots.protocol import Role
from mile_desktop.robots.socket_pump import SocketPump

MAX_FRAME_BYTES = 8 * 1024 * 1024
_QUEUE = 2
"""Frames that may wait; older ones are useless."""
_SOCKET_BYTES = 256 * 1024
"""Size of the network buffer: a few frames, because a large buffer would add seconds of delay."""
_CONNECT_S = 5.0
_PATIENCE_S = 3.0
"""The link only provides the robot's clock and shows that the robot is alive; frames carry their own age."""


class FrameHead(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Header of a frame; the JPEG follows as the next part of the message."""

    seq: Annotated[int, msgspec.Meta(ge=0)]
    taken_at: float
    """Robot's monotonic clock, s."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(FrameHead)


@dataclass(frozen=True, slots=True)
class RobotFrame:
    """One received frame."""

    jpeg: bytes
    seq: int
    taken_at: float
    """Our monotonic clock, s."""


class FrameSender:
    """Sends frames of a robot's cameras to all subscribers; never waits for one. Used by one thread.

    Parameters
    ----------
    socket
        A PUB socket of a ``network.ServerSockets``; stays the caller's.
    """

    def __init__(self, socket: "zmq.Socket[bytes]") -> None:
        self._socket = socket
        self._seqs: dict[str, int] = {}

    def send(self, camera: str, jpeg: bytes, taken_at: float | None = None) -> None:
        """Send one frame of ``camera``, taken at ``taken_at`` of the monotonic clock (default: now)."""
        seq = self._seqs[camera] = self._seqs.get(camera, 0) + 1
        # Taken before the send: the age includes the time in the network.
        head = FrameHead(seq=seq, taken_at=time.monotonic() if taken_at is None else taken_at)
        # A PUB socket drops frames for a subscriber whose queue is full, so one slow window delays no other.
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
        The robot does not answer, or it sends no such camera.
    """

    def __init__(self, place: CameraEndpoint) -> None:
        self._place = place
        self._robot = NetworkRobot(
            ZmqWire(place.address, place.key),
            # The clock of the capture process. The frames' times are translated to it.
            time.monotonic,
            name=f"camera {place.camera}",
            role=Role.WATCH,
            patience_s=_PATIENCE_S,
        )
        self._pump: SocketPump | None = None
        self._seq = 0
        self.damaged = 0
        """Frames that could not be decoded."""
        try:
            self._robot.connect(_CONNECT_S)
            self._pump = SocketPump(self._open(), keep=_QUEUE)
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
        # Has to be set before TCP connects.
        socket.setsockopt(zmq.RCVBUF, _SOCKET_BYTES)
        address = with_port(checked_address(place.address), self._robot.frames_port)
        encrypt(socket, address, place.key)
        socket.setsockopt(zmq.SUBSCRIBE, _topic(place.camera))
        socket.connect(address)
        return socket

    def read(self, timeout_s: float) -> RobotFrame | None:
        """Return the newest frame, after waiting at most ``timeout_s``; None if none arrived or it was damaged.

        Raises
        ------
        RobotError
            The link to the robot is lost.
        """
        # Nothing else keeps this link alive. Without the exchange the clocks would drift apart.
        self._robot.attend()
        if not self._robot.report().up:
            raise RobotError(self._robot.obstacle)
        if self._pump is not None and self._pump.failure:
            raise RobotError(f"The pictures of {self._place.camera} cannot be received: {self._pump.failure}.")
        if self._pump is None or not self._pump.wait(max(0.0, timeout_s)):
            return None
        newest = None
        # All that wait are taken and only the last is used: an older frame would only add delay.
        for parts in self._pump.receive(_QUEUE):
            try:
                _, head_bytes, jpeg = parts
                head = _decoder.decode(head_bytes)
            except (ValueError, msgspec.MsgspecError):
                self.damaged += 1
                continue
            # A frame from the future is an error of the clock estimate. It would look fresh for too long.
            taken_at = min(self._robot.alignment.ours(head.taken_at), time.monotonic())
            newest = RobotFrame(jpeg, head.seq, taken_at)
        return newest

    def expects(self, width: int, height: int) -> bool:
        """Return whether the robot has described a picture of this size, in pixels."""
        described = [each for each in self._robot.describe().cameras if each.name == self._place.camera]
        return any(width <= each.width and height <= each.height for each in described)

    def close(self) -> None:
        """Close the connection."""
        if self._pump is not None:
            self._pump.close()
            self._pump = None
        self._robot.close()


def _topic(camera: str) -> bytes:
    """Return the topic that subscribers filter by; the final zero keeps one name from being the prefix of another."""
    return camera.encode("utf-8") + b"\0"
