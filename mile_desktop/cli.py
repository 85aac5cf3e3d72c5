"""The command line: the same engine as the window's, without a window, with output for people or for programs."""

import argparse
import difflib
import errno
import io
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module

import mile_desktop
from mile_desktop.commands import (
    arguments,
    dataset_arguments,
    generation_arguments,
    operator_arguments,
    study_arguments,
)
from mile_desktop.commands.command import (
    CancelledError,
    Command,
    CommandError,
    Interruption,
    Report,
    interrupted_by_signals,
)
from mile_desktop.errors import UserError
from mile_desktop.privacy import private_files

_CANCELLED = 130
_BACKGROUND_NICENESS = 10
"""At most the priority that any command sets itself: without privileges it can only be lowered further."""
_EXIT_STATUS = "Exit status: 0 success, 1 error, 2 wrong usage, 130 cancelled. Without a command the window opens."


def _run_of(module: str) -> Callable[[argparse.Namespace, Report], None]:
    """Return the ``run`` function of a command's module, which is imported when it is called."""

    def run(options: argparse.Namespace, report: Report) -> None:
        import_module(f"mile_desktop.commands.{module}").run(options, report)

    return run


def _add_window_arguments(parser: argparse.ArgumentParser) -> None:
    from mile_desktop import app  # noqa: PLC0415 - the other commands do not wait for it

    app.add_arguments(parser)


def _open_window(options: argparse.Namespace, _: Report) -> None:
    from mile_desktop import app  # noqa: PLC0415 - the other commands do not wait for it

    status = app.run(options)
    if status:
        raise CommandError(f"The window ended with status {status}; the reason is above or in its log.")


def _add_completion_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="shell to write the script for")


def _write_completion(options: argparse.Namespace, _: Report) -> None:
    import shtab  # noqa: PLC0415 - the other commands do not wait for it

    sys.stdout.write(shtab.complete(_parser(None), options.shell) + "\n")


WINDOW = Command("window", "open the window; also without any command", _add_window_arguments, _open_window)
COMPLETION = Command("completion", "write a shell's completion script", _add_completion_arguments, _write_completion)
STUDY = Command("study", "run, simulate, export and analyse a study", study_arguments.study, _run_of("study"))
_WITHOUT_WORKSPACE = (WINDOW, COMPLETION, STUDY)
"""Commands without the arguments of all others: they open no workspace, or one that an argument of theirs names."""

COMMANDS = (
    WINDOW,
    *(
        Command(add.__name__.replace("_", "-"), text, add, _run_of(add.__name__))
        for add, text in (
            (arguments.scenes, "list the scenes, or begin one of your own"),
            (arguments.rollout, "run episodes and record them, with or without a simulated supervisor"),
            (operator_arguments.episodes, "list the recorded episodes, with their operators, outcomes and tags"),
            (arguments.check_data, "find doubtful steps of takeovers, and the symmetry that a training would use"),
            (arguments.train, "retrain a policy from the recorded episodes"),
            (generation_arguments.generate, "generate episodes with a model of you, in simulated scenes that differ"),
            (arguments.explain_loss, "find what in the data made a retrained policy worse"),
            (arguments.policies, "list the policies with their parents and evaluations"),
            (arguments.promote, "choose the policy that runs in its scene from now on"),
            (arguments.rollback, "promote the policy again that was promoted before"),
            (arguments.evaluate, "success of policies on fixed seeds"),
            (arguments.compare, "compare two policies on the same starts"),
            (arguments.calibrate, "fit cost and scale to the recorded interventions"),
            (arguments.predict, "score the prediction of takeovers on held-out episodes"),
            (arguments.forecast, "refit the forecast of takeovers to the recorded episodes"),
            (arguments.band, "when the forecast is unusual for a policy that nobody has corrected yet"),
            (arguments.scorecard, "every predictor of takeovers on chosen episodes"),
            (arguments.threshold, "calls and unannounced takeovers at every line for the alarm"),
            (arguments.doctor, "recover episodes after a crash and check the workspace"),
            (arguments.bundle, "make again what ships with the program for a scene"),
            (arguments.export_policy, "copy a policy to a zip archive or a folder"),
            (arguments.import_policy, "add a policy from elsewhere after checking it"),
            (dataset_arguments.export_dataset, "write recorded episodes as a data set for other programs"),
            (dataset_arguments.import_dataset, "add the episodes of a data set from elsewhere to a scene"),
            (arguments.words, "show what a line of words is understood as; nothing moves"),
            (arguments.serve_robot, "serve a scene as a stand-in for a robot"),
            (arguments.robot_keys, "make the keys of a robot or a window, and allow windows"),
            (arguments.install_launcher, "put the window and its icon into the desktop's menu"),
        )
    ),
    STUDY,
    COMPLETION,
)
"""Every command. Its arguments are the function of its name in ``commands.arguments``, its ``run`` is in its module."""


