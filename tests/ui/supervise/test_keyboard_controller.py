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


class Seat(QWidget):
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
        self.keyboard.stop.connect(self.stopped)
        self.keyboard.hold.connect(self.held)
        self.keyboard.success.connect(self.succeeded)

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
def seat(qtbot: QtBot) -> Seat:
    seat = Seat()
    qtbot.addWidget(seat)
    seat.show()
    seat.activateWindow()
    qtbot.waitUntil(seat.isActiveWindow)
    seat.keyboard.attach()
    seat.keyboard.set_busy(True)
    seat.setFocus()
    return seat


def is_repeating(seat: Seat) -> bool:
    return any(timer.isActive() for timer in seat.keyboard.findChildren(QTimer))


def test_space_takes_over_while_held(seat: Seat) -> None:
    seat.press(Qt.Key.Key_Space)
    seat.press(Qt.Key.Key_W)
    assert seat.sent[-1].takeover
    assert seat.sent[-1].action[:3] == pytest.approx((0.0, 1.0, 0.0))
    seat.release(Qt.Key.Key_W)
    seat.release(Qt.Key.Key_Space)
    assert not seat.sent[-1].takeover
    assert len(seat.sent) == 4
    assert not is_repeating(seat)


def test_held_keys_are_sent_again_every_100_ms(seat: Seat, qtbot: QtBot) -> None:
    seat.press(Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(seat.sent) >= 4, timeout=20 * REPEAT_MS)
    assert all(each.takeover for each in seat.sent)
    seat.release(Qt.Key.Key_Space)
    assert not is_repeating(seat)


def test_auto_repeat_is_neither_a_press_nor_a_release(seat: Seat) -> None:
    seat.press(Qt.Key.Key_Space)
    for kind in (QEvent.Type.KeyRelease, QEvent.Type.KeyPress):
        repeated = QKeyEvent(kind, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, " ", autorep=True)
        QApplication.sendEvent(seat.windowHandle(), repeated)
    assert [each.takeover for each in seat.sent] == [True]


@pytest.mark.parametrize("kind", [QEvent.Type.FocusOut, QEvent.Type.Hide])
def test_a_window_that_loses_the_focus_releases_all_keys(seat: Seat, kind: QEvent.Type) -> None:
    seat.press(Qt.Key.Key_Space)
    seat.press(Qt.Key.Key_A)
    QApplication.sendEvent(seat.windowHandle(), QFocusEvent(kind) if kind is QEvent.Type.FocusOut else QEvent(kind))
    assert not seat.sent[-1].takeover
    assert seat.sent[-1].action[:3] == (0.0, 0.0, 0.0)
    assert not is_repeating(seat)


def test_detaching_releases_all_keys_and_stops_listening(seat: Seat) -> None:
    seat.press(Qt.Key.Key_Space)
    seat.keyboard.detach()
    assert not seat.sent[-1].takeover
    count = len(seat.sent)
    seat.press(Qt.Key.Key_Space)
    assert len(seat.sent) == count


def test_a_text_field_keeps_its_keys_and_focusing_it_releases_all(seat: Seat) -> None:
    seat.press(Qt.Key.Key_Space)
    seat.text.setFocus()
    assert not seat.sent[-1].takeover
    count = len(seat.sent)
    seat.type("wash ed")
    assert seat.text.text() == "wash ed"
    assert len(seat.sent) == count
    assert not seat.requests


def test_space_takes_over_while_a_number_field_has_the_focus(seat: Seat) -> None:
    seat.number.setFocus()
    seat.press(Qt.Key.Key_Space)
    assert seat.sent[-1].takeover
    seat.release(Qt.Key.Key_Space)
    seat.number.selectAll()
    seat.type("42")
    assert seat.number.value() == 42


def test_a_focused_button_gets_space_only_while_the_robot_is_idle(seat: Seat) -> None:
    seat.button.setFocus()
    QTest.keyClick(seat.windowHandle(), Qt.Key.Key_Space)
    assert seat.clicks == 0
    assert [each.takeover for each in seat.sent] == [True, False]
    seat.keyboard.set_busy(False)
    QTest.keyClick(seat.windowHandle(), Qt.Key.Key_Space)
    assert seat.clicks == 1
    assert len(seat.sent) == 2


def test_esc_stops_even_from_a_text_field_and_releases_all(seat: Seat) -> None:
    seat.press(Qt.Key.Key_Space)
    seat.text.setFocus()
    seat.press(Qt.Key.Key_Escape)
    assert seat.requests == ["stop"]
    assert not seat.sent[-1].takeover


def test_keys_with_modifiers_are_left_to_others(seat: Seat) -> None:
    QTest.keyPress(seat.windowHandle(), Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    QTest.keyPress(seat.windowHandle(), Qt.Key.Key_H, Qt.KeyboardModifier.AltModifier)
    assert not seat.sent
    assert not seat.requests


def test_a_request_is_sent_once(seat: Seat) -> None:
    QTest.keyClick(seat.windowHandle(), Qt.Key.Key_H)
    QTest.keyClick(seat.windowHandle(), Qt.Key.Key_Return)
    assert seat.requests == ["hold", "success"]


def test_f_toggles_the_executed_gripper_command(seat: Seat) -> None:
    seat.keyboard.follow(taken(0, executed=(0.0, 0.0, 0.0, 1.0)))
    seat.press(Qt.Key.Key_Space)
    assert seat.sent[-1].action[3] == 1.0
    QTest.keyClick(seat.windowHandle(), Qt.Key.Key_F)
    assert seat.sent[-1].action[3] == -1.0
