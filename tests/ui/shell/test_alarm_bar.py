import pytest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from mile_desktop.ui.shell.alarm_bar import Alarm, AlarmBar
from mile_desktop.ui.shell.message_line import MessageAction


@pytest.fixture
def bar(themed: QApplication, qtbot: QtBot) -> AlarmBar:
    bar = AlarmBar()
    qtbot.addWidget(bar)
    return bar


def test_it_is_hidden_until_there_is_an_alarm_and_after_the_last(bar: AlarmBar) -> None:
    assert not bar.isVisible()
    bar.raise_alarm("worker", Alarm("Stop was not answered", "Press the emergency stop."))
    assert bar.isVisible()
    assert bar.accessibleName() == "Stop was not answered Press the emergency stop."
    bar.clear("robot")
    assert bar.isVisible(), "another source takes back only its own alarm"
    bar.clear("worker")
    assert not bar.isVisible()


def test_the_newest_alarm_is_shown_and_then_the_one_before(bar: AlarmBar) -> None:
    first, second = Alarm("First", "One."), Alarm("Second", "Two.")
    bar.raise_alarm("worker", first)
    bar.raise_alarm("robot", second)
    assert bar.shown == second
    bar.clear("robot")
    assert bar.shown == first


def test_its_action_runs(bar: AlarmBar) -> None:
    ran: list[str] = []
    bar.raise_alarm("worker", Alarm("Late", "Restart it.", MessageAction("Restart", lambda: ran.append("restart"))))
    button = next(each for each in bar.findChildren(QPushButton) if each.text() == "Restart")
    button.click()
    assert ran == ["restart"]
