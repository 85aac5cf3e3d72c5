"""Stopping a training on request."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def cancelled_by_signals() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM and SIGINT set, instead of ending the process; main thread only.

    Its ``is_set`` is what ``run_training`` takes as ``cancelled``.
    """
    event = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature is the operating system's
        event.set()

    # The handlers from before come back at the end: in the window's own process they belong to others.
    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
