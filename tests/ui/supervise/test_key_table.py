"""Every key that drives or marks, sent to every widget of the composed window that can have the focus."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.composition import Composition, compose
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.shell.shortcut_overlay import ShortcutOverlay
from mile_desktop.ui.shell.shortcuts import binding
from mile_desktop.ui.supervise import keyboard_controller
from mile_desktop.ui.supervise.model import Key
from tests.ui.supervise.examples import status

TEXT = (QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox)
HELD = (Qt.Key.Key_Space, Qt.Key.Key_W, Qt.Key.Key_A, Qt.Key.Key_S, Qt.Key.Key_D, Qt.Key.Key_Q, Qt.Key.Key_E,
        Qt.Key.Key_R)  # fmt: skip
ONCE = (Qt.Key.Key_F, Qt.Key.Key_H, Qt.Key.Key_B, Qt.Key.Key_Backspace, Qt.Key.Key_Delete)


class Clicks:
    """Which buttons were pressed."""

    def __init__(self, window: QWidget) -> None:
        self.pressed: list[str] = []
        for button in window.findChildren(QAbstractButton):
            button.pressed.connect(self.add)

    def add(self) -> None:
        self.pressed.append("a button")


@pytest.fixture
def parts(store: PreferenceStore, qtbot: QtBot) -> Iterator[Composition]:
    made = compose(store)
    window = made.application.window
    window.resize(1400, 900)
    window.show()
    window.show_page("supervise")
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    yield made
    window.close()
    window.deleteLater()
    made.application.deleteLater()


def focusable(window: QWidget) -> list[QWidget]:
    every = [each for each in window.findChildren(QWidget) if each.isVisible() and each.isEnabled()]
    reachable = [each for each in every if each.focusPolicy() is not Qt.FocusPolicy.NoFocus]
    return [each for each in reachable if each.window() is window and not isinstance(each, TEXT)]


@pytest.mark.parametrize("phase", [Phase.IDLE, Phase.AUTONOMOUS, Phase.STOPPED])
def test_driving_keys_press_nothing_and_open_nothing(parts: Composition, phase: Phase) -> None:
    window, page = parts.application.window, parts.supervise.page
    page.handle(status(phase=phase))
    clicks = Clicks(window)
    inputs: list[m.WindowInput] = []
    page.keyboard.input_changed.connect(inputs.append)
    widgets = focusable(window)
    assert len(widgets) > 20
    for widget in widgets:
        widget.setFocus()
        for key in (*HELD, *ONCE):
            before = len(inputs)
            QTest.keyClick(window.windowHandle(), key)
            assert key in ONCE or len(inputs) == before + 2, f"{key} did not drive from {widget}"
            assert QApplication.activePopupWidget() is None, f"{key} opened a menu from {widget}"
    assert clicks.pressed == []
    assert window.page == "supervise"


def test_space_does_not_open_a_menu_of_choices(parts: Composition) -> None:
    window = parts.application.window
    boxes = [each for each in focusable(window) if isinstance(each, QComboBox)]
    for box in boxes:
        chosen = box.currentIndex()
        box.setFocus()
        QTest.keyClick(window.windowHandle(), Qt.Key.Key_Space)
        assert not box.view().isVisible()
        assert box.currentIndex() == chosen


def test_a_click_on_a_button_gives_the_focus_back_to_the_view(parts: Composition, qtbot: QtBot) -> None:
    page = parts.supervise.page
    button = page.findChild(QAbstractButton, "transport_stop")
    assert button is not None
    button.setFocus()
    QTest.mouseClick(parts.application.window.windowHandle(), Qt.MouseButton.LeftButton,
                     pos=button.mapTo(parts.application.window, button.rect().center()))  # fmt: skip
    qtbot.waitUntil(page.view.hasFocus)


STACK = [("nothing", False), ("the list of keys", False), ("the list of keys", True), ("nothing", True)]


@pytest.mark.parametrize(("on_top", "busy"), STACK)
def test_the_first_esc_closes_the_top_and_stops_what_moves(parts: Composition, on_top: str, busy: bool) -> None:
    window, page = parts.application.window, parts.supervise.page
    page.handle(status(phase=Phase.AUTONOMOUS if busy else Phase.IDLE))
    sent: list[object] = []
    page.controls.commanded.connect(sent.append)
    if on_top != "nothing":
        window.show_shortcuts()
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Escape)
    overlay = window.findChild(ShortcutOverlay)
    assert overlay is not None
    assert not overlay.isVisible()
    assert sent == ([m.RequestStop()] if busy or on_top == "nothing" else [])


def test_nothing_is_marked_under_the_list_of_keys(parts: Composition) -> None:
    window, page = parts.application.window, parts.supervise.page
    page.handle(status(phase=Phase.AUTONOMOUS))
    sent: list[object] = []
    page.controls.commanded.connect(sent.append)
    window.show_shortcuts()
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Backspace, Qt.Key.Key_Delete, Qt.Key.Key_Delete):
        QTest.keyClick(window.windowHandle(), key)
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert sent == []
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_H)
    assert sent == [m.ToggleHold()]


@pytest.mark.parametrize(
    ("action", "directions"),
    [
        ("drive_x", (Key.AWAY, Key.NEAR)),
        ("drive_y", (Key.LEFT, Key.RIGHT)),
        ("drive_z", (Key.DOWN, Key.UP)),
        ("takeover", (Key.TAKEOVER,)),
        ("rewind", (Key.REWIND,)),
    ],
)
def test_the_list_names_the_keys_in_the_order_of_its_title(action: str, directions: tuple[Key, ...]) -> None:
    entry = binding(action)
    names = {Key.AWAY: "away", Key.NEAR: "nearer", Key.LEFT: "left", Key.RIGHT: "right", Key.UP: "up", Key.DOWN: "down"}
    named = [names[each] for each in directions if each in names]
    assert [entry.title.find(name) for name in named] == sorted(entry.title.find(name) for name in named)
    assert all(name in entry.title for name in named)
    arrows = {"↑": "Up", "↓": "Down", "←": "Left", "→": "Right"}
    for pair in entry.keys:
        for name, direction in zip(pair.split("/"), directions, strict=True):
            key = QKeySequence(arrows.get(name, name))[0].key()
            assert keyboard_controller._HELD_KEYS[key] is direction
