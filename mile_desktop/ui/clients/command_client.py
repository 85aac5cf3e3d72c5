"""Runs one command of the command line in a process of its own, and reads its JSON output line by line."""

import json
import sys
from collections.abc import Sequence

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from mile_desktop.ui.widgets.dates import time_text

_KILL_MS = 3000
"""A command that has not ended this long after ``cancel`` is killed."""
_CLOSE_MS = 1000


def progress_of(fields: dict[str, object]) -> tuple[float, str]:
    """Return the finished share, in [0, 1], and the text of a progress that a command has said, with the time left."""
    left = fields.get("seconds_left")
    text = str(fields["text"])
    return float(str(fields["progress"])), text if left is None else f"{text} · {time_text(float(str(left)))} left"


class CommandClient(QObject):
    """Runs ``mile-desktop WORD --json …`` and emits its output; everything runs on the window's thread.

    For work that takes seconds and can be killed at any time: the process ends with the window. Trainings outlive the
    window and have a ``TrainerClient``.
    """

    said = Signal(dict)
    """Each JSON object that the command writes."""
    finished = Signal()
    """The command has succeeded."""
    failed = Signal(str)
    """The command has failed; the reason in one sentence."""
    cancelled = Signal()
    """The command was ended by ``cancel``."""
    running_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._rest = b""
        self._cancelling = False
        self._closed = False
        self._killer = QTimer(self)
        self._killer.setSingleShot(True)
        self._killer.setInterval(_KILL_MS)
        self._killer.timeout.connect(self._kill)

    @property
    def running(self) -> bool:
        """Whether a command runs."""
        return self._process is not None

    def start(self, word: str, *arguments: str) -> bool:
        """Start a command; return False if another one still runs, or after ``close``."""
        return self.start_program([sys.executable, "-m", "mile_desktop", word, "--json", *arguments])

    def start_program(self, command: Sequence[str]) -> bool:
        """Start any program that writes one JSON object per line; otherwise as ``start``."""
        if self._process is not None or self._closed:
            return False
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        # Without it, Python collects lines in a buffer as soon as the output is no terminal, and progress comes all at
        # once.
        environment.insert("PYTHONUNBUFFERED", "1")
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._ended)
        process.errorOccurred.connect(self._broken)
        # Before ``start``, whose failure is reported in a signal that reads these fields.
        self._process, self._rest, self._cancelling = process, b"", False
        process.start(command[0], list(command[1:]))
        self.running_changed.emit(True)
        return True

    def cancel(self) -> None:
        """Ask the command to end; ``cancelled`` follows."""
        if self._process is not None and not self._cancelling:
            self._cancelling = True
            self._process.terminate()
            self._killer.start()

    def close(self) -> None:
        """Kill the command without any signal, and wait at most a second; for the end of the window.

        No command starts afterwards: the worker still closes its episode then, and its message would start a count that
        outlives the window.
        """
        self._closed = True
        # Forgotten first: the signals of the kill then find nothing to report.
        process = self._process
        self._forget()
        if process is not None:
            process.kill()
            process.waitForFinished(_CLOSE_MS)

    def _read(self) -> None:
        if self._process is None:
            return
        # The last part has no line feed yet and waits for the rest.
        *lines, self._rest = (self._rest + bytes(self._process.readAllStandardOutput().data())).split(b"\n")
        for line in lines:
            # A cancelled command may still write a result that no one wants.
            if line.strip() and not self._cancelling:
                self.said.emit(json.loads(line))

    def _ended(self, status: int, how: QProcess.ExitStatus) -> None:
        process = self._process
        if process is None:
            return
        # What arrived between the last read and the end.
        self._read()
        words = bytes(process.readAllStandardError().data()).decode(errors="replace").strip().splitlines()
        was_cancelled = self._cancelling
        self._forget()
        # Not deleted here: this runs within a signal of the process.
        process.deleteLater()
        if was_cancelled:
            self.cancelled.emit()
        elif how is QProcess.ExitStatus.NormalExit and status == 0:
            self.finished.emit()
        else:
            # The last line of the error stream is the sentence for people; a traceback ends in it as well.
            self.failed.emit(words[-1].removeprefix("mile-desktop: ") if words else f"It ended with status {status}.")

    def _broken(self, error: QProcess.ProcessError) -> None:
        """Report a program that could not be started; every other end is handled in ``_ended``."""
        process = self._process
        if process is None or error is not QProcess.ProcessError.FailedToStart:
            return
        text = process.errorString()
        self._forget()
        process.deleteLater()
        self.failed.emit(text)

    def _forget(self) -> None:
        self._killer.stop()
        was_running, self._process = self._process is not None, None
        if was_running:
            self.running_changed.emit(False)

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
