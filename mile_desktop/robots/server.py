"""A robot's side at work: one driver, one socket, one loop."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import zmq

from mile_desktop.robots.driver import Measurement, RobotDriver
from mile_desktop.robots.frames import FrameSender
from mile_desktop.robots.host import RobotHost
from mile_desktop.robots.network import Door

DEFAULT_PORT = 5870
_TURN_MS = 4
"""How often the watchdog looks at the clock."""
_FRAMES_QUEUE = 2
_TAKEN_AT_ONCE = 64
"""Messages that are taken before the watchdog has its turn again, however many come."""


class RobotServer:
    """Serves one driver at an address until ``end`` is set.

    Everything but ``end`` and ``send_frame`` belongs to the thread that calls ``serve``.

    Parameters
    ----------
    driver
        Connected by ``serve`` and closed at its end.
    bind, port, keys
        See ``network.Door``; port 0 takes any that is free.
    frames_port
        Where another process sends the robot's camera frames; left out, ``send_frame`` sends them.
    on_measured
        Told of every new measurement, e.g. to draw it; must return at once.

    Raises
    ------
    RobotError
        It cannot be served there, or not without keys.
    """

    def __init__(
        self,
        driver: RobotDriver,
        *,
        bind: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        keys: Path | None = None,
        frames_port: int = 0,
        on_measured: Callable[[Measurement], None] | None = None,
    ) -> None:
        self._driver = driver
        self._door = Door(bind, keys)
        try:
            self._socket, self.port = self._door.open(zmq.ROUTER, port)
        except Exception:
            self._door.close()
            raise
        self.public_key = self._door.public_key
        self._sockets = [self._socket]
        self._frames: FrameSender | None = None
        self._waiting: dict[str, tuple[bytes, float]] = {}
        if driver.describe().cameras and not frames_port:
            socket, frames_port = self._door.open(zmq.PUB, port + 1 if port else 0, queue=_FRAMES_QUEUE)
            self._sockets.append(socket)
            self._frames = FrameSender(socket)
        self._frames_port = frames_port
        self._on_measured = on_measured
        self._shown: Measurement | None = None

    def serve(self, end: threading.Event, *, on_ready: Callable[[], None] = lambda: None) -> None:
        """Connect the driver and serve it; raises whatever connecting raises."""
        try:
            self._driver.connect()
            host = RobotHost(self._driver, time.monotonic, frames_port=self._frames_port)
            on_ready()
            try:
                while not end.is_set():
                    self._turn(host)
            finally:
                host.let_go()
        finally:
            self._driver.close()
            self._door.close(self._sockets)

    def send_frame(self, camera: str, jpeg: bytes, taken_at: float | None = None) -> None:
        """Send one frame of a described camera, taken at this moment of ``time.monotonic`` (now); from any thread.

        Of frames that come faster than they can be sent the newest counts.
        """
        self._waiting[camera] = jpeg, time.monotonic() if taken_at is None else taken_at

    def _turn(self, host: RobotHost) -> None:
        if self._socket.poll(_TURN_MS):
            self._take(host)
        for address, data in host.turn():
            self._send(address, data)
        while self._frames is not None and self._waiting:
            camera, (jpeg, taken_at) = self._waiting.popitem()
            self._frames.send(camera, jpeg, taken_at)
        if self._on_measured is not None and host.measured is not self._shown:
            self._shown = host.measured
            self._on_measured(host.measured)

    def _take(self, host: RobotHost) -> None:
        for _ in range(_TAKEN_AT_ONCE):
            try:
                address, *parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            for to, data in host.receive(address, parts[0] if len(parts) == 1 else b""):
                self._send(to, data)

    def _send(self, address: bytes, data: bytes) -> None:
        try:
            self._socket.send_multipart([address, data], zmq.NOBLOCK)
        except zmq.ZMQError:
            # its queue is full or it has gone: newer states will follow, or nobody needs them
            return
