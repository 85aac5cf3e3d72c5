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
from mile_desktop.robots.loopback import loopback_secret
from mile_desktop.robots.protocol import MAX_MESSAGE_BYTES
from mile_desktop.robots.socket_pump import SocketPump

if TYPE_CHECKING:
    from zmq.auth.thread import ThreadAuthenticator

_FAREWELL_MS = 200
_QUEUE = 64
_LOST_MS = 3000
"""TCP gives up a connection whose data are not confirmed for this long."""
_KEEPALIVE_S = 1
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
        self.secret = b"" if robot_key.strip() or not is_loopback(address) else loopback_secret()
        self._problem = _NOTHING_THERE
        # DEALER to ROUTER: both sides may send at any time. A request socket would lock up after one lost answer.
        socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        try:
            self._prepare(socket, robot_key, keys)
            # Before ``connect``, or the first events would be missed.
            monitor = socket.get_monitor_socket(zmq.EVENT_ALL)
            socket.connect(self._address)
        except (zmq.ZMQError, RobotError) as error:
            # The monitor has a socket of its own, which would keep the context from ending.
            socket.disable_monitor()
            socket.close(0)
            if isinstance(error, RobotError):
                raise
            raise RobotError(f"{self.address} cannot be used as an address: {error}.") from error
        self._pump = SocketPump(socket, keep=_TAKEN_AT_ONCE, monitor=monitor, on_event=self._follow)

    def _prepare(self, socket: "zmq.Socket[bytes]", robot_key: str, keys: KeyPair | None) -> None:
        bound_queues(socket)
        # Time for the goodbye, which frees the robot for other windows.
        socket.setsockopt(zmq.LINGER, _FAREWELL_MS)
        socket.setsockopt(zmq.IMMEDIATE, 1)  # no queue before the connection stands: old commands must not arrive late
        # From a tenth of a second to one: a robot's side that is started again is found before a person looks for it.
        socket.setsockopt(zmq.RECONNECT_IVL, 100)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        # TCP's own would try one attempt for minutes, and a cable that is plugged in again would not be noticed.
        socket.setsockopt(zmq.CONNECT_TIMEOUT, 2000)
        encrypt(socket, self._address, robot_key, keys)

    def _follow(self, message: list[bytes]) -> None:
        """Keep what an event of the socket says about the connection; on the pump's thread."""
        self._problem = _after(int(parse_monitor_message(message)["event"]), self._problem)

    @property
    def address(self) -> str:
        """Where the robot is."""
        return self._address

    @property
    def problem(self) -> str:
        """Why no message arrives, as far as it is known."""
        if self._pump.failure:
            return f"the connection's thread ended by an error ({self._pump.failure}); select the robot again"
        return self._problem

    @property
    def refused(self) -> bool:
        """Whether the keys were refused."""
        return self.problem == _REFUSED

    def send(self, data: bytes) -> None:
        """Send; without a connection, or with a full queue, the message is dropped."""
        self._pump.send([data])

    def receive(self) -> list[bytes]:
        """Return everything that has arrived; a message of several parts is not ours and becomes empty bytes."""
        return [parts[0] if len(parts) == 1 else b"" for parts in self._pump.receive(_TAKEN_AT_ONCE)]

    def wait(self, timeout_s: float) -> bool:
        """Wait at most ``timeout_s`` for a message."""
        return self._pump.wait(timeout_s)

    def close(self) -> None:
        """Close the connection."""
        self._pump.close()


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
        # Wrong keys lead to connect, refuse, cut, and again. The refusal stays the reason until a handshake succeeds.
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
    # The window's pair is made at its first use, so that a person needs only the robot's key.
    pair = keys or make_keys(window_keys_folder(), WINDOW)
    socket.setsockopt(zmq.CURVE_PUBLICKEY, pair.public)
    socket.setsockopt(zmq.CURVE_SECRETKEY, pair.secret)
    socket.setsockopt(zmq.CURVE_SERVERKEY, checked_key(robot_key))


def bound_queues(socket: "zmq.Socket[bytes]", queue: int = _QUEUE, largest: int = MAX_MESSAGE_BYTES) -> None:
    """Limit queues and message sizes, and let TCP itself detect a half-open connection.

    ZeroMQ's heartbeats stay off: with them, libzmq 4.3.5 aborts the process when a queue is full (libzmq #3937, #4364,
    #4767). The protocol has its own heartbeat, the intents and their answers.
    """
    socket.setsockopt(zmq.SNDHWM, queue)
    socket.setsockopt(zmq.RCVHWM, queue)
    socket.setsockopt(zmq.MAXMSGSIZE, largest)
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, _KEEPALIVE_S)
    socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, _KEEPALIVE_S)
    socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, _LOST_MS // 1000)
    socket.setsockopt(zmq.TCP_MAXRT, _LOST_MS)
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
        self.secret = loopback_secret() if keys is None else b""
        """What clients must prove to know; empty where their keys are checked."""
        # Not the shared instance: the guard answers for every socket of its context, and ``close`` waits for them all.
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
            raise RobotError(f"{port} is not a port; choose 0 (any that is free) to {_LARGEST_PORT}.")
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

    @property
    def failure(self) -> str:
        """Why no window can connect any more; empty while the thread that checks keys runs."""
        if self._guard is None or self._guard.is_alive():
            return ""
        return "the thread that checks the keys of windows has ended"

    def close(self, sockets: Sequence[Any] = ()) -> None:
        """Close ``sockets`` and the context."""
        for socket in sockets:
            # A pump closes its own socket on its own terms.
            socket.close(_FAREWELL_MS) if isinstance(socket, zmq.Socket) else socket.close()
        if self._guard is not None:
            # Before ``term``, which waits for every socket of the context, the guard's included.
            self._guard.stop()
        self._context.term()


def _guarded(context: "zmq.Context[zmq.Socket[bytes]]", keys: Path) -> "ThreadAuthenticator":
    """Accept only known windows at the sockets of ``context``."""
    from zmq.auth.thread import ThreadAuthenticator  # noqa: PLC0415 - slow to import, and windows do not need it

    guard = ThreadAuthenticator(context)
    guard.start()
    guard.configure_curve_callback(domain="*", credentials_provider=KnownWindows(keys))
    return guard
