"""The program with the window: arguments, display, theme. Qt is imported late: spawned processes import this module."""

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import mile_desktop
from mile_desktop.errors import UserError
from mile_desktop.operators.no_operator import NO_SUPERVISOR
from mile_desktop.paths import ICON, default_workspace
from mile_desktop.privacy import private_files
from mile_desktop.processes import rollout_worker
from mile_desktop.rollout.messages import LoadSession

if TYPE_CHECKING:
    from mile_desktop.ui.application import Application
    from mile_desktop.ui.composition import Composition

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
_SIGNAL_POLL_MS = 200
_UNATTENDED_SPEED = 2.0
"""No person watches the unattended run, so its episodes pass twice as fast as in real time."""

_RUN_FILES = ("workspace", "camera", "preferences.json", "cameras.json", "robots.json")
"""What an unattended run makes in its folder, and the next one removes."""
_RUN_MARK = ".mile-desktop-run"


class OutputInUseError(UserError):
    """An unattended run cannot use the folder: it holds files that no such run has made, or is a person's workspace."""


WindowScript = Callable[["Composition", Path, Callable[[int], None]], object]
"""Uses the window in place of a person. Called once after the start with the window's parts, the folder of the run and
a function that ends the program with an exit status."""


def main(
    arguments: Sequence[str] | None = None,
    *,
    script: WindowScript | None = None,
    worker: Callable[..., None] = rollout_worker,
) -> int:
    """Open the window and return the exit status; without a display, run it unattended.

    Parameters
    ----------
    arguments
        The command line; by default that of the process.
    script
        Uses the window that a person would use; for measurements.
    worker
        Entry point of the rollout worker's process.
    """
    parser = argparse.ArgumentParser(prog="mile-desktop window", description="MILE Desktop's window.")
    parser.add_argument("--version", action="version", version=f"MILE Desktop {mile_desktop.__version__}")
    add_arguments(parser)
    return run(parser.parse_args(arguments), script=script, worker=worker)


def run(
    options: argparse.Namespace,
    *,
    script: WindowScript | None = None,
    worker: Callable[..., None] = rollout_worker,
) -> int:
    """Open the window with options that ``add_arguments`` describes, see ``main``."""
    with private_files():
        try:
            return _start(options, script, worker)
        except OutputInUseError as error:
            sys.stderr.write(f"mile-desktop: {error}\n")
            return 1


def _start(options: argparse.Namespace, script: WindowScript | None, worker: Callable[..., None]) -> int:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # for the child processes: several of them share the cores
    if not has_display():
        # Said first: an offscreen window shows nothing, and a person would wait for one.
        sys.stdout.write("No display: the same window runs offscreen, unattended, with a simulated supervisor.\n")
        sys.stdout.flush()
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        # Without a screen no person can use the window, so a script has to.
        options.unattended = options.unattended or not options.screenshots
    if options.workspace and (options.unattended or options.screenshots):
        raise OutputInUseError(
            f"A run without a person records into --output and not into {options.workspace}; leave --workspace out, or "
            "start the window on a display."
        )
    if options.screenshots:
        return _run(options, _fresh(options.output), partial(_take_screenshots, options), worker)
    if options.study_persons:
        return _run(options, None, partial(_simulate_study, options), worker)
    if options.unattended:
        return _run(options, _fresh(options.output), partial(_run_unattended, options), worker)
    return _run(options, None, script, worker)