def main(given: Sequence[str] | None = None) -> int:
    """Run one command.

    Errors that a person can correct (``UserError``, and errors of the operating system that name a file) become one
    line on standard error. Every other exception is a fault of the program and passes, so that its traceback is shown;
    the interpreter then ends with status 1 as well.

    Returns
    -------
    0 after success, 1 after an error, 2 after wrong usage, 130 when cancelled.
    """
    # torch reads this when it is imported: these networks are too small for a second thread to be worth its start
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal without UTF-8 gets a question mark in place of a sign that it lacks, and not an error.
        sys.stdout.reconfigure(errors="replace")
    arguments_given = list(sys.argv[1:] if given is None else given) or [WINDOW.name]
    try:
        options = _parse(arguments_given)
    except SystemExit as ending:  # argparse has printed the error or the help
        return int(ending.code or 0)
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, format="mile-desktop: %(message)s")
    command: Command = options.command
    if getattr(options, "background", False) and hasattr(os, "nice"):
        # Here and not only in the command: importing torch takes seconds of processor time, and the window starts such
        # commands after every episode, while a robot may move.
        os.nice(_BACKGROUND_NICENESS)
    report = Report(options.json)
    try:
        with interrupted_by_signals(), private_files():
            command.run(options, report)
    except (CancelledError, Interruption, KeyboardInterrupt):
        sys.stderr.write("mile-desktop: cancelled\n")
        return _CANCELLED
    except UserError as error:
        return _fail(str(error))
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            place = (
                error.filename
                or f"the workspace {getattr(options, 'workspace', '')}, of {tempfile.gettempdir()} or of the target"
            )
            return _fail(f"The disk of {place} is full. Free some space there, then run the command again.")
        if error.filename is None or not error.strerror:
            raise
        return _fail(f"{error.filename}: {error.strerror.lower()}; check it, or choose another place.")
    finally:
        report.close()
    return 0


def _fail(message: str) -> int:
    sys.stderr.write(f"mile-desktop: {' '.join(message.split())}\n")
    return 1


def _parse(given: Sequence[str]) -> argparse.Namespace:
    # options before the command take no value, so the first argument that is no option is the command
    asked_for = next((each for each in given if not each.startswith("-")), "")
    parser = _parser(asked_for)
    if given[0] == asked_for and asked_for not in {command.name for command in COMMANDS}:
        parser.error(_unknown(asked_for))
    return parser.parse_args(given)


def _parser(asked_for: str | None) -> argparse.ArgumentParser:
    """Return the parser with the arguments of the command ``asked_for``; None: of every command."""
    parser = argparse.ArgumentParser(prog="mile-desktop", description=mile_desktop.__doc__, epilog=_EXIT_STATUS)
    parser.add_argument("--version", action="version", version=f"mile-desktop {mile_desktop.__version__}")
    parsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        its_parser = parsers.add_parser(command.name, help=command.help, description=command.help)
        its_parser.set_defaults(command=command, json=False, verbose=False)
        if asked_for not in (None, command.name):
            continue  # some functions import choices, which no other command should wait for
        if command not in _WITHOUT_WORKSPACE:
            arguments.add_common(its_parser)
        command.add_arguments(its_parser)
    return parser


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, [command.name for command in COMMANDS], n=1)
    hint = f"did you mean {close[0]}?" if close else "`mile-desktop --help` lists the commands."
    return f"there is no command {name!r}; {hint}"
