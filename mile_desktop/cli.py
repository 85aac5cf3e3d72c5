"""The command line: the same engine as the window's, without a window, readable by programs."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import mile_desktop
from mile_desktop.commands.command import CancelledError, Command, CommandError, Report, add_common_arguments

_COMMANDS = (
    "scenes",
    "rollout",
    "train",
    "evaluate",
    "compare",
    "calibrate",
    "predict",
    "forecast",
    "scorecard",
    "doctor",
    "bundle",
    "export-policy",
    "import-policy",
    "serve-robot",
    "robot-keys",
)
"""Module and name of each command; only the module of the one that was asked for is imported."""

_CANCELLED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    0 when it did what was asked, 1 after an error (one line on standard error), 2 for bad usage, 130 when cancelled.
    """
    # read by torch when it is imported: these networks are too small for a second thread to pay
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        parser = _parser(given)
        options = parser.parse_args(given)
    except SystemExit as ending:  # argparse has said what was wrong, or shown the help
        return int(ending.code or 0)
    logging.basicConfig(level=logging.WARNING, format="mile-desktop: %(message)s")
    command: Command = options.command
    try:
        command.run(options, Report(options.json))
    except (CancelledError, KeyboardInterrupt):
        sys.stderr.write("mile-desktop: cancelled\n")
        return _CANCELLED
    except (CommandError, OSError, ValueError, RuntimeError) as error:
        return _fail(error)
    except Exception as error:
        if not type(error).__module__.startswith("mile_desktop"):
            raise
        return _fail(error)
    return 0


def _fail(error: Exception) -> int:
    sentence = " ".join(_words(error).split()) or type(error).__name__
    sys.stderr.write(f"mile-desktop: {sentence}\n")
    return 1


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror.lower()}; check it, or choose another place."
    return str(error)


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mile-desktop", description=mile_desktop.__doc__)
    parser.add_argument("--version", action="version", version=f"mile-desktop {mile_desktop.__version__}")
    words = parser.add_subparsers(metavar="COMMAND", required=True)
    wanted = [name for name in _COMMANDS if name in given] or _COMMANDS
    for name in wanted:
        module = name.replace("-", "_")
        command: Command = getattr(import_module(f"mile_desktop.commands.{module}"), module.upper())
        word = words.add_parser(command.name, help=command.help, description=command.help)
        add_common_arguments(word)
        command.add_arguments(word)
        word.set_defaults(command=command)
    return parser
