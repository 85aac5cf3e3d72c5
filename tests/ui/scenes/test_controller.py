from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from mile_desktop.paths import SCENES_VARIABLE
from mile_desktop.scenes.catalogue import scenes
from mile_desktop.ui.composition import Composition, compose
from mile_desktop.ui.scenes.dialog import EnvironmentDialog
from mile_desktop.ui.shell.preferences import PreferenceStore

LIMIT_MS = 90_000


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(SCENES_VARIABLE, str(tmp_path / "scenes"))
    return tmp_path / "scenes"


@pytest.fixture
def parts(store: PreferenceStore, own: Path) -> Iterator[Composition]:
    made = compose(store)
    yield made
    made.application.window.close()
    made.application.window.deleteLater()
    made.application.deleteLater()


@pytest.fixture
def dialog(parts: Composition) -> EnvironmentDialog:
    menu = parts.application.window.header._scene.menu()
    menu.aboutToShow.emit()
    (entry,) = (action for action in menu.actions() if action.text() == "Add a gymnasium environment…")
    menu.triggered.emit(entry)
    assert isinstance(entry, QAction)
    found = parts.application.window.findChild(EnvironmentDialog)
    assert found is not None
    return found


def message(parts: Composition) -> str:
    shown = parts.application.window.messages._shown
    return "" if shown is None else shown.text


def test_an_environment_is_added_and_taken_back(
    qtbot: QtBot, parts: Composition, dialog: EnvironmentDialog, own: Path
) -> None:
    assert not dialog.add.isEnabled()
    QTest.keyClicks(dialog.env_id, "Pendulum-v1")
    QTest.keyClicks(dialog.name, "swing")
    QTest.mouseClick(dialog.add, Qt.MouseButton.LeftButton)
    assert dialog.close_button.text() == "Cancel"
    qtbot.waitUntil(lambda: not dialog.isVisible(), timeout=LIMIT_MS)
    assert "swing" in {info.name for info in scenes()}
    assert message(parts) == f"swing is a scene now; its description is {own / 'swing' / 'scene.toml'}."
    parts.application.window.messages._run_action()
    assert not (own / "swing").exists()
    assert message(parts) == "swing was removed from your scenes. Its recorded episodes stay."


def test_what_cannot_be_a_scene_is_said_in_the_dialog_and_what_was_entered_stays(
    qtbot: QtBot, dialog: EnvironmentDialog, own: Path
) -> None:
    QTest.keyClicks(dialog.env_id, "Pendulm-v1")
    QTest.mouseClick(dialog.add, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "cannot be a scene" in dialog.message, timeout=LIMIT_MS)
    assert "Did you mean Pendulum-v1" in dialog.message
    assert (dialog.env_id.text(), dialog.add.isEnabled()) == ("Pendulm-v1", True)
    assert not own.exists() or not list(own.iterdir())


def test_waiting_can_be_cancelled(qtbot: QtBot, dialog: EnvironmentDialog) -> None:
    QTest.keyClicks(dialog.env_id, "Pendulum-v1")
    QTest.mouseClick(dialog.add, Qt.MouseButton.LeftButton)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: dialog.message == "Cancelled. Nothing was added.", timeout=LIMIT_MS)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_undo_keeps_a_scene_into_which_a_person_has_put_something(parts: Composition, own: Path) -> None:
    folder = own / "swing"
    folder.mkdir(parents=True)
    (folder / "scene.toml").write_text("")
    (folder / "scene.py").write_text("")
    parts.scenes._take_back("swing", folder, "peg-insertion")
    assert folder.exists()
    assert message(parts) == f"swing was kept: {folder} has other files now (scene.py)."
