"""The window's side of a training run: starts a trainer, follows its log, cancels it.

The trainer runs in a session of its own, at low priority. It outlives the window, and ``attach`` finds it again. All
that the window knows of it comes from ``progress.jsonl`` in the run's folder, because that file outlives the window.
"""

import contextlib
import logging
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import psutil
from PySide6.QtCore import QObject, QTimer, Signal

from mile_desktop.errors import UserError
from mile_desktop.learning.progress import AnyRunEvent, Cancelled, Failed, Finished
from mile_desktop.learning.run_log import EVENT_FILE, TEXT_FILE, read_events

_log = logging.getLogger(__name__)

POLL_MS = 150
NICENESS = 10
CANCEL_S = 10.0
"""A trainer that has not ended this long after ``cancel`` is killed."""
_ERROR_LENGTH = 400
_LEFT_RUNNING: list["subprocess.Popen[bytes]"] = []
"""Trainers that are not followed any more; as their parent, this process must still collect their exit status."""


def _lower_session(pid: int, niceness: int) -> None:
    """Give the session of process ``pid`` the priority ``niceness`` against the window's session.

    Linux with automatic groups, the default of desktop systems, first divides the processor evenly between sessions;
    niceness counts only within one. Without this the trainer would get as much as window, worker and viewer together.
    """
    group = Path("/proc", str(pid), "autogroup")
    if not group.exists():
        return
    try:
        group.write_text(str(niceness))
    except OSError as error:
        # the training goes on all the same; only the window may be slower beside it
        _log.warning("The trainer's session keeps ordinary priority: %s", error)


class TrainerRunningError(UserError, RuntimeError):
    """A second training was requested while one runs."""


class TrainerClient(QObject):
    """Follows at most one training run; everything runs on the window's thread and nothing waits."""

    event_read = Signal(object)
    """Each event of ``learning.progress``, once and in order."""
    running_changed = Signal(bool)
    niceness = NICENESS
    """Of the trainers that are started; 0 where no person supervises while they run."""

    def __init__(self, parent: QObject | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._clock = clock
        self._folder: Path | None = None
        self._offset = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._process: psutil.Process | None = None
        self._errors: IO[bytes] | None = None
        self._over = False
        self._cancelled_at: float | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self.poll)

    @property
    def running(self) -> bool:
        """Whether a training is followed."""
        return self._folder is not None

    @property
    def pid(self) -> int | None:
        """Process id to remember for ``attach``."""
        return self._process.pid if self._process is not None else None

    @property
    def run_folder(self) -> Path | None:
        """Folder of the run that is followed."""
        return self._folder

    def start(self, command: Sequence[str], run_folder: Path) -> None:
        """Start ``command`` and follow the log in ``run_folder``.

        Raises
        ------
        TrainerRunningError
            If a run is followed already.
        OSError
            If the command cannot be started.
        """
        self._refuse_second()
        # ``poll`` collects the exit status of those that have ended. Otherwise they would stay as zombies.
        _LEFT_RUNNING[:] = [child for child in _LEFT_RUNNING if child.poll() is None]
        # A file and no pipe: after the window has closed nothing reads a pipe, and a full one stops the trainer.
        errors = tempfile.TemporaryFile()  # noqa: SIM115 – read when the trainer has ended
        try:
            child = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                # So that a signal to the window's group, such as Ctrl+C in a terminal, does not end the training.
                start_new_session=True,
            )
        except OSError:
            errors.close()
            raise
        self._child, self._errors = child, errors
        # It can have failed already. The first poll reports that.
        with contextlib.suppress(psutil.NoSuchProcess):
            self._process = psutil.Process(child.pid)
            if self.niceness:
                self._process.nice(self.niceness)
                _lower_session(child.pid, self.niceness)
        self._follow(run_folder)

    def attach(self, run_folder: Path, pid: int) -> bool:
        """Follow a run that an earlier window has started; return whether its trainer still runs.

        The events are emitted again from the first one. A run that has ended meanwhile is read to its end.
        """
        self._refuse_second()
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process = psutil.Process(pid)
            # The system reuses process ids, so the command line must name this run.
            if any(run_folder.name in part for part in process.cmdline()):
                self._process = process
        alive = self._process is not None
        if alive or (run_folder / EVENT_FILE).exists():
            self._follow(run_folder)
            self.poll()
        return alive

    def cancel(self) -> None:
        """Ask the trainer to stop; ``Cancelled`` follows."""
        # Once: the second press must not restart the time until the kill.
        if self.running and self._cancelled_at is None:
            self._cancelled_at = self._clock()
            self._send(signal.SIGTERM)

    def leave(self) -> None:
        """Stop following; the trainer goes on, and the next window can attach to it."""
        self._timer.stop()
        if self._child is not None:
            _LEFT_RUNNING.append(self._child)
        self._forget()

    def poll(self) -> None:
        """Read new events and notice the end; called by the timer."""
        if self._folder is None:
            return
        # Checked before reading: events that a trainer has written before its end are then read in this poll.
        alive = self._is_alive()
        for each in self._read():
            self._over = self._over or isinstance(each, (Finished, Cancelled, Failed))
            self.event_read.emit(each)
        if not alive:
            self._ended()
        # A trainer that computes in C code may not see the signal.
        elif self._cancelled_at is not None and self._clock() - self._cancelled_at > CANCEL_S:
            self._send(signal.SIGKILL)

    def _follow(self, run_folder: Path) -> None:
        self._folder, self._offset, self._over, self._cancelled_at = run_folder, 0, False, None
        self._timer.start()
        self.running_changed.emit(True)

    def _read(self) -> list[AnyRunEvent]:
        if self._folder is None:
            return []
        events, self._offset = read_events(self._folder / EVENT_FILE, self._offset)
        return events

    def _is_alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        if self._process is None:
            return False
        try:
            return bool(self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    def _ended(self) -> None:
        # Read before ``_forget``, which closes the error file.
        last = None if self._over else self._last_event()
        self._timer.stop()
        self._forget()
        if last is not None:
            # After the state is cleared: the receiver may start another training at once.
            self.event_read.emit(last)
        self.running_changed.emit(False)

    def _last_event(self) -> AnyRunEvent:
        """Return the event for a trainer that ended without writing its last one."""
        if self._cancelled_at is not None:
            return Cancelled()
        log = f"{self._folder / TEXT_FILE}" if self._folder is not None else TEXT_FILE
        error = self._error_text()
        code = self._child.returncode if self._child is not None else None
        how = f" with status {code}" if code is not None else ""
        why = f": {error}" if error else f"; its output is in {log}"
        return Failed(text=f"The trainer ended{how} before it was done{why}. Press Retrain to start again.")

    def _error_text(self) -> str:
        if self._errors is None:
            return ""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1].rstrip(".")[:_ERROR_LENGTH] if lines else ""

    def _forget(self) -> None:
        if self._errors is not None:
            self._errors.close()
        self._folder = self._child = self._process = self._errors = None

    def _send(self, number: signal.Signals) -> None:
        # The process id may belong to another program after the trainer has ended.
        if self.pid is not None and self._is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _refuse_second(self) -> None:
        if self.running:
            raise TrainerRunningError(f"A training is running already in {self._folder}; wait for it or cancel it.")
