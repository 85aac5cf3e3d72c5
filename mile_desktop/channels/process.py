"""The window's side of a child process."""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from types import UnionType
from typing import Any, Generic, TypeVar

import msgspec

from mile_desktop.channels.errors import ChannelClosedError, ChannelFullError
from mile_desktop.channels.outbox import FAREWELL, Outbox
from mile_desktop.channels.watched_thread import WatchedThread

EventT = TypeVar("EventT")

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""Longer messages are refused: frames go through shared memory and episodes through files, not through pipes."""

ORPHAN_GRACE_S = 10.0
"""Time for a child to end normally after the window has died."""

ORPHAN_EXIT_CODE = 70
"""Exit status of a child that did not end within the grace time."""

_TERMINATE_S = 0.5
_KILL_S = 2.0


class ChildFailed(msgspec.Struct, frozen=True, tag=True):
    """Last message of a child whose target raised an error; sent by ``run_child`` only."""

    text: str


def run_child(target: Callable[..., None], connection: Connection, arguments: tuple[Any, ...]) -> None:
    """Run ``target(connection, *arguments)`` in the child process; if it raises, send the reason to the window.

    Ctrl-C in a terminal reaches every process of the window, but only the window handles it: it then ends its children
    in order, so that a running episode is closed.
    """
    # Set in the child, because a spawned process does not inherit a Python handler.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # If it fails, the closed pipe still ends this process (``Endpoint.closed``), except where the main thread hangs.
    WatchedThread(_end_with_parent, "orphan watch").start()
    try:
        target(connection, *arguments)
    except Exception as error:
        # The reason is sent before the exception ends the process: afterwards the pipe is closed.
        with contextlib.suppress(OSError):  # the window may be gone; the traceback still goes to stderr
            connection.send_bytes(msgspec.msgpack.encode(ChildFailed(f"{type(error).__name__}: {error}")))
        raise


def _end_with_parent() -> None:
    """Wait for the parent's end; then end this process, unless it ends normally before.

    ``os._exit`` because the main thread may hang in a driver or in C code, where no exception reaches it.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        # Waits in the kernel, costs nothing, and also notices a parent that was killed.
        parent.join()
        time.sleep(ORPHAN_GRACE_S)
        os._exit(ORPHAN_EXIT_CODE)


