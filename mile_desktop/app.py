"""The window: arguments, display, theme, desk. Qt is imported late: spawned processes import this module too."""

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
from mile_desktop.operators.no_operator import NO_SUPERVISOR
from mile_desktop.paths import default_workspace
from mile_desktop.rollout.messages import LoadSession

if TYPE_CHECKING:
    from mile_desktop.ui.application import Application
    from mile_desktop.ui.learn.controller import RetrainController

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
_SIGNAL_POLL_MS = 200
_UNATTENDED_SPEED = 2.0
"""Nobody watches, so the episodes of the unattended run pass twice as fast as in real time."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the window and return the exit status; with no display, run it unattended."""
    options = _parser().parse_args(arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # for the processes it starts
    if not has_display():
        sys.stdout.write("No display: the same window runs offscreen, unattended, with a simulated supervisor.\n")
        sys.stdout.flush()
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        options.unattended = options.unattended or not options.screenshots
    if options.screenshots:
        from mile_desktop.ui.automation.screenshots import take_screenshots  # noqa: PLC0415

        return _run(options, _fresh(options.output), take_screenshots(options.screenshots))
    if options.unattended:
        return _run(options, _fresh(options.output), _supervise_unattended(options))
    return _run(options, None, _attend)


def has_display() -> bool:
    """Whether a window can be shown to a person, or somebody has said how else to show it."""
    return sys.platform != "linux" or any(os.environ.get(name) for name in _DISPLAYS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="main.py", description="MILE Desktop's window.")
    parser.add_argument("--version", action="version", version=f"MILE Desktop {mile_desktop.__version__}")
    parser.add_argument("--workspace", type=Path, metavar="DIR", help="folder to record into (the one used last)")
    parser.add_argument("--scene", metavar="S", help="scene to load (the one used last)")
    parser.add_argument("--policy", default="", metavar="P", help="policy to load: an id, a folder, initial or expert")
    parser.add_argument(
        "--operator", default=NO_SUPERVISOR, metavar="O", help="simulated supervisor, as in `mile-desktop rollout`"
    )
    parser.add_argument("--preferences", type=Path, metavar="FILE", help="remembered choices (the user's)")
    parser.add_argument("--unattended", action="store_true", help="two rounds with a simulated supervisor, then end")
    parser.add_argument("--screenshots", type=Path, metavar="DIR", help="picture every page in both themes, then end")
    parser.add_argument("--rounds", type=int, default=2, metavar="N", help="of an unattended run (%(default)s)")
    parser.add_argument("--episodes", type=int, default=4, metavar="N", help="in each of its rounds (%(default)s)")
    parser.add_argument("--starts", type=int, default=20, metavar="N", help="to compare on after each (%(default)s)")
    parser.add_argument("--epochs", type=int, default=0, metavar="N", help="of its trainings (as the panel proposes)")
    parser.add_argument(
        "--output", type=Path, default=Path("out/unattended"), metavar="DIR", help="of an unattended run (%(default)s)"
    )
    return parser


Role = Callable[["Application", "RetrainController", Path, Callable[[int], None]], None]
"""Who sits at the desk; called once it has started, ends the program by its last argument."""


def _attend(
    _application: "Application", _retraining: "RetrainController", _folder: Path, _finish: Callable[[int], None]
) -> None:
    """Leave the desk to the person."""


def _supervise_unattended(options: argparse.Namespace) -> Role:
    from mile_desktop.ui.automation.unattended import Extent, Unattended  # noqa: PLC0415

    extent = Extent(options.rounds, options.episodes, options.starts, options.epochs)

    def sit_down(
        application: "Application", retraining: "RetrainController", folder: Path, finish: Callable[[int], None]
    ) -> None:
        Unattended(application, retraining, folder, finish, extent).start()

    return sit_down


def _fresh(folder: Path) -> Path:
    """Empty the folder of an earlier unattended run, which is all that it is for."""
    for name in ("workspace", "camera", "preferences.json", "cameras.json", "robots.json"):
        target = folder / name
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _run(options: argparse.Namespace, folder: Path | None, role: Role) -> int:
    """Put the window together and run it; ``folder``: nobody sits there, everything stays in it."""
    from PySide6.QtCore import QTimer  # noqa: PLC0415
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415

    from mile_desktop.ui.application import Application  # noqa: PLC0415
    from mile_desktop.ui.close_guard import CloseGuard  # noqa: PLC0415
    from mile_desktop.ui.composition import compose  # noqa: PLC0415
    from mile_desktop.ui.garbage_collector import GarbageCollector  # noqa: PLC0415
    from mile_desktop.ui.shell.error_log import UncaughtErrors, close_log, default_log_file, open_log  # noqa: PLC0415
    from mile_desktop.ui.shell.preferences import PreferenceStore  # noqa: PLC0415
    from mile_desktop.ui.theme import theme  # noqa: PLC0415

    app = QApplication(sys.argv[:1])
    app.setApplicationName("MILE Desktop")
    with ExitStack() as stack:
        preferences = PreferenceStore(folder / "preferences.json" if folder else options.preferences)
        theme.apply(app, preferences.value.theme, preferences.value.ui_scale)
        theme.follow_system(app)
        uncaught = UncaughtErrors(open_log(folder / "window.log" if folder else default_log_file()))
        stack.callback(close_log)
        uncaught.install()
        stack.callback(uncaught.uninstall)
        application = Application(preferences, plan=_plan(options, folder))
        retraining = compose(application)
        if folder is None:
            application.window.ask_before_closing(CloseGuard(application, retraining).may_close)
        uncaught.caught.connect(application.window.show_uncaught)
        application.worker.session_loaded.connect(GarbageCollector(application).spare_what_stays)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, partial(_quit, application))
        breath = QTimer()  # lets Python see signals while Qt waits
        breath.start(_SIGNAL_POLL_MS)

        def finish(status: int) -> None:
            application.window.close()
            app.exit(status)

        QTimer.singleShot(0, application.start)
        QTimer.singleShot(0, lambda: role(application, retraining, folder or Path(), finish))
        return app.exec()


def _plan(options: argparse.Namespace, folder: Path | None) -> LoadSession | None:
    """Return what to load instead of what is remembered; None where nothing was said."""
    if folder is not None:
        return LoadSession(
            workspace=str(folder / "workspace"),
            scene=options.scene or "peg-insertion",
            policy=options.policy,
            simulated_operator="segment",
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


def _quit(application: "Application", _number: int, _frame: object) -> None:
    """Close as the system asks: nobody is there to answer questions, and what was recorded is kept in any case."""
    application.window.ask_before_closing(_without_asking)
    application.window.close()


def _without_asking() -> bool:
    return True
