"""The child's side of the pipe to the window."""

import threading
from collections import deque
from multiprocessing.connection import Connection
from types import TracebackType, UnionType
from typing import Generic, Self, TypeVar

import msgspec

from mile_desktop.channels.errors import UnreadableMessageError
from mile_desktop.channels.outbox import Outbox
from mile_desktop.channels.process import MAX_MESSAGE_BYTES
from mile_desktop.channels.watched_thread import WatchedThread

CommandT = TypeVar("CommandT")


class Endpoint(Generic[CommandT]):
    """Typed, non-blocking commands from the window and events to it.

    ``receive``, ``send``, ``wait`` and ``closed`` belong to the child's own loop; two daemon threads do the blocking
    reads and writes, so that a window that stalls never costs the loop a tick. Use it as a context manager:
    leaving flushes what is queued (a second at most) and leaves the connection to its owner.

    Parameters
    ----------
    connection
        The child's end of the pipe.
    command_type
        Type, or closed union, of the commands the window may send.
    newest_wins
        Types of which only the newest message matters (snapshots): at most one of each waits. Every other type is
        kept in order, at most ``event_capacity`` of them; beyond that the oldest is dropped and counted.
    command_capacity
        How many commands may wait for ``receive``. Further ones stay in the pipe, until ``send`` at the window refuses.
    """

    def __init__(
        self,
        connection: Connection,
        command_type: type[CommandT] | UnionType,
        *,
        newest_wins: tuple[type, ...] = (),
        event_capacity: int = 1024,
        command_capacity: int = 256,
    ) -> None:
        self._connection = connection
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(command_type)
        self._newest_wins = newest_wins
        self._command_capacity = command_capacity
        # No maxlen: a deque would drop the oldest command without a word. ``_put`` waits instead, and the pipe fills
        # behind it.
        self._commands: deque[CommandT] = deque()
        self._changed = threading.Condition()
        self._window_gone = False
        self._unreadable = ""
        self._outbox = Outbox(connection, "events", event_capacity)
        self._reader = WatchedThread(self._read_all, "commands", on_failure=self._reader_failed)
        # Only after every field exists: both threads use them at once.
        self._outbox.start()
        self._reader.start()

    @property
    def closed(self) -> bool:
        """Whether the window is gone or has closed the channel; the child's loop must end then."""
        return self._window_gone or self._outbox.broken

    @property
    def dropped(self) -> int:
        """Number of kept events that were dropped because the window did not read."""
        return self._outbox.dropped

    def receive(self) -> list[CommandT]:
        """Return, and forget, every command that has arrived, oldest first; never waits.

        Raises
        ------
        UnreadableMessageError
            If the window sent bytes that are not a command; earlier commands were returned before.
        """
        with self._changed:
            commands = list(self._commands)
            self._commands.clear()
            # The reading thread may wait for room.
            self._changed.notify_all()
        # After the commands: those that arrived before the damaged message are still valid.
        if not commands and self._unreadable:
            raise UnreadableMessageError(f"The window sent a message that is not a command: {self._unreadable}.")
        return commands

    def wait(self, timeout_s: float) -> bool:
        """Wait at most ``timeout_s`` seconds for a command or the window's end; return whether there is either."""
        with self._changed:
            self._changed.wait_for(self._has_news, timeout_s)
            return self._has_news()

    def send(self, event: msgspec.Struct) -> None:
        """Queue ``event`` for the window; never waits, and does nothing once the window is gone."""
        # Encoded on the caller's thread, so that the message shows the state of this moment and not of the moment it is
        # written.
        data = self._encoder.encode(event)
        if isinstance(event, self._newest_wins):
            self._outbox.replace(type(event), data)
        else:
            self._outbox.push(data)

    def close(self, flush_s: float = 1.0) -> None:
        """Write what is queued, for at most ``flush_s`` seconds; the daemon threads do not keep the process alive."""
        self._outbox.finish()
        self._outbox.join(flush_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _has_news(self) -> bool:
        return bool(self._commands or self._unreadable or self._window_gone)

    def _read_all(self) -> None:
        try:
            # An empty message is the farewell (``outbox.FAREWELL``) and ends the loop.
            while data := self._connection.recv_bytes(MAX_MESSAGE_BYTES):
                self._put(self._decoder.decode(data))
        except (OSError, EOFError):
            # The normal end: the window has closed the pipe or died.
            self._announce_end()
        except msgspec.MsgspecError as error:
            self._announce_end(str(error))
        else:
            self._announce_end()

    def _reader_failed(self) -> None:
        # without its reader this process would never hear that it must stop
        self._announce_end(f"the reading thread ended by an error ({self._reader.failure})")

    def _put(self, command: CommandT) -> None:
        with self._changed:
            # No timeout: only ``receive`` makes room. A daemon thread that waits here does not keep the process alive.
            self._changed.wait_for(lambda: len(self._commands) < self._command_capacity)
            self._commands.append(command)
            self._changed.notify_all()

    def _announce_end(self, unreadable: str = "") -> None:
        with self._changed:
            # The reason first: ``closed`` is read without the lock.
            self._unreadable = unreadable
            self._window_gone = True
            self._changed.notify_all()
