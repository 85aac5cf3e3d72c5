"""A thread whose unexpected end is noticed, because something else depends on it."""

import logging
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)


class WatchedThread:
    """Runs ``target`` once on a daemon thread; an error that it does not handle is kept, logged and reported.

    Python only prints the traceback of a thread that fails, and everything that waits for the thread then waits for
    ever. Code that depends on the thread looks at ``failure``, or is woken by ``on_failure``.

    Parameters
    ----------
    on_failure
        Called on the failing thread, after ``failure`` is set. It should wake those who wait for the thread.
    """

    def __init__(self, target: Callable[[], None], name: str, *, on_failure: Callable[[], None] | None = None) -> None:
        self._target = target
        self._on_failure = on_failure
        self._failure = ""
        # A daemon: a thread that hangs in a driver must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def failure(self) -> str:
        """The error that ended the thread, as ``type: text``; empty while there is none."""
        return self._failure

    @property
    def alive(self) -> bool:
        """Whether the thread was started and has not ended."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end, at most ``timeout_s`` seconds (None: as long as it takes); return whether it has ended.

        A thread that was never started counts as ended.
        """
        # Joining a thread that was never started raises an error.
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._target()
        # Not raised again: Python would only print it, and it is in the log already.
        except BaseException as error:  # noqa: BLE001 - also a SystemExit ends the thread, and must be noticed
            self._failure = f"{type(error).__name__}: {error}"
            _log.exception("The thread %s ended by an error", self._thread.name)
            if self._on_failure is not None:
                self._on_failure()
