import atexit
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# the offscreen platform's own screen, 800 × 800, is smaller than the window
os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={Path(__file__).with_name('offscreen.json')}"

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QMenu

from mile_desktop.ui.shell.main_window import close_every_window
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.theme import theme

# A test that is cut off (Ctrl-C, a deadline, a fixture that fails) may leave a window shown. PySide was imported
# before, so this runs before its own clean-up.
atexit.register(close_every_window)


@pytest.fixture(autouse=True)
def nothing_left_over() -> Iterator[None]:
    """Delete what was to be deleted later, and fail the test that left a window behind."""
    yield
    if QApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        # the parentless menus are pyqtgraph's, one or two a plot; they go with the plot's Python side
        windows = [widget for widget in QApplication.topLevelWidgets() if not isinstance(widget, QMenu)]
        left = [f"{type(widget).__name__} {widget.objectName()!r}" for widget in windows]
        assert not left


@pytest.fixture
def themed(qapp: QApplication) -> Iterator[QApplication]:
    theme.apply(qapp, "dark")
    yield qapp
    theme.apply(qapp, "dark")


@pytest.fixture
def store(themed: QApplication, tmp_path: Path) -> PreferenceStore:
    return PreferenceStore(tmp_path / "config" / "preferences.json")
