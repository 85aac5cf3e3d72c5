from functools import partial

import pytest
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QSpinBox, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from mile_desktop.rollout.messages import WindowInput
from mile_desktop.ui.supervise.keyboard_controller import REPEAT_MS, KeyboardController
from mile_desktop.ui.viewport.orbit import Orbit
from tests.ui.supervise.examples import taken


class KeyboardWindow(QWidget):
    """A window with a keyboard operator, a text field, a number field and a button."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.number, self.button = QLineEdit(), QSpinBox(), QPushButton("Press")
        column = QVBoxLayout(self)
        for widget in (self.text, self.number, self.button):
            column.addWidget(widget)
        self.keyboard = KeyboardController(self, self.orbit)
        self.sent: list[WindowInput] = []
        self.requests: list[str] = []
        self.clicks = 0
        self.button.clicked.connect(self.clicked)
        self.keyboard.input_changed.connect(self.sent.append)
        self.keyboard.escape.connect(self.stopped)
        self.keyboard.hold.connect(self.held)
        self.keyboard.success.connect(self.succeeded)
        self.keyboard.partial.connect(partial(self.requests.append, "partial"))

    def orbit(self) -> Orbit:
        return Orbit(yaw_deg=0.0)

    def stopped(self) -> None:
        self.requests.append("stop")

    def clicked(self) -> None:
        self.clicks += 1

    def type(self, text: str) -> None:
        for character in text:
            QTest.keyClick(self.windowHandle(), character)

    def held(self) -> None:
        self.requests.append("hold")

    def succeeded(self) -> None:
        self.requests.append("success")

    def press(self, key: Qt.Key) -> None:
        QTest.keyPress(self.windowHandle(), key)

    def release(self, key: Qt.Key) -> None:
        QTest.keyRelease(self.windowHandle(), key)


@pytest.fixture
def window(qtbot: QtBot) -> KeyboardWindow:
    window = KeyboardWindow()
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.keyboard.attach()
    window.keyboard.set_busy(True)
    window.setFocus()
    return window


def is_repeating(window: KeyboardWindow) -> bool:
    return any(timer.isActive() for timer in window.keyboard.findChildren(QTimer))


def test_space_takes_over_while_held(window: KeyboardWindow) -> None:
    window.press(Qt.Key.Key_Space)
    window.press(Qt.Key.Key_W)
    assert window.sent[-1].takeover
    assert window.sent[-1].action[:3] == pytest.approx((0.0, 1.0, 0.0))
    window.release(Qt.Key.Key_W)
    window.release(Qt.Key.Key_Space)
    assert not window.sent[-1].takeover
    assert len(window.sent) == 4
    assert not is_repeating(window)


def test_held_keys_are_sent_again_every_100_ms(window: KeyboardWindow, qtbot: QtBot) -> None:
    window.press(Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(window.sent) >= 4, timeout=20 * REPEAT_MS)
    assert all(each.takeover for each in window.sent)
    window.release(Qt.Key.Key_Space)
    assert not is_repeating(window)


def test_auto_repeat_is_neither_a_press_nor_a_release(window: KeyboardWindow) -> None:
    window.press(Qt.Key.Key_Space)
    for kind in (QEvent.Type.KeyRelease, QEvent.Type.KeyPress):
        repeated = QKeyEvent(kind, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, " ", autorep=True)
        QApplication.sendEvent(window.windowHandle(), repeated)
    assert [each.takeover for each in window.sent] == [True]


@pytest.mark.parametrize("kind", [QEvent.Type.FocusOut, QEvent.Type.Hide])
def test_a_window_that_loses_the_focus_releases_all_keys(window: KeyboardWindow, kind: QEvent.Type) -> None:
    window.press(Qt.Key.Key_Space)
    window.press(Qt.Key.Key_A)
    QApplication.sendEvent(window.windowHandle(), QFocusEvent(kind) if kind is QEvent.Type.FocusOut else QEvent(kind))
    assert not window.sent[-1].takeover
    assert window.sent[-1].action[:3] == (0.0, 0.0, 0.0)
    assert not is_repeating(window)


def test_detaching_releases_all_keys_and_stops_listening(window: KeyboardWindow) -> None:
    window.press(Qt.Key.Key_Space)
    window.keyboard.detach()
    assert not window.sent[-1].takeover
    count = len(window.sent)
    window.press(Qt.Key.Key_Space)
    assert len(window.sent) == count


def test_a_text_field_keeps_its_keys_and_focusing_it_releases_all(window: KeyboardWindow) -> None:
    window.press(Qt.Key.Key_Space)
    window.text.setFocus()
    assert not window.sent[-1].takeover
    count = len(window.sent)
    window.type("wash ed")
    assert window.text.text() == "wash ed"
    assert len(window.sent) == count
    assert not window.requests


def test_space_takes_over_while_a_number_field_has_the_focus(window: KeyboardWindow) -> None:
    window.number.setFocus()
    window.press(Qt.Key.Key_Space)
    assert window.sent[-1].takeover
    window.release(Qt.Key.Key_Space)
    window.number.selectAll()
    window.type("42")
    assert window.number.value() == 42


@pytest.mark.parametrize("busy", [True, False])
def test_space_never_presses_the_focused_button(window: KeyboardWindow, busy: bool) -> None:
    window.keyboard.set_busy(busy)
    window.button.setFocus()
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Space)
    assert window.clicks == 0
    assert [each.takeover for each in window.sent] == [True, False]


def test_enter_presses_the_focused_button_while_the_robot_rests(window: KeyboardWindow) -> None:
    window.button.setFocus()
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Return)
    assert (window.clicks, window.requests) == (0, ["success"])
    window.keyboard.set_busy(False)
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Return)
    assert (window.clicks, window.requests) == (1, ["success"])


def test_esc_is_passed_on_even_from_a_text_field_and_releases_all(window: KeyboardWindow) -> None:
    window.press(Qt.Key.Key_Space)
    window.text.setFocus()
    window.press(Qt.Key.Key_Escape)
    assert window.requests == ["stop"]
    assert not window.sent[-1].takeover


def test_keys_with_modifiers_are_left_to_others(window: KeyboardWindow) -> None:
    QTest.keyPress(window.windowHandle(), Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    QTest.keyPress(window.windowHandle(), Qt.Key.Key_H, Qt.KeyboardModifier.AltModifier)
    assert not window.sent
    assert not window.requests


def test_a_request_is_sent_once(window: KeyboardWindow) -> None:
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_H)
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Return)
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_B)
    assert window.requests == ["hold", "success", "partial"]


def test_f_toggles_the_executed_gripper_command(window: KeyboardWindow) -> None:
    window.keyboard.follow(taken(0, executed=(0.0, 0.0, 0.0, 1.0)))
    window.press(Qt.Key.Key_Space)
    assert window.sent[-1].action[3] == 1.0
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_F)
    assert window.sent[-1].action[3] == -1.0
