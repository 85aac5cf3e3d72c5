"""The window: arguments, display, theme, desk."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import mile_desktop
from mile_desktop.rollout.messages import LoadSession

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the window and return the exit status; with no display, run it unattended."""
    options = _parser().parse_args(arguments)
    return _open_window(options)


def has_display() -> bool:
    """Whether a window can be shown to a person."""
    return sys.platform != "linux" or any(os.environ.get(name) for name in _DISPLAYS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="main.py", description="MILE Desktop's window.")
    parser.add_argument("--version", action="version", version=f"MILE Desktop {mile_desktop.__version__}")
    parser.add_argument("--workspace", type=Path, metavar="DIR", help="folder to record into (the one used last)")
    parser.add_argument("--scene", metavar="S", help="scene to load (the one used last)")
    parser.add_argument("--policy", default="", metavar="P", help="policy to load: an id, a folder, initial or expert")
    parser.add_argument("--preferences", type=Path, metavar="FILE", help="remembered choices (the user's)")
    return parser


def _open_window(options: argparse.Namespace) -> int:
    # imported here: spawned processes import this module and must not load Qt
    from PySide6.QtCore import QTimer  # noqa: PLC0415
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415

    from mile_desktop.ui import theme  # noqa: PLC0415
    from mile_desktop.ui.closing import Closing  # noqa: PLC0415
    from mile_desktop.ui.desk import Desk  # noqa: PLC0415
    from mile_desktop.ui.preferences import PreferenceStore  # noqa: PLC0415
    from mile_desktop.ui.retraining import Retraining  # noqa: PLC0415
    from mile_desktop.ui.uncaught import UncaughtErrors, close_log, default_log_file, open_log  # noqa: PLC0415

    app = QApplication(sys.argv[:1])
    app.setApplicationName("MILE Desktop")
    preferences = PreferenceStore(options.preferences)
    theme.apply(app, preferences.value.theme, preferences.value.ui_scale)
    theme.follow_system(app)
    uncaught = UncaughtErrors(open_log(default_log_file()))
    uncaught.install()
    desk = Desk(preferences, plan=_plan(options))
    retraining = Retraining(desk)
    desk.window.set_panel(retraining.panel)
    desk.window.ask_before_closing(Closing(desk, retraining).may_close)
    desk.window.closing.connect(retraining.leave)
    uncaught.caught.connect(desk.window.show_uncaught)
    signal.signal(signal.SIGINT, _quit)
    signal.signal(signal.SIGTERM, _quit)
    breath = QTimer()  # lets Python see signals while Qt waits
    breath.start(200)
    QTimer.singleShot(0, desk.start)
    status = app.exec()
    uncaught.uninstall()
    close_log()
    return status


def _plan(options: argparse.Namespace) -> LoadSession | None:
    return None


def _quit(_number: int, _frame: object) -> None:
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415

    QApplication.closeAllWindows()
