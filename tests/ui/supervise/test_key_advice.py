"""A key that has no effect says why, with real key events in the real page."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.supervise.page import SupervisePage
from tests.ui.supervise.examples import session, status


@pytest.fixture
def page(themed: QApplication, qtbot: QtBot) -> SupervisePage:
    page = SupervisePage()
    qtbot.addWidget(page)
    page.show()
    page.handle(session())
    return page


def _press(page: SupervisePage, phase: Phase, *keys: Qt.Key) -> list[str]:
    page.view._end_advice()
    page.handle(status(phase=phase))
    for key in keys:
        QTest.keyPress(page.windowHandle(), key)
    for key in keys:
        QTest.keyRelease(page.windowHandle(), key)
    return page.view.notices()


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_W, Qt.Key.Key_R, Qt.Key.Key_Return, Qt.Key.Key_Backspace])
def test_before_the_start_each_key_names_start(page: SupervisePage, key: Qt.Key) -> None:
    assert any("Press Start" in text for text in _press(page, Phase.IDLE, key))


def test_before_the_start_the_key_of_a_rewind_is_not_answered_with_the_one_of_a_takeover(page: SupervisePage) -> None:
    (text,) = _press(page, Phase.IDLE, Qt.Key.Key_R)
    assert text.endswith("then hold R to rewind")
    (text,) = _press(page, Phase.IDLE, Qt.Key.Key_Space)
    assert text.endswith("then hold Space to take over")


def test_after_a_stop_a_key_names_reset(page: SupervisePage) -> None:
    assert any("Press Reset" in text for text in _press(page, Phase.STOPPED, Qt.Key.Key_Space))


def test_a_driving_key_alone_names_space(page: SupervisePage) -> None:
    assert any("Hold Space as well" in text for text in _press(page, Phase.AUTONOMOUS, Qt.Key.Key_D))


@pytest.mark.parametrize("keys", [(Qt.Key.Key_Space,), (Qt.Key.Key_Space, Qt.Key.Key_W), (Qt.Key.Key_Shift,)])
def test_a_key_that_is_followed_says_nothing(page: SupervisePage, keys: tuple[Qt.Key, ...]) -> None:
    assert _press(page, Phase.AUTONOMOUS, *keys) == []


def test_the_advice_goes_with_the_phase(page: SupervisePage) -> None:
    assert _press(page, Phase.IDLE, Qt.Key.Key_Space)
    page.handle(status(phase=Phase.AUTONOMOUS))
    assert page.view.notices() == []
