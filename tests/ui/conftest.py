import atexit
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# the offscreen platform's own screen, 800 × 800, is smaller than the window
os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={Path(__file__).with_name('offscreen.json')}"

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu
from pytestqt.qtbot import QtBot

from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.clients.child_client import ChildClient
from mile_desktop.ui.clients.command_client import CommandClient
from mile_desktop.ui.composition import Composition, compose
from mile_desktop.ui.shell.main_window import close_every_window
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.theme import theme
from tests.storage.samples import a_policy, a_start, a_step

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


@pytest.fixture
def still_window(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: PreferenceStore
) -> Iterator[Composition]:
    """Show the whole window over a policy and two episodes, without its processes: each of them takes seconds."""
    monkeypatch.setattr(ChildClient, "start", lambda _: None)
    monkeypatch.setattr(ChildClient, "send", lambda *_: True)
    monkeypatch.setattr(CommandClient, "start", lambda *_: True)
    for name in ("getOpenFileName", "getSaveFileName", "getOpenFileNames"):
        monkeypatch.setattr(QFileDialog, name, lambda *_, **__: ("", ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: "")
    with Workspace.open(tmp_path / "workspace") as workspace:
        Catalogue(workspace).add_policy(a_policy("p1", name="v0"))
        journal = EpisodeJournal(workspace)
        for name in ("ep-1", "ep-2"):
            journal.begin(a_start(name, policy_id="p1"))
            for row in range(20):
                journal.append(a_step(row, human=row in {5, 6, 7}))
            journal.close("success")
    parts = compose(store)
    qtbot.addWidget(parts.application.window)
    parts.application.open_workspace(tmp_path / "workspace")
    parts.application.window.resize(1366, 768)
    parts.application.window.show()
    yield parts
    parts.application.window.close()
