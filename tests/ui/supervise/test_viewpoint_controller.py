"""Viewpoints in the whole window: saved, used, renamed and removed with keys, menu and messages."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog, QMenu
from pytestqt.qtbot import QtBot

from mile_desktop.ui.composition import Composition
from mile_desktop.ui.shell.message_line import Entry
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.supervise.scene_view import SceneView
from mile_desktop.ui.viewport.viewpoints import MOST
from mile_desktop.viewer import messages as v
from tests.ui.supervise.test_view_controller import PRESETS


class Seat:
    def __init__(self, parts: Composition, qtbot: QtBot) -> None:
        self.parts, self.qtbot = parts, qtbot
        self.window = parts.application.window
        self.window.activateWindow()
        qtbot.waitUntil(self.window.isActiveWindow)
        self.show_scene(3)
        self.view.setFocus()

    def show_scene(self, cameras: int) -> None:
        self.parts.application.viewer.ready.emit(v.ViewerReady(scene="s", renderer="r", presets=PRESETS[:cameras]))

    @property
    def view(self) -> SceneView:
        return self.parts.supervise.page.view

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.view, key, modifiers)

    def save(self) -> Entry:
        self.press(Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
        return self.said

    @property
    def said(self) -> Entry:
        return self.window.messages.entries[-1]

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.parts.supervise.viewpoints.known]

    def entry(self, *path: str) -> QAction:
        """Return the entry of the menu of pictures that is reached by these texts."""
        menu: QMenu = self.parts.supervise.page.pictures.menu()
        menu.aboutToShow.emit()
        for text in path[:-1]:
            (menu,) = [each.menu() for each in menu.actions() if each.text() == text]  # type: ignore[misc]
        (found,) = [each for each in menu.actions() if each.text().partition("\t")[0] == path[-1]]
        return found

    def answer(self, text: str) -> None:
        (dialog,) = self.window.findChildren(QInputDialog)
        dialog.setTextValue(text)
        dialog.accept()


@pytest.fixture
def seat(still_window: Composition, qtbot: QtBot) -> Seat:
    return Seat(still_window, qtbot)


def test_a_key_saves_the_viewpoint_and_another_one_returns_to_it(seat: Seat, store: PreferenceStore) -> None:
    seat.view.turn(80.0, -20.0)
    seat.view.zoom(2.0)
    near = seat.view.orbit
    assert seat.save().text == "The viewpoint is saved as Viewpoint 1, on key 5."
    assert seat.save().text == "This viewpoint is saved already, as Viewpoint 1."
    seat.press(Qt.Key.Key_1)
    assert seat.view.orbit != near
    sent: list[object] = []
    seat.view.viewer_command.connect(sent.append)
    seat.press(Qt.Key.Key_5)
    assert seat.view.orbit == near
    assert [type(each) for each in sent] == [v.SetView]
    seat.press(Qt.Key.Key_6)
    assert seat.view._advice == "No viewpoint is saved for this key. Ctrl+B saves the present one."
    store.save()
    again = PreferenceStore(store.path)
    assert again.value.viewpoints["peg-insertion"][0].orbit == near
    again.reset()
    assert again.value.viewpoints, "a reset of the settings does not remove what a person has made"


def test_viewpoints_belong_to_their_scene(seat: Seat) -> None:
    seat.save()
    seat.parts.application.load_scene("drawer-open")
    seat.show_scene(2)
    assert seat.names == []
    seat.parts.application.load_scene("peg-insertion")
    assert seat.names == ["Viewpoint 1"]


def test_the_menu_lists_renames_and_removes_and_a_removal_is_undone(seat: Seat) -> None:
    seat.save()
    seat.view.turn(50.0, 0.0)
    second = seat.view.orbit
    seat.save()
    seat.entry("Viewpoints", "Rename", "Viewpoint 1 …").trigger()
    seat.answer("Hole & peg")
    assert seat.names == ["Hole & peg", "Viewpoint 2"]
    seat.view.turn(50.0, 0.0)
    seat.entry("Viewpoints", "Viewpoint 2").trigger()
    assert seat.view.orbit == second
    seat.entry("Viewpoints", "Remove", "Hole && peg").trigger()
    assert (seat.names, seat.said.text) == (["Viewpoint 2"], "The viewpoint Hole & peg is removed.")
    seat.press(Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert seat.names == ["Hole & peg", "Viewpoint 2"]
    seat.entry("Viewpoints", "Remove", "Viewpoint 2").trigger()
    seat.entry("Viewpoints", "Remove", "Hole && peg").trigger()
    assert not seat.entry("Viewpoints", "Rename").isEnabled()


def test_the_message_of_a_saved_viewpoint_leads_to_its_name(seat: Seat) -> None:
    action = seat.save().action
    assert action is not None
    action.run()
    seat.answer("  ")
    assert seat.names == ["Viewpoint 1"], "an empty name changes nothing"
    action.run()
    seat.qtbot.waitUntil(lambda: len(seat.window.findChildren(QInputDialog)) == 1)
    seat.answer("Above")
    assert seat.names == ["Above"]


def test_a_picture_without_viewpoint_and_a_full_list_say_so(seat: Seat) -> None:
    seat.show_scene(0)
    assert "no viewpoint that could be saved" in seat.save().text
    assert not seat.entry("Viewpoints", "Save this viewpoint").isEnabled()
    seat.show_scene(3)
    for _ in range(MOST):
        seat.view.turn(7.0, 0.0)
        seat.save()
    seat.view.turn(7.0, 0.0)
    assert seat.save().text == "20 viewpoints are saved for this scene, which is the most. Remove one first."
    assert len(seat.names) == MOST
