"""ZeroMQ on both sides: a client's connection, and the sockets of a robot's side. Encrypted, except on loopback."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zmq
from zmq.utils.monitor import parse_monitor_message

from mile_desktop.robots.address import checked_address, is_loopback
from mile_desktop.robots.driver import RobotError
from mile_desktop.robots.keys import (
    ROBOT,
    WINDOW,
    KeyPair,
    KnownWindows,
    checked_key,
    load_keys,
    make_keys,
    window_keys_folder,
)
from mile_desktop.robots.protocol import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from zmq.auth.thread import ThreadAuthenticator

_FAREWELL_MS = 200
_QUEUE = 64
_HEARTBEAT_MS = 300
_HEARTBEAT_TIMEOUT_MS = 1000
_TAKEN_AT_ONCE = 256
_LARGEST_PORT = 65535

_REFUSED = "the keys were refused; check the robot's public key, and that the robot allows this window"
_NOTHING_THERE = "no program answers there; start the robot's side first"
_SILENT = "a program listens there, but it does not answer like a robot"


class ZmqWire:
    """A client's connection to ``address``; reconnects automatically, and says why nothing arrives.

    Parameters
    ----------
    address
        ``tcp://host:port``.
    robot_key
        The robot's public key; empty only for loopback.
    keys
        The window's keys; by default those of the user, created if they are missing.

    Raises
    ------
    RobotError
        The address is invalid, or it is another machine and there is no key.
    """

    def __init__(self, address: str, robot_key: str = "", keys: KeyPair | None = None) -> None:
        self._address = checked_address(address)
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        self._events: zmq.Socket[bytes] | None = None
        self._problem = _NOTHING_THERE
        try:
            bound_queues(self._socket)
            self._socket.setsockopt(zmq.LINGER, _FAREWELL_MS)
            self._socket.setsockopt(
                zmq.IMMEDIATE, 1
            )  # no queue before the connection stands: old commands must not arrive late
            self._socket.setsockopt(zmq.RECONNECT_IVL, 100)
            self._socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
            self._socket.setsockopt(zmq.CONNECT_TIMEOUT, 2000)
            encrypt(self._socket, self._address, robot_key, keys)
            self._events = self._socket.get_monitor_socket(zmq.EVENT_ALL)
            self._socket.connect(self._address)
        except zmq.ZMQError as error:
            self.close()
            raise RobotError(f"{self.address} cannot be used as an address: {error}.") from error
        except RobotError:
            self.close()
            raise

    @property
    def address(self) -> str:
        """Where the robot is."""
        return self._address

    @property
    def problem(self) -> str:
        """Why no message arrives, as far as it is known."""
        while self._events is not None and self._events.poll(0):
            event = parse_monitor_message(self._events.recv_multipart())
            self._problem = _after(int(event["event"]), self._problem)
        return self._problem

    @property
    def refused(self) -> bool:
        """Whether the keys were refused."""
        return self.problem == _REFUSED

    def send(self, data: bytes) -> bool:
        """Send, or return False where there is no connection or its queue is full."""
        try:
            self._socket.send(data, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def receive(self) -> list[bytes]:
        """Return everything that has arrived; a message of several parts is not ours and becomes empty bytes."""
        found: list[bytes] = []
        for _ in range(_TAKEN_AT_ONCE):
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            found.extend(parts if len(parts) == 1 else [b""])
        return found

    def wait(self, timeout_s: float) -> bool:
        """Wait at most ``timeout_s`` for a message."""
        return bool(self._socket.poll(max(0, round(timeout_s * 1000))))

    def close(self) -> None:
        """Close the connection."""
        if self._events is not None:
            self._socket.disable_monitor()
            self._events.close(0)
            self._events = None
        self._socket.close()


def _after(event: int, problem: str) -> str:
    """Return the known problem after ``event`` of the socket."""
    failed = {
        zmq.EVENT_HANDSHAKE_FAILED_AUTH,
        zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
        zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
    }
    if event in failed:
        return _REFUSED
    if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
        return ""
    if event == zmq.EVENT_CONNECTED:
        return problem if problem == _REFUSED else _SILENT
    if event == zmq.EVENT_DISCONNECTED:
        return problem if problem in {_REFUSED, _SILENT} else "the connection was cut"
    if event == zmq.EVENT_CLOSED:
        return problem or _NOTHING_THERE
    return problem


def encrypt(socket: "zmq.Socket[bytes]", address: str, robot_key: str, keys: KeyPair | None = None) -> None:
    """Give a client's socket its keys; raises ``RobotError`` if it would send clear text to another machine."""
    if not robot_key.strip():
        if not is_loopback(address):
            raise RobotError(
                f"{address} is another machine, and clear text is not sent to it: enter the robot's public key."
            )
        return
    pair = keys or make_keys(window_keys_folder(), WINDOW)
    socket.setsockopt(zmq.CURVE_PUBLICKEY, pair.public)
    socket.setsockopt(zmq.CURVE_SECRETKEY, pair.secret)
    socket.setsockopt(zmq.CURVE_SERVERKEY, checked_key(robot_key))