class ChildProcess(Generic[EventT]):
    """A spawned process, the typed messages to and from it, and whether it is alive.

    Every method may be called from the window's thread. Only ``stop`` and ``wait`` wait for the child. Two threads
    serve the pipe: one writes what ``send`` has queued, the other decodes the child's messages and notices its end. No
    child outlives the window: it is a daemon of this process, its pipe closes when this process dies
    (``Endpoint.closed``), and ``ORPHAN_GRACE_S`` later it is ended by force.

    Parameters
    ----------
    name
        Its name in messages, for example ``rollout worker``.
    target
        Importable function, called in the child as ``target(connection, *arguments)``.
    arguments
        Plain values for ``target``.
    event_type
        Type, or closed union, of the messages the child may send.
    command_capacity
        How many commands may wait for the child before ``send`` refuses.
    event_capacity
        How many events may wait for ``drain`` before the oldest are dropped and counted.
    """

    def __init__(
        self,
        name: str,
        target: Callable[..., None],
        arguments: Sequence[Any] = (),
        *,
        event_type: type[EventT] | UnionType,
        command_capacity: int = 256,
        event_capacity: int = 4096,
    ) -> None:
        self.name = name
        # Spawn and not fork: the window has threads and Qt, and a forked child would inherit their locks in an unknown
        # state.
        context = multiprocessing.get_context("spawn")
        self._connection, self._child_connection = context.Pipe(duplex=True)
        # A daemon, so that Python's own exit ends it if the window forgets to.
        self._process = context.Process(
            target=run_child, args=(target, self._child_connection, tuple(arguments)), name=name, daemon=True
        )
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(event_type)
        self._failure_decoder = msgspec.msgpack.Decoder(ChildFailed)
        self._outbox = Outbox(self._connection, f"{name}: commands", command_capacity)
        # Full means that the window's thread stalls. Then the oldest events are of the least use.
        self._events: deque[EventT] = deque(maxlen=event_capacity)
        self._reader = WatchedThread(self._read_all, f"{name}: events", on_failure=self._reader_failed)
        self._ended = threading.Event()
        self._started = False
        self._pid = 0
        self._stopping = False
        self._failure = ""
        self._exit_reason = ""
        self._dropped = 0
        # Written by the reading thread, read by the window's without a lock: a float is replaced in one step.
        self._last_heard = time.monotonic()

    @property
    def pid(self) -> int:
        """Process id; 0 before the start."""
        return self._pid

    @property
    def alive(self) -> bool:
        """Whether the child was started and has not ended."""
        return self._started and not self._ended.is_set()

    @property
    def exit_reason(self) -> str:
        """Why the child is gone, in one sentence; empty while it lives."""
        return self._exit_reason

    @property
    def last_heard(self) -> float:
        """``time.monotonic()`` of the last message (or of the start), by which a frozen child is noticed."""
        return self._last_heard

    @property
    def dropped_events(self) -> int:
        """Number of events that were dropped because ``drain`` was not called in time."""
        return self._dropped

    def start(self) -> None:
        """Start the process and the two threads.

        Raises
        ------
        ChannelClosedError
            If it was started before; a process starts once.
        """
        if self._started:
            raise ChannelClosedError(f"The {self.name} was started before; make a new one to start it again.")
        self._process.start()
        self._started = True
        self._pid = self._process.pid or 0
        # Only the child may hold its end of the pipe: otherwise the pipe would stay open after the child has died.
        self._child_connection.close()
        # A spawned process imports for seconds. Its silence counts from the start and not from when this object was
        # made.
        self._last_heard = time.monotonic()
        self._outbox.start()
        self._reader.start()

    def send(self, command: msgspec.Struct) -> None:
        """Queue ``command`` for the child; never waits.

        Raises
        ------
        ChannelFullError
            If the child has not taken commands for so long that the queue is full.
        ChannelClosedError
            If the child is not running.
        """
        # After ``stop`` nothing may follow the farewell.
        if not self.alive or self._stopping:
            reason = self._exit_reason or f"The {self.name} is not running."
            raise ChannelClosedError(f"{reason} {type(command).__name__} was not sent.")
        if self._outbox.broken:
            raise ChannelClosedError(f"The {self.name} cannot be sent anything any more. Restart it.")
        if not self._outbox.offer(self._encoder.encode(command)):
            raise ChannelFullError(
                f"The {self.name} does not take commands; {type(command).__name__} was not sent. Restart it."
            )

    def drain(self) -> list[EventT]:
        """Return, and forget, every event that has arrived, oldest first."""
        events: list[EventT] = []
        # The reading thread may append meanwhile. ``popleft`` is atomic, so emptying until the error needs no lock.
        with contextlib.suppress(IndexError):
            while True:
                events.append(self._events.popleft())
        return events

    def wait(self, timeout_s: float) -> bool:
        """Wait for the child's end at most ``timeout_s`` seconds; return whether it has ended."""
        return self._ended.wait(timeout_s)

    def stop(self, timeout_s: float = 2.0) -> None:
        """Send the farewell, wait ``timeout_s`` seconds, terminate, kill; process and threads have ended on return.

        Events that arrived before the end can still be drained. Calling it again does nothing.
        """
        if not self._started:
            self._connection.close()
            self._child_connection.close()
            return
        # Before the farewell: the reading thread then describes the end as wanted and not as a failure.
        self._stopping = True
        self._outbox.finish(FAREWELL)
        # A child that reads its pipe closes its files and ends. SIGTERM ends one that only computes, SIGKILL one that
        # hangs in a driver.
        if not self._ended.wait(timeout_s):
            self._process.terminate()
        if not self._ended.wait(_TERMINATE_S):
            self._process.kill()
        self._ended.wait(_KILL_S)
        self._reader.join(_KILL_S)
        self._outbox.join(_KILL_S)
        # Last, because both threads use it until they have ended.
        self._connection.close()
        # Its two pipes would stay open until Python collects garbage. The window allocates little, so that can take an
        # hour. An error means that the process still exists: not even SIGKILL ends one that hangs in a driver.
        with contextlib.suppress(ValueError):
            self._process.close()

    def _read_all(self) -> None:
        """Body of the reading thread: events until the pipe or the process ends, then the reason."""
        try:
            while self._read_one():
                self._last_heard = time.monotonic()
        except (OSError, EOFError):
            # The normal end: the child has closed its end of the pipe.
            self._outbox.finish()
        except msgspec.MsgspecError as error:
            self._failure = f"it sent a message that is not one of its events ({error})"
            # A child that sends other bytes than agreed is of another version or damaged. What it says later cannot be
            # trusted.
            self._process.kill()
        self._exit_reason = self._describe_end(self._exit_code())
        self._outbox.finish()
        # Last: who waits for the end finds the reason in place.
        self._ended.set()

    def _reader_failed(self) -> None:
        """End the child: its messages, and its end, would not be noticed any more."""
        self._process.kill()
        self._process.join(_KILL_S)
        self._exit_reason = f"The {self.name} was ended: its messages could not be read ({self._reader.failure})."
        self._outbox.finish()
        self._ended.set()

    def _read_one(self) -> bool:
        """Wait for a message or the end; False when the process has ended with nothing left to read."""
        # Waits for both, because a grandchild may hold the pipe open after the child has died.
        ready = wait([self._connection, self._process.sentinel])
        # The process may have ended right after its last message, which is read first.
        if self._connection not in ready and not self._connection.poll(0):
            return False
        data = self._connection.recv_bytes(MAX_MESSAGE_BYTES)
        try:
            event: EventT = self._decoder.decode(data)
        # Not one of the agreed events. The only other message is the reason of a failure, sent by ``run_child``.
        except msgspec.ValidationError:
            self._failure = self._failure_decoder.decode(data).text
            return True
        if len(self._events) == self._events.maxlen:
            self._dropped += 1
        self._events.append(event)
        return True

    def _exit_code(self) -> int:
        """Wait for the exit status; a child that has closed its pipe but does not end is killed here."""
        # The pipe closes a moment before the process ends, so its status may not be there yet.
        self._process.join(_KILL_S)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        code = self._process.exitcode
        return 0 if code is None else code

    def _describe_end(self, code: int) -> str:
        if self._failure:
            return f"The {self.name} failed: {self._failure.rstrip('.')}."
        if self._stopping:
            return f"The {self.name} was stopped."
        if code < 0:
            return f"The {self.name} was killed by {_signal_name(-code)}."
        return f"The {self.name} ended with exit code {code}."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
