"""A queue of bytes for a pipe, and the one thread that writes them."""

import threading
from collections import deque
from collections.abc import Hashable
from multiprocessing.connection import Connection

from mile_desktop.channels.watched_thread import WatchedThread

FAREWELL = b""
"""The empty message: the sender closes, and nothing follows. An encoded message is never empty."""


class Outbox:
    """A bounded queue of encoded messages and a daemon thread that writes them to ``connection``.

    ``offer``, ``push`` and ``replace`` may be called from any thread and never wait for the pipe: if the reader stalls,
    messages are dropped or refused, but the caller loses no time.

    Parameters
    ----------
    connection
        Written by this object's thread only.
    name
        Name of the thread.
    capacity
        How many messages may wait.
    """

    def __init__(self, connection: Connection, name: str, capacity: int) -> None:
        self._connection = connection
        self._capacity = capacity
        self._kept: deque[bytes] = deque()
        # A dict keeps one message for each type and the order in which they were first put.
        self._newest: dict[Hashable, bytes] = {}
        self._changed = threading.Condition()
        self._finished = False
        self._broken = False
        self._dropped = 0
        self._thread = WatchedThread(self._write_all, name, on_failure=self._break)

    @property
    def broken(self) -> bool:
        """Whether a write failed because the reader is gone."""
        return self._broken

    @property
    def dropped(self) -> int:
        """How many messages ``push`` dropped since the start."""
        return self._dropped

    def start(self) -> None:
        """Start writing."""
        self._thread.start()

    def offer(self, data: bytes) -> bool:
        """Queue ``data``; return False, and queue nothing, when the queue is full."""
        with self._changed:
            if len(self._kept) >= self._capacity:
                return False
            self._kept.append(data)
            self._changed.notify()
            return True

    def push(self, data: bytes) -> None:
        """Queue ``data``; when the queue is full the oldest message is dropped and counted."""
        with self._changed:
            if len(self._kept) >= self._capacity:
                self._kept.popleft()
                self._dropped += 1
            self._kept.append(data)
            self._changed.notify()

    def replace(self, key: Hashable, data: bytes) -> None:
        """Queue ``data`` in place of whatever still waits under ``key``."""
        with self._changed:
            self._newest[key] = data
            self._changed.notify()

    def finish(self, farewell: bytes | None = None) -> None:
        """Let the thread end once everything queued, and then ``farewell``, is written; later messages are ignored."""
        with self._changed:
            # Past the capacity if need be: a full queue must not keep a process from ending.
            if farewell is not None and not self._finished:
                self._kept.append(farewell)
            self._finished = True
            self._changed.notify()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread's end; return whether it has ended."""
        return self._thread.join(timeout_s)

    def _break(self) -> None:
        """Say that nothing is written any more: without its thread the queue would only fill."""
        self._broken = True

    def _write_all(self) -> None:
        while not self._broken and (batch := self._next_batch()):
            try:
                # Outside of the lock: a write can block for as long as the reader stalls.
                for data in batch:
                    self._connection.send_bytes(data)
            except OSError:
                # The reader is gone; the owner of the connection sees that on its reading side, too.
                self._broken = True

    def _next_batch(self) -> list[bytes]:
        """Wait for messages and take one kept message or all newest ones; an empty list means finished."""
        with self._changed:
            while not (self._kept or self._newest or self._finished):
                self._changed.wait()
            # One kept message at a time: those that stay in the queue can still be dropped for newer ones.
            # The farewell comes last, so the newest snapshots go out before it.
            if self._kept and not (self._kept[0] == FAREWELL and self._newest):
                return [self._kept.popleft()]
            batch = list(self._newest.values())
            self._newest.clear()
            return batch