def bound_queues(socket: "zmq.Socket[bytes]", queue: int = _QUEUE, largest: int = MAX_MESSAGE_BYTES) -> None:
    """Limit queues and message sizes, and let heartbeats detect a half-open connection."""
    socket.setsockopt(zmq.SNDHWM, queue)
    socket.setsockopt(zmq.RCVHWM, queue)
    socket.setsockopt(zmq.MAXMSGSIZE, largest)
    socket.setsockopt(zmq.HEARTBEAT_IVL, _HEARTBEAT_MS)
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, _HEARTBEAT_TIMEOUT_MS)
    socket.setsockopt(zmq.HANDSHAKE_IVL, 2000)
    socket.setsockopt(zmq.LINGER, 0)


class ServerSockets:
    """The sockets of a robot's side in their own ZeroMQ context, with the keys of the windows that may connect.

    Parameters
    ----------
    bind
        Address of the network interface; anything but loopback needs keys.
    keys
        Folder of the robot's keys, as ``robot-keys`` makes it; None for clear text on loopback.

    Raises
    ------
    RobotError
        Clear text would leave this machine, or the folder holds no keys.
    """

    def __init__(self, bind: str = "127.0.0.1", keys: Path | None = None) -> None:
        if keys is None and not is_loopback(bind):
            raise RobotError(
                f"{bind} can be reached from other machines, and clear text is not served there: "
                "make keys with `mile-desktop robot-keys DIR` and name them with --keys DIR."
            )
        self._bind = f"[{bind}]" if ":" in bind else bind
        self._pair = load_keys(keys, ROBOT) if keys is not None else None
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._guard: ThreadAuthenticator | None = None
        if keys is not None:
            self._guard = _guarded(self._context, keys)

    @property
    def public_key(self) -> str:
        """The key that windows need; empty in clear text."""
        return self._pair.public.decode("ascii") if self._pair else ""

    def open(self, kind: int, port: int = 0, *, queue: int = _QUEUE) -> tuple["zmq.Socket[bytes]", int]:
        """Return a bound socket and its port (``port``, or with 0 any that is free); raises ``RobotError``."""
        if not 0 <= port <= _LARGEST_PORT:
            raise RobotError(f"{port} is no port; choose 0 (any that is free) to {_LARGEST_PORT}.")
        socket = self._context.socket(kind)
        bound_queues(socket, queue)
        if self._pair is not None:
            socket.setsockopt(zmq.CURVE_SERVER, 1)
            socket.setsockopt(zmq.CURVE_SECRETKEY, self._pair.secret)
            socket.setsockopt(zmq.CURVE_PUBLICKEY, self._pair.public)
        socket.setsockopt(zmq.IPV6, int(":" in self._bind))
        try:
            socket.bind(f"tcp://{self._bind}:{port or '*'}")
        except zmq.ZMQError as error:
            socket.close(0)
            raise RobotError(f"{self._bind}:{port} cannot be served at: {error}. Choose another --port.") from error
        return socket, int(socket.getsockopt_string(zmq.LAST_ENDPOINT).rsplit(":", 1)[1])

    def close(self, sockets: Sequence[Any] = ()) -> None:
        """Close ``sockets`` and the context."""
        for socket in sockets:
            socket.close(_FAREWELL_MS)
        if self._guard is not None:
            self._guard.stop()
        self._context.term()


def _guarded(context: "zmq.Context[zmq.Socket[bytes]]", keys: Path) -> "ThreadAuthenticator":
    """Accept only known windows at the sockets of ``context``."""
    from zmq.auth.thread import ThreadAuthenticator  # noqa: PLC0415 - slow to import, and windows do not need it

    guard = ThreadAuthenticator(context)
    guard.start()
    guard.configure_curve_callback(domain="*", credentials_provider=KnownWindows(keys))
    return guard
