from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from mile_desktop.paths import SCENES_VARIABLE
from mile_desktop.scenes.template import new_scene
from mile_desktop.ui.shell.main_window import MainWindow
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.shell.scene_menu import SceneMenu


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(SCENES_VARIABLE, str(tmp_path / "scenes"))
    return tmp_path / "scenes"


@pytest.fixture
def window(themed: QApplication, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    window = MainWindow(PreferenceStore(tmp_path / "preferences.json"))
    qtbot.addWidget(window)
    return window


def offered(window: MainWindow) -> list[str]:
    menu = next(button.menu() for button in window.header.findChildren(QToolButton) if button.menu())
    return [action.text() for action in menu.actions() if action.text()]


def said(window: MainWindow) -> str:
    return window.messages.shown.text if window.messages.shown is not None else ""


def test_a_scene_that_came_meanwhile_is_offered_when_the_menu_opens(window: MainWindow, own: Path) -> None:
    choice = SceneMenu(window, window)
    choice.offer("peg-insertion")
    assert "My lever" not in offered(window)
    new_scene("my-lever")
    window.header.scenes_opening.emit()
    assert "My lever" in offered(window)
    assert said(window) == ""


def test_a_broken_scene_is_said_and_what_is_shown_stays(window: MainWindow, own: Path) -> None:
    (new_scene("my-lever") / "scene.py").unlink()
    choice = SceneMenu(window, window)
    choice.offer("peg-insertion")
    assert "my-lever cannot be used." in said(window)
    assert "found no scene.py" in said(window)
    assert "my-lever" in offered(window)
    assert choice.find("my-lever") is None
    assert choice.find("drawer-open") is not None


def test_at_the_start_the_first_scene_stands_in_for_one_that_is_gone(window: MainWindow, own: Path) -> None:
    info = SceneMenu(window, window).find("tea-making")
    assert info is not None
    assert info.name == "peg-insertion"
    assert "The first scene is loaded." in said(window)
