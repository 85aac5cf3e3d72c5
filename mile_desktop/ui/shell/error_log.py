"""Uncaught errors: written to a log file and shown in one sentence; the window goes on."""

import logging
import sys
import threading
import traceback
from collections import deque
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

import platformdirs
from PySide6.QtCore import QObject, Signal

_LOGGER = logging.getLogger("mile_desktop")
# An error in a timer may come many times a second: what is kept must not grow.
_KEPT = 50
_LOG_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class UncaughtError:
    """One error that no handler caught."""

    summary: str
    """One sentence."""
    details: str
    """The traceback."""


class UncaughtErrors(QObject):
    """Receives uncaught errors from every thread.

    ``caught`` is emitted on the thread of the error. Qt queues the call for receivers that live on the window's thread,
    so they run there.
    """

    caught = Signal(object)
    """An ``UncaughtError``."""

    def __init__(self, log_file: Path | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._log_file = log_file
        self._kept: deque[UncaughtError] = deque(maxlen=_KEPT)
        self._previous = sys.excepthook
        self._previous_threading = threading.excepthook

    @property
    def kept(self) -> tuple[UncaughtError, ...]:
        """The last errors, oldest first."""
        return tuple(self._kept)

    def install(self) -> None:
        """Receive uncaught errors from now on, in every thread."""
        self._previous, self._previous_threading = sys.excepthook, threading.excepthook
        sys.excepthook = self.report
        threading.excepthook = self._report_from_thread

    def uninstall(self) -> None:
        """Restore the handlers from before ``install``."""
        sys.excepthook = self._previous
        threading.excepthook = self._previous_threading

    def report(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Log, keep and announce ``error``; Ctrl-C is passed on."""
        if issubclass(kind, KeyboardInterrupt):
            # Ctrl-C in the terminal should end the program, not appear as an error in the window.
            self._previous(kind, error, trace)
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        _LOGGER.error("Uncaught error\n%s", details)
        entry = UncaughtError(self._summarise(kind, error), details)
        self._kept.append(entry)
        # After the log: if showing the error fails, it is at least written down.
        self.caught.emit(entry)

    def _report_from_thread(self, arguments: threading.ExceptHookArgs) -> None:
        # SystemExit in a thread only ends that thread; Python's own hook ignores it, too.
        if arguments.exc_value is not None and arguments.exc_type is not SystemExit:
            self.report(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    def _summarise(self, kind: type[BaseException], error: BaseException) -> str:
        text = str(error).strip().splitlines()
        reason = f"{kind.__name__}: {text[0].rstrip('.')}" if text else kind.__name__
        where = f" Details are in {self._log_file}." if self._log_file else ""
        return f"The program has an error ({reason}).{where}"


def default_log_file() -> Path:
    """Return where this user's log is kept."""
    return Path(platformdirs.user_log_dir("mile-desktop", appauthor=False)) / "window.log"


def open_log(path: Path) -> Path | None:
    """Log warnings and errors to ``path`` (1 MB, and two older files); return None if it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=2, encoding="utf-8")
    except OSError as error:
        _LOGGER.warning("No log file: %s", error)
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.setLevel(logging.INFO)
    _LOGGER.addHandler(handler)
    return path


def close_log() -> None:
    """Close the files that ``open_log`` has opened."""
    # A copy, because handlers are removed from the list meanwhile.
    for handler in [*_LOGGER.handlers]:
        if isinstance(handler, RotatingFileHandler):
            _LOGGER.removeHandler(handler)
            handler.close()