def has_display() -> bool:
    """Whether there is a screen for the window, or the environment names another way to show it."""
    return sys.platform != "linux" or any(os.environ.get(name) for name in _DISPLAYS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the window's options."""
    parser.add_argument("--workspace", type=Path, metavar="DIR", help="folder to record into (the one used last)")
    parser.add_argument("--scene", metavar="S", help="scene to load (the one used last)")
    parser.add_argument("--policy", default="", metavar="P", help="policy to load: an id, a folder, initial or expert")
    parser.add_argument(
        "--operator",
        default=NO_SUPERVISOR,
        metavar="O",
        help="simulated supervisor, as in `rollout` (unattended: segment)",
    )
    parser.add_argument("--preferences", type=Path, metavar="FILE", help="remembered choices (the user's)")
    parser.add_argument("--unattended", action="store_true", help="work with a simulated supervisor, then end")
    parser.add_argument("--screenshots", type=Path, metavar="DIR", help="take pictures of every page, then end")
    parser.add_argument(
        "--study-persons", type=int, default=0, metavar="N", help="simulated persons for the study in --workspace"
    )
    parser.add_argument("--study-population", type=Path, metavar="FILE", help="of these persons (the one that ships)")
    parser.add_argument("--study-pictures", type=Path, metavar="DIR", help="save pictures of the first session there")
    parser.add_argument("--rounds", type=int, default=2, metavar="N", help="of an unattended run (%(default)s)")
    parser.add_argument("--episodes", type=int, default=4, metavar="N", help="in each of its rounds (%(default)s)")
    parser.add_argument("--starts", type=int, default=20, metavar="N", help="to compare on after each (%(default)s)")
    parser.add_argument("--epochs", type=int, default=0, metavar="N", help="of its trainings (as the panel proposes)")
    parser.add_argument(
        "--output", type=Path, default=Path("out/unattended"), metavar="DIR", help="of an unattended run (%(default)s)"
    )


def _run_unattended(
    options: argparse.Namespace, parts: "Composition", folder: Path, finish: Callable[[int], None]
) -> None:
    from mile_desktop.ui.automation.unattended import Extent, Unattended  # noqa: PLC0415

    extent = Extent(options.rounds, options.episodes, options.starts, options.epochs)
    Unattended(parts, folder, finish, extent).start()


def _take_screenshots(
    options: argparse.Namespace, parts: "Composition", folder: Path, finish: Callable[[int], None]
) -> None:
    from mile_desktop.ui.automation.screenshots import Screenshots  # noqa: PLC0415

    Screenshots(parts, options.screenshots, finish, folder / "camera").start()


def _simulate_study(options: argparse.Namespace, parts: "Composition", _: Path, finish: Callable[[int], None]) -> None:
    from mile_desktop.ui.automation.study_run import StudyRun, StudyRunPlan  # noqa: PLC0415

    plan = StudyRunPlan(options.study_persons, options.study_population, options.study_pictures)
    StudyRun(parts, plan, finish).start()


def _fresh(folder: Path) -> Path:
    """Remove what an earlier unattended run has left in its folder; everything else in there stays.

    Only a folder with the mark of such a run is cleared: a workspace of that name may be a person's.

    Raises ``OutputInUseError``.
    """
    mark = folder / _RUN_MARK
    taken = [name for name in _RUN_FILES if (folder / name).exists()]
    # earlier versions made no mark, but every run of theirs left its log beside the workspace
    if taken and not mark.exists() and not (folder / "window.log").exists():
        raise OutputInUseError(
            f"{folder} holds {', '.join(taken)}, which no unattended run has made; nothing was deleted. Choose another "
            "folder with --output, or move that away."
        )
    for name in _RUN_FILES:
        target = folder / name
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text("An unattended run of MILE Desktop made this folder; the next one clears it.\n", encoding="utf-8")
    return folder


def _run(
    options: argparse.Namespace, folder: Path | None, script: WindowScript | None, worker: Callable[..., None]
) -> int:
    """Build the window and run it; ``folder``: no person uses it, and everything it writes stays in there."""
    from PySide6.QtCore import QTimer  # noqa: PLC0415
    from PySide6.QtGui import QIcon  # noqa: PLC0415
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415

    from mile_desktop.ui.composition import compose  # noqa: PLC0415
    from mile_desktop.ui.shell.error_log import UncaughtErrors, close_log, default_log_file, open_log  # noqa: PLC0415
    from mile_desktop.ui.shell.garbage_collector import GarbageCollector  # noqa: PLC0415
    from mile_desktop.ui.shell.main_window import close_every_window  # noqa: PLC0415
    from mile_desktop.ui.shell.preferences import PreferenceStore  # noqa: PLC0415
    from mile_desktop.ui.theme import theme  # noqa: PLC0415

    app = QApplication(sys.argv[:1])
    app.setApplicationName("MILE Desktop")
    app.setApplicationVersion(mile_desktop.__version__)
    app.setDesktopFileName("mile-desktop")  # Wayland finds the icon by it, see `mile-desktop install-launcher`
    app.setWindowIcon(QIcon(str(ICON)))
    # Ends in reverse order: windows and their processes first, then the handler of uncaught errors, then the log that
    # it writes to.
    with ExitStack() as stack:
        preferences = PreferenceStore(folder / "preferences.json" if folder else options.preferences)
        # Before the window is built, whose parts ask for colours; it takes its stylesheet when it is complete.
        theme.prepare(app, preferences.value.theme, preferences.value.ui_scale)
        theme.follow_system(app)
        uncaught = UncaughtErrors(open_log(folder / "window.log" if folder else default_log_file()))
        stack.callback(close_log)
        uncaught.install()
        stack.callback(uncaught.uninstall)
        stack.callback(close_every_window)  # also after an error: with the windows their processes end
        parts = compose(preferences, plan=_plan(options, folder), worker=worker, early=True)
        application = parts.application
        if folder is None:
            _meet_person(parts, guided=script is None)
        uncaught.caught.connect(application.window.show_uncaught)
        application.worker.session_loaded.connect(GarbageCollector(application).freeze_loaded)
        _close_on_signals(application)

        def finish(status: int) -> None:
            application.window.close()
            # By itself Qt would end with status 0 when its last window is closed.
            app.exit(status)

        QTimer.singleShot(0, application.start)
        if script is not None:
            QTimer.singleShot(0, partial(script, parts, folder or Path(), finish))
        return app.exec()


def _meet_person(parts: "Composition", *, guided: bool) -> None:
    """Prepare the window for a person; ``guided``: offer the guided start."""
    # Not in an unattended run, which closes its window itself: a question would wait for an answer for ever.
    parts.application.window.ask_before_closing(parts.may_close)
    if guided:
        parts.guide.offer()


def _plan(options: argparse.Namespace, folder: Path | None) -> LoadSession | None:
    """Return what to load in place of what is remembered; None where the command line names nothing."""
    if folder is not None:
        return LoadSession(
            workspace=str(folder / "workspace"),
            scene=options.scene or "peg-insertion",
            policy=options.policy,
            simulated_operator="segment" if options.operator == NO_SUPERVISOR else options.operator,
            speed=_UNATTENDED_SPEED,
        )
    if not (options.workspace or options.scene or options.policy or options.operator != NO_SUPERVISOR):
        return None
    return LoadSession(
        workspace=str(options.workspace or default_workspace()),
        scene=options.scene or "peg-insertion",
        policy=options.policy,
        simulated_operator=options.operator,
    )


def _close_on_signals(application: "Application") -> None:
    from PySide6.QtCore import QTimer  # noqa: PLC0415

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, partial(_quit, application))
    # Python handles signals only between its own instructions, and while Qt waits there are none.
    poll = QTimer(application)
    poll.timeout.connect(_run_python)
    poll.start(_SIGNAL_POLL_MS)


def _quit(application: "Application", _number: int, _frame: object) -> None:
    """Close without questions, as the system demands; what was recorded is kept in any case."""
    application.window.ask_before_closing(_without_asking)
    application.window.close()


def _run_python() -> None:
    """Do nothing, in Python: pending signal handlers run now."""


def _without_asking() -> bool:
    return True
