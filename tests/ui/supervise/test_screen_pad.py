import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from mile_desktop.rollout.messages import WindowInput
from mile_desktop.ui.supervise.screen_pad import ScreenPad
from mile_desktop.ui.supervise.stick_widget import stick_position
from mile_desktop.ui.viewport.orbit import Orbit
from tests.ui.supervise.examples import taken


def along_y() -> Orbit:
    return Orbit(yaw_deg=0.0)


@pytest.fixture
def pad(qtbot: QtBot) -> ScreenPad:
    pad = ScreenPad(along_y)
    qtbot.addWidget(pad)
    pad.show()
    qtbot.waitExposed(pad)
    return pad


@pytest.fixture
def sent(pad: ScreenPad) -> list[WindowInput]:
    sent: list[WindowInput] = []
    pad.input_changed.connect(sent.append)
    return sent


def test_the_button_drives_as_long_as_it_is_down(pad: ScreenPad, sent: list[WindowInput]) -> None:
    QTest.mousePress(pad._takeover, Qt.MouseButton.LeftButton)
    assert sent[-1].takeover
    assert sent[-1].source == "screen"
    assert pad._timer.isActive()
    QTest.mouseRelease(pad._takeover, Qt.MouseButton.LeftButton)
    assert not sent[-1].takeover
    assert not pad._timer.isActive()


def test_a_latched_takeover_leaves_the_mouse_for_a_stick(pad: ScreenPad, sent: list[WindowInput]) -> None:
    pad._latch.setChecked(True)
    stick = pad._plane
    QTest.mousePress(stick, Qt.MouseButton.LeftButton, pos=QPoint(stick.width() // 2, 0))
    assert sent[-1].takeover
    assert sent[-1].action[:3] == pytest.approx((0.0, 1.0, 0.0), abs=1e-6)
    QTest.mouseRelease(stick, Qt.MouseButton.LeftButton, pos=QPoint(stick.width() // 2, 0))
    assert sent[-1].takeover
    assert sent[-1].action[:3] == (0.0, 0.0, 0.0)
    pad._latch.setChecked(False)
    assert not sent[-1].takeover


def test_a_stick_alone_does_not_take_over(pad: ScreenPad, sent: list[WindowInput]) -> None:
    QTest.mousePress(pad._plane, Qt.MouseButton.LeftButton, pos=QPoint(0, 0))
    assert not sent[-1].takeover
    assert not pad._timer.isActive()


def test_a_latched_takeover_is_sent_again(pad: ScreenPad, sent: list[WindowInput], qtbot: QtBot) -> None:
    pad._latch.setChecked(True)
    qtbot.waitUntil(lambda: len(sent) >= 3)
    assert all(each.takeover for each in sent)


def test_hiding_the_pad_releases_it(pad: ScreenPad, sent: list[WindowInput]) -> None:
    pad._latch.setChecked(True)
    pad.hide()
    assert not sent[-1].takeover
    assert not pad._timer.isActive()


def test_rewinding_is_not_a_takeover(pad: ScreenPad, sent: list[WindowInput]) -> None:
    QTest.mousePress(pad._rewind, Qt.MouseButton.LeftButton)
    assert (sent[-1].rewind, sent[-1].takeover) == (True, False)
    QTest.mouseRelease(pad._rewind, Qt.MouseButton.LeftButton)
    assert not sent[-1].rewind


def test_the_gripper_follows_the_policy_until_a_person_drives(pad: ScreenPad) -> None:
    assert pad.as_input().action[3] == 0.0
    pad.follow(taken(0, executed=(0.0, 0.0, 0.0, 1.0)))
    assert pad.as_input().action[3] == 1.0
    pad._latch.setChecked(True)
    pad.follow(taken(1, executed=(0.0, 0.0, 0.0, -1.0)))
    assert pad.as_input().action[3] == 1.0
    pad._gripper.button(0).click()
    assert pad.as_input().action[3] == -1.0


def test_arrow_keys_push_a_stick_and_it_springs_back(pad: ScreenPad) -> None:
    QTest.keyPress(pad._height, Qt.Key.Key_Up)
    assert pad._height.position == (0.0, 1.0)
    QTest.keyRelease(pad._height, Qt.Key.Key_Up)
    assert pad._height.position == (0.0, 0.0)


def test_a_stick_stays_in_its_circle() -> None:
    assert stick_position(0.0, 0.0, 40.0) == (0.0, 0.0)
    assert stick_position(20.0, 0.0, 40.0) == (0.5, 0.0)
    assert stick_position(300.0, -400.0, 40.0) == pytest.approx((0.6, 0.8))
