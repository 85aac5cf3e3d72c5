"""A command of the command line, and how it reports. Light: read before any command is imported."""

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from mile_desktop.channels.watched_thread import WatchedThread
from mile_desktop.commands.arguments import positive
from mile_desktop.commands.progress_bar import ProgressBar
from mile_desktop.errors import Interruption, UserError

__all__ = ["CancelledError", "Command", "CommandError", "Interruption", "Report", "interrupted_by_signals", "positive"]

_END_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_AGAIN_S = 0.3
_FIRST_ESTIMATE_S = 3.0
"""Before so much time has passed, the time left would be a guess from the start of the program."""

Fields = Mapping[str, Any]


class CommandError(UserError):
    """The command cannot continue; the message says what was found, what was expected and what to do."""


class CancelledError(Exception):
    """The person cancelled the command."""


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Raise ``Interruption`` in the block when SIGINT or SIGTERM arrives, so that files and processes are put away.

    For every command; one that has something to save first sets handlers of its own for that time. Does nothing outside
    of the main thread, where Python allows no handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    again: list[WatchedThread] = []
    over = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature is the operating system's
        if _is_ending(sys.exception()):
            return
        # Code in C may drop an exception that is raised within it, as numpy does where it makes texts of numbers. The
        # signal is repeated until the block has ended.
        again.append(
            WatchedThread(lambda: None if over.wait(_AGAIN_S) else os.kill(os.getpid(), number), "interruption")
        )
        again[-1].start()
        raise Interruption

    before = {number: signal.signal(number, interrupt) for number in _END_SIGNALS}
    try:
        yield
    finally:
        over.set()
        for thread in again:
            thread.join()  # a repeated signal must not meet the handlers from before, which may end the process
        for number, handler in before.items():
            # None: a handler that was not set from Python cannot be set again from there.
            if handler is not None:
                signal.signal(number, handler)


def _is_ending(error: BaseException | None) -> bool:
    """Whether the interruption is on its way out: what is put away meanwhile must not be interrupted again."""
    while error is not None:
        if isinstance(error, Interruption):
            return True
        error = error.__context__
    return False


@dataclass(frozen=True, slots=True)
class Report:
    """Writes for people, or with ``--json`` one object per line for programs; only this writes to standard output."""

    as_json: bool
    bar: ProgressBar = field(default_factory=ProgressBar)
    began: float = field(default_factory=time.monotonic)

    def say(self, fields: Fields, text: str) -> None:
        """Report one fact in both forms: ``fields`` for programs, ``text`` for people (nothing when empty)."""
        self.bar.clear()
        if self.as_json:
            sys.stdout.write(json.dumps(fields) + "\n")
        elif text:
            sys.stdout.write(text + "\n")
        # The window reads this through a pipe, where Python would otherwise keep the lines until the buffer is full.
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """Say something beside the command's result; on the error stream, so that programs read only the result."""
        sys.stderr.write(f"mile-desktop: {' '.join(text.split())}\n")
        sys.stderr.flush()

    def progress(self, share: float, text: str) -> None:
        """Report the share that is done, in [0, 1]: an object for programs, a bar for people at a terminal.

        The object has ``seconds_left`` once that can be estimated from the speed so far.
        """
        elapsed = time.monotonic() - self.began
        fields: dict[str, object] = {"progress": share, "text": text}
        if share > 0 and elapsed > _FIRST_ESTIMATE_S:
            fields["seconds_left"] = round(elapsed * (1 - share) / share, 1)
        self.step(fields, share, text, "")

    def step(self, fields: Fields, share: float, text: str, line: str) -> None:
        """Report a step of long work: ``fields`` for programs, a bar at a terminal, else ``line`` ("": nothing)."""
        if not self.as_json and self.bar.possible:
            self.bar.show(share, text)
        else:
            self.say(fields, line)

    def draw(self, share: float, text: str) -> None:
        """Draw a bar for people at a terminal; programs get no line, because the results come one by one."""
        if not self.as_json:
            self.bar.show(share, text)

    def close(self) -> None:
        """Remove the bar."""
        self.bar.clear()


@dataclass(frozen=True, slots=True)
class Command:
    """One command."""

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Report], None]
    """Raises ``UserError`` for everything a person can correct, and ``CancelledError``."""
