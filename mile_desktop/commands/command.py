"""A command of the command line, and how it reports. Light: read before any command is imported."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mile_desktop.commands.arguments import positive
from mile_desktop.commands.progress_bar import ProgressBar
from mile_desktop.errors import UserError

__all__ = ["CancelledError", "Command", "CommandError", "Report", "positive"]

Fields = Mapping[str, Any]


class CommandError(UserError):
    """The command cannot continue; the message says what was found, what was expected and what to do."""


class CancelledError(Exception):
    """The person cancelled the command."""


@dataclass(frozen=True, slots=True)
class Report:
    """Writes for people, or with ``--json`` one object per line for programs; only this writes to standard output."""

    as_json: bool
    bar: ProgressBar = field(default_factory=ProgressBar)

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
        """Report the share that is done, in [0, 1]: an object for programs, a bar for people at a terminal."""
        self.step({"progress": share, "text": text}, share, text, "")

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
