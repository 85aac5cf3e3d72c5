"""Base of the clients: a child process whose messages become Qt signals."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, Literal

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from mile_desktop.channels.errors import ChannelError
from mile_desktop.channels.messages import Shutdown
from mile_desktop.channels.process import ChildProcess
from mile_desktop.channels.watched_thread import WatchedThread
from mile_desktop.processor_time import ProcessorTime, processor_time

POLL_MS = 16
"""One frame of a 60 Hz screen: a message is never shown later than the next frame."""
SILENCE_S = 1.0
"""The promise of the window is that a dead or frozen process is noticed within a second."""

Excused = Literal["nothing", "waiting", "waiting or running"]


class ChildClient(QObject):
    """Owns one child process at a time, reads its messages and notices its end.

    A timer polls the process on the window's thread, so every signal comes from that thread. Only ``close`` waits for
    the child. Commands of the types in ``repeated`` describe a lasting state (what is loaded, settings); the newest of
    each type is sent again to every new process, which thus continues where the old one ended.
    """

    died = Signal(str)
    """The process has ended without being asked; the reason in one sentence."""
    silent = Signal(str)
    """The process has sent nothing for ``silence_s`` although it should; one sentence."""
    heard_again = Signal()
    """A process that was silent sends messages again."""
    refused = Signal(str)
    """A command could not be sent; emitted once until the next restart."""

    repeated: ClassVar[tuple[type, ...]] = ()
    silence_s: ClassVar[float] = SILENCE_S
    loading_s: ClassVar[float] = 90.0
    """Silence after which a process that loads something counts as frozen; slow machines load for many seconds."""
    excused: ClassVar[Excused] = "nothing"
    """Time that does not count as silence.

    - ``nothing``: a person must know of every silence, for example that of the process that drives a robot.
    - ``waiting``: the process was ready to run and other programs had the processors. For a process that is replaced
      without a question: its replacement would need even more processor time.
    - ``waiting or running``: also what it computed. For a process whose answers may take any time.
    """

    def __init__(self, parent: QObject | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._clock = clock
        self._child: ChildProcess[Any] | None = None
        self._retiring: WatchedThread | None = None
        # Type → the newest command of it; sent again to each new process.
        self._standing: dict[type, msgspec.Struct] = {}
        self._loading_since: float | None = None
        """Since when it loads something; set and cleared by subclasses."""
        self._quiet_since = 0.0
        self._times_then: ProcessorTime | None = None
        self._said_silent = False
        self._said_refused = False
        self._said_dead = False
        self._restart_wanted = False
        self._closed = False
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self.poll)

    # ── for the window ───────────────────────────────────────────────────────────────────────────────────────────

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._child is not None and self._child.alive

    @property
    def pid(self) -> int:
        """Process id; 0 while there is none."""
        return self._child.pid if self._child is not None else 0

    def start(self) -> None:
        """Start the process; commands may be sent at once."""
        if self._child is not None and not self._child.alive:
            self._child.stop(0.0)  # closes the pipes of a process that has ended; it does not wait
        self._child = self._make_child()
        # Cleared, because a client can be started again after ``close``.
        self._closed = False
        self._said_silent = self._said_refused = self._said_dead = False
        self._child.start()
        # Also before the first message: the end of a process that fails while it imports must be noticed.
        self._timer.start()
        for kind in self.repeated:
            if kind in self._standing:
                self.send(self._standing[kind])

    def send(self, command: msgspec.Struct) -> bool:
        """Queue ``command``; return False if that is not possible (``refused`` gives the reason)."""
        # Remembered even if it cannot be sent now: the next process needs it.
        if isinstance(command, self.repeated):
            self._standing[type(command)] = command
        if self._child is None:
            return False
        try:
            self._child.send(command)
        except ChannelError as error:
            # Once, because the caller may send ten commands a second.
            if not self._said_refused:
                self._said_refused = True
                self.refused.emit(str(error))
            return False
        return True

    def restart(self) -> None:
        """End the process if it still exists, and start a new one with the ``repeated`` commands.

        Returns at once. To end a frozen process takes up to a second, so a thread does that; the poll timer starts the
        new process when the thread has finished.
        """
        # A second request while one is under way would start two processes.
        if self._closed or self._restart_wanted:
            return
        self._restart_wanted = True
        if self._child is not None:
            self._retiring = WatchedThread(partial(self._child.stop, 0.5), "retiring")
            self._retiring.start()
        self._timer.start()

    def close(self, timeout_s: float = 3.0) -> None:
        """Ask the process to end, and kill it after ``timeout_s``; nothing runs when this returns."""
        self._closed = True
        # The timer must not read from a child that is being stopped.
        self._timer.stop()
        if self._retiring is not None:
            self._retiring.join()
            self._retiring = None
        if self._child is not None:
            self._say_goodbye(self._child)
            self._child.stop(timeout_s)
            # The last messages, for example that the running episode is on disk.
            self._receive(self._child.drain())
            self._child = None

    def poll(self) -> None:
        """Read the messages and check the process; called by the timer."""
        if self._restart_wanted:
            self._finish_restart()
            return
        child = self._child
        if child is None:
            return
        # Checked before reading: what a process has sent before its end is then read in this poll, not lost.
        ended = not child.alive
        self._receive(child.drain())
        if ended:
            self._announce_end(child)
        else:
            self._watch_silence(child)

    # ── for subclasses ───────────────────────────────────────────────────────────────────────────────────────────

    def _make_child(self) -> ChildProcess[Any]:
        """Return a new process that is not started yet."""
        raise NotImplementedError

    def _receive(self, events: Sequence[Any]) -> None:
        """Pass ``events`` on as signals, oldest first."""
        raise NotImplementedError

    def _should_speak(self) -> bool:
        """Whether the process should send messages now, so that silence means it is frozen."""
        raise NotImplementedError

    def _longest_silence_s(self) -> float:
        """Return how long a process that should send messages may be silent."""
        return self.silence_s

    def _ended(self, reason: str) -> None:
        """Handle an end that was not requested."""
        self.died.emit(reason)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _finish_restart(self) -> None:
        if self._retiring is not None:
            if self._retiring.alive:
                return
            failure, self._retiring = self._retiring.failure, None
            if failure and self.alive:
                # Two processes would use the same memory and devices, so no second one is started.
                self._restart_wanted = False
                self.refused.emit(f"The process could not be ended ({failure}). Close the window and open it again.")
                return
        self._restart_wanted = False
        self.start()

    def _announce_end(self, child: ChildProcess[Any]) -> None:
        if not self._said_dead:
            self._said_dead = True
            # A process that has ended sends nothing more. ``start`` starts the timer again.
            self._timer.stop()
            self._ended(child.exit_reason)

    def _watch_silence(self, child: ChildProcess[Any]) -> None:
        since, limit_s = child.last_heard, self._longest_silence_s()
        expected = self._should_speak()
        if not expected and self._loading_since is not None:
            # What it was asked for long after its last message is no older than the question.
            since, limit_s, expected = max(since, self._loading_since), self.loading_s, True
        if since != self._quiet_since and self.excused != "nothing":
            self._quiet_since, self._times_then = since, processor_time(child.pid)
        quiet_s = self._clock() - since
        is_silent = expected and quiet_s > limit_s and quiet_s - self._excused_s(child) > limit_s
        if is_silent and not self._said_silent:
            self._said_silent = True
            self.silent.emit(f"The {child.name} has not answered for {quiet_s:.0f} s and may be frozen.")
        elif self._said_silent and not is_silent:
            self._said_silent = False
            self.heard_again.emit()

    def _excused_s(self, child: ChildProcess[Any]) -> float:
        """Return how much of its silence the process is excused for, s."""
        now, then = processor_time(child.pid) if self.excused != "nothing" else None, self._times_then
        if now is None or then is None:
            return 0.0
        waited_s = now.waited - then.waited
        return waited_s + (now.ran - then.ran if self.excused == "waiting or running" else 0.0)

    def _say_goodbye(self, child: ChildProcess[Any]) -> None:
        try:
            child.send(Shutdown())
        except ChannelError:
            # the process has ended or does not listen; the caller stops it in any case
            self._said_refused = True
