"""A thread of its own for a ZeroMQ socket, so that its receive queue never fills."""

import socket as sockets
import threading
from collections import deque
from collections.abc import Callable, Sequence

import zmq

from mile_desktop.channels.watched_thread import WatchedThread

Parts = list[bytes]
_TURN_MS = 1000
"""Longest wait without a message; ``send`` and ``close`` wake the thread before."""


def _everything(_: Sequence[bytes], _waiting: int) -> bool:
    return True


class SocketPump:
    """Moves messages between a ZeroMQ socket and two bounded lists; only its thread touches the socket.

    libzmq 4.3.5 can abort the whole process (SIGABRT, no handler) when a receive queue is full while the other side
    dies. The thread that uses the messages may be busy for seconds (a vendor's SDK blocks, a picture is decoded). So
    this thread reads at all times and drops the oldest message itself when they are not taken.

    ``receive``, ``wait`` and ``send`` belong to one other thread and never touch the socket.

    Parameters
    ----------
    socket
        Connected or bound; closed by ``close``, with its own linger.
    keep
        Messages that may wait in either direction; older ones are dropped.
    accept
        Called on the pump's thread with a message and the number that wait; False drops the message unread.
    monitor
        The socket's monitor, read here, too; ``on_event`` gets its messages.
    """

    def __init__(
        self,
        socket: "zmq.Socket[bytes]",
        *,
        keep: int,
        accept: Callable[[Sequence[bytes], int], bool] = _everything,
        monitor: "zmq.Socket[bytes] | None" = None,
        on_event: Callable[[Parts], None] = lambda _: None,
    ) -> None:
        self.dropped = 0
        """Messages that were not accepted, or had to make room."""
        self._socket = socket
        self._monitor = monitor
        self._accept = accept
        self._on_event = on_event
        # A deque's append and popleft are atomic, so the two threads need no lock.
        self._incoming: deque[Parts] = deque(maxlen=keep)
        self._outgoing: deque[Parts] = deque(maxlen=keep)
        self._arrived = threading.Event()
        self._running = True
        # A pair of sockets: ZeroMQ can wait for its own sockets and for system handles, but not for Python's locks.
        self._woken, self._wake = sockets.socketpair()
        # Non-blocking: a full pair means that enough wake-ups wait, and an empty one that nothing has to be read.
        for end in (self._woken, self._wake):
            end.setblocking(False)
        self._thread = WatchedThread(self._run, "socket pump", on_failure=self._arrived.set)
        self._thread.start()

    @property
    def failure(self) -> str:
        """The error that ended the thread; empty while it runs. Without it no message arrives or leaves."""
        return self._thread.failure

    def send(self, parts: Parts) -> None:
        """Send as soon as possible; what the socket does not take at once is dropped, because newer ones follow."""
        self._outgoing.append(parts)
        self._wake_up()

    def receive(self, most: int) -> list[Parts]:
        """Return what has arrived, oldest first, ``most`` at a time; never waits."""
        self._arrived.clear()  # before reading: a message that arrives in between sets it again
        found: list[Parts] = []
        while self._incoming and len(found) < most:
            found.append(self._incoming.popleft())
        if self._incoming:
            self._arrived.set()
        return found

    def wait(self, timeout_s: float) -> bool:
        """Wait at most ``timeout_s`` for a message; return whether one is there."""
        return self._arrived.wait(timeout_s)

    def close(self) -> None:
        """Send what waits, end the thread and close the socket."""
        self._running = False
        self._wake_up()
        # A ZeroMQ socket may be closed only when no other thread uses it.
        self._thread.join()
        if self._monitor is not None:
            self._socket.disable_monitor()
            self._monitor.close(0)
        self._socket.close()
        self._woken.close()
        self._wake.close()

    def _wake_up(self) -> None:
        try:
            self._wake.send(b"\0")
        except BlockingIOError:
            return  # enough wake-ups wait already

    def _run(self) -> None:
        # Made on this thread, which alone uses the sockets.
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._woken.fileno(), zmq.POLLIN)
        if self._monitor is not None:
            poller.register(self._monitor, zmq.POLLIN)
        while self._running:
            events = dict(poller.poll(_TURN_MS))
            if self._woken.fileno() in events:
                self._woken.recv(4096)
            # Sent before reading: what waits to go out may be a stop.
            self._send_waiting()
            if self._socket in events:
                self._read()
            # After the messages, so that a cut connection is reported after what arrived over it.
            while self._monitor is not None and self._monitor.poll(0):
                self._on_event(self._monitor.recv_multipart())
        # Once more: the goodbye may have been queued with the request to end.
        self._send_waiting()

    def _send_waiting(self) -> None:
        while self._outgoing:
            try:
                self._socket.send_multipart(self._outgoing.popleft(), zmq.NOBLOCK)
            except zmq.ZMQError:
                # No connection, or the other side's queue is full. Newer messages follow: nothing is sent again.
                self.dropped += 1

    def _read(self) -> None:
        # bounded, so that a flood cannot keep this thread from sending
        for _ in range(self._incoming.maxlen or 1):
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.ZMQError:
                return
            if not self._accept(parts, len(self._incoming)):
                self.dropped += 1
                continue
            # Counted before the append, which then drops the oldest.
            self.dropped += len(self._incoming) == self._incoming.maxlen
            self._incoming.append(parts)
            self._arrived.set()
