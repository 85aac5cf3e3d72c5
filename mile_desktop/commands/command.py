"""What a command of the command line is, and how it speaks."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mile_desktop.errors import UserError
from mile_desktop.paths import default_workspace
from mile_desktop.registry.names import INITIAL

Fields = Mapping[str, Any]
Subparsers = "argparse._SubParsersAction[argparse.ArgumentParser]"


class CommandError(UserError):
    """The command cannot go on; the message says what was found, what was expected and what to do."""


class CancelledError(Exception):
    """The person stopped the command."""


@dataclass(frozen=True, slots=True)
class Report:
    """Speaks to people, or with ``--json`` one object a line to programs, on standard output and nothing else there."""

    as_json: bool

    def say(self, fields: Fields, text: str) -> None:
        """Give the same fact in both forms: ``fields`` for programs, ``text`` for people (nothing when empty)."""
        if self.as_json:
            sys.stdout.write(json.dumps(fields) + "\n")
        elif text:
            sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def progress(self, share: float, text: str) -> None:
        """Say how far the work is, to programs only."""
        self.say({"progress": share, "text": text}, "")


@dataclass(frozen=True, slots=True)
class Command:
    """One word of the command line."""

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Report], None]
    """Raises ``CommandError`` or one of the packages' narrow errors."""


def positive(text: str) -> int:
    """Read a whole number above 0, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every command takes."""
    parser.add_argument(
        "--workspace",
        type=Path,
        default=default_workspace(),
        metavar="DIR",
        help="folder of the workspace (%(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line on standard output")


def add_scene_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--scene``."""
    parser.add_argument("--scene", default="peg-insertion", metavar="S", help="see `mile-desktop scenes` (%(default)s)")


def add_policy_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--policy``."""
    parser.add_argument(
        "--policy", default=INITIAL, metavar="P", help="a policy id, a folder, initial or expert (%(default)s)"
    )


def add_workers_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--workers``."""
    parser.add_argument(
        "--workers", type=positive, metavar="N", help="processes that roll out (one for each processor but one)"
    )
