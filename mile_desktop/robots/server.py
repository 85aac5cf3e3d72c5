"""Runs a robot's side: one driver, one socket, one loop."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import zmq

from mile_desktop.robots.driver import Measurement, RobotDriver
from mile_desktop.robots.frames import FrameSender
from mile_desktop.robots.host import RobotHost
from mile_desktop.robots.network import ServerSockets
from mile_desktop.robots.rate_limit import RateLimit
from mile_desktop.robots.socket_pump import SocketPump

DEFAULT_PORT = 5870
_TURN_S = 0.004
"""Longest wait for a message, so that the watchdog checks the clock this often."""
_FRAMES_QUEUE = 2
_QUEUE = 512
_LEAST_RATE_HZ = 200.0
_RATE_SHARE = 4.0
"""Messages a second of one connection, as a multiple of the control rate."""
_TAKEN_AT_ONCE = 64
"""Messages that are read before the watchdog runs again: a flood of messages must not block it."""


class RobotServer:
    """Serves one driver at an address until ``end`` is set.

    Everything but ``end`` and ``send_frame`` belongs to the thread that calls ``serve``.

    Parameters
    ----------
    driver
        Connected by ``serve`` and closed at its end.
    bind, port, keys
        See ``network.ServerSockets``; port 0 takes any that is free.
    frames_port
        Port at which another process sends the robot's camera frames; 0: ``send_frame`` sends them.
    on_measured
        Called with every new measurement, for example to draw it; must return at once.
    why
        Why the robot is disarmed at the start, shown in the windows; empty where nothing has happened.
    watch
        Called in every turn; returns why the robot must be disarmed, or an empty string.

    Raises
    ------
    RobotError
        The address cannot be used, or it needs keys.
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
        why: str = "",
        watch: Callable[[], str] = lambda: "",
    ) -> None:
        self._driver = driver
        self._why = why
        self._watch = watch
        self._server_sockets = ServerSockets(bind, keys)
        try:
            socket, self.port = self._server_sockets.open(zmq.ROUTER, port)
        # The guard's thread and the context would stay behind in a process that goes on.
        except Exception:
            self._server_sockets.close()
            raise
        self.public_key = self._server_sockets.public_key
        # an intent comes once in every control step; four times that leaves room for greetings and pauses
        rate_hz = max(_LEAST_RATE_HZ, _RATE_SHARE * driver.describe().rate_hz)
        self._rates = RateLimit(rate_hz, crowded=_QUEUE // 2)
        self._pump = SocketPump(socket, keep=_QUEUE, accept=self._rates.accept)
        self._sockets: list[SocketPump | zmq.Socket[bytes]] = [self._pump]
        self._frames: FrameSender | None = None
        self._waiting: dict[str, tuple[bytes, float]] = {}
        if driver.describe().cameras and not frames_port:
            frames, frames_port = self._server_sockets.open(zmq.PUB, port + 1 if port else 0, queue=_FRAMES_QUEUE)
            self._sockets.append(frames)
            self._frames = FrameSender(frames)
        self._frames_port = frames_port
        # For a viewer: called on the serving thread, after the messages are sent.
        self._on_measured = on_measured
        self._shown: Measurement | None = None

    def serve(self, end: threading.Event, *, on_ready: Callable[[], None] = lambda: None) -> None:
        """Connect the driver and serve it; raises whatever connecting raises."""
        try:
            self._driver.connect()
            host = RobotHost(
                self._driver,
                time.monotonic,
                frames_port=self._frames_port,
                secret=self._server_sockets.secret,
                why=self._why,
            )
            on_ready()
            # Three levels, closed from the inside out: the host holds the robot, then the driver and the sockets go.
            try:
                while not end.is_set():
                    self._turn(host)
            finally:
                host.shut_down()
        finally:
            self._driver.close()
            self._server_sockets.close(self._sockets)

    def send_frame(self, camera: str, jpeg: bytes, taken_at: float | None = None) -> None:
        """Send one frame of a described camera, taken at ``taken_at`` of ``time.monotonic`` (default: now); any thread.

        Only the newest frame of a camera waits for the serving thread: frames that come too fast are dropped.
        """
        # Written by any thread without a lock: setting and removing one entry of a dict are atomic.
        self._waiting[camera] = jpeg, time.monotonic() if taken_at is None else taken_at

    def _turn(self, host: RobotHost) -> None:
        if failure := self._pump.failure or self._server_sockets.failure:
            # No ``RobotError``, which would end this process without a trace. ``serve`` holds the robot on the way out,
            # and the process that owns the driver starts another one.
            raise RuntimeError(f"The robot's side cannot be reached any more: {failure}")
        if self._pump.wait(_TURN_S):
            self._take(host)
        if (why := self._watch()) and why != host.why:
            host.disarm(why)
        # Read by the pump's thread; a reference is replaced in one step.
        self._rates.driver = host.driver_address
        for address, data in host.turn():
            self._pump.send([address, data])
        while self._frames is not None and self._waiting:
            camera, (jpeg, taken_at) = self._waiting.popitem()
            self._frames.send(camera, jpeg, taken_at)
        if self._on_measured is not None and host.measured is not self._shown:
            self._shown = host.measured
            self._on_measured(host.measured)

    def _take(self, host: RobotHost) -> None:
        for address, *parts in self._pump.receive(_TAKEN_AT_ONCE):
            for to, data in host.receive(address, parts[0] if len(parts) == 1 else b""):
                self._pump.send([to, data])
