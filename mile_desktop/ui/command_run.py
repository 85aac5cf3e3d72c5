"""One command of the command line, run beside the window: what would bring in torch, or wait for a disk, runs there."""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal

_GOODBYE_MS = 2000


class CommandRun(QObject):
    """Runs ``mile-desktop … --json`` once; everything here is on the window's thread, and only ``stop`` waits.

    Parameters
    ----------
    words
        The command and its arguments, without ``--json``.
    """

    done = Signal(object)
    """The last object the command said, as a dictionary."""
    failed = Signal(str)
    """Why it did not do it, in one sentence."""

    def __init__(self, words: Sequence[str], parent: QObject) -> None:
        super().__init__(parent)
        self._process = QProcess(self)
        self._process.setProgram(sys.executable)
        self._process.setArguments(["-m", "mile_desktop", *words, "--json"])
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
        self._process.setProcessEnvironment(environment)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._error_occurred)

    def start(self) -> None:
        """Start it."""
        self._process.start()

    def stop(self) -> None:
        """End it, if it still runs; nothing is said any more."""
        self._process.finished.disconnect(self._finished)
        self._process.errorOccurred.disconnect(self._error_occurred)
        if self._process.state() is not QProcess.ProcessState.NotRunning:
            self._process.kill()
            self._process.waitForFinished(_GOODBYE_MS)

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        said = bytes(self._process.readAllStandardOutput().data()).decode().splitlines()
        complaint = bytes(self._process.readAllStandardError().data()).decode(errors="replace").strip().splitlines()
        if code == 0 and status is QProcess.ExitStatus.NormalExit and said:
            answer: dict[str, Any] = json.loads(said[-1])
            self.done.emit(answer)
        else:
            words = complaint[-1] if complaint else f"The command ended with status {code}."
            self.failed.emit(words.removeprefix("mile-desktop: "))

    def _error_occurred(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:  # every other end comes as ``finished``, too
            self.failed.emit(f"{sys.executable} could not be started: {self._process.errorString()}.")
