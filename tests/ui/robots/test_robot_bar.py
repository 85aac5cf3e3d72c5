from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QMainWindow
from pytestqt.qtbot import QtBot

from mile_desktop.rollout import messages as m
from mile_desktop.ui.robots.robot_bar import RobotBar
from mile_desktop.ui.shell.shortcuts import Shortcuts
from tests.ui.robots.examples import status


def test_the_bar_arms_disarms_and_requests_control(qtbot: QtBot) -> None:
    bar = RobotBar()
    qtbot.addWidget(bar)
    sent: list[object] = []
    bar.commanded.connect(sent.append)
    bar.arm()
    bar.disarm()
    assert sent == []
    bar.show_status(status())
    assert bar.arm_button.isEnabled()
    bar.arm_button.click()
    bar.show_status(status(armed=True, mode="holding"))
    assert bar.arm_button.isHidden()
    bar.disarm_button.click()
    assert sent == [m.ArmRobot(), m.DisarmRobot()]
    with qtbot.waitSignal(bar.link_changed) as caught:
        bar.show_status(status(up=False, problem="The link is lost."))
    assert caught.args == ["The link is lost."]
    assert "The link is lost." in bar._link.text()
    assert not bar.arm_button.isEnabled()
    bar.show_status(status(may_drive=False, driver="Ann"))
    assert "Ann drives" in bar._link.text()
    with qtbot.waitSignal(bar.link_changed) as caught:
        bar.forget()
    assert caught.args == [""], "a scene needs no link"
    assert bar.isHidden()


def test_an_episode_begins_when_the_checklist_is_complete(qtbot: QtBot) -> None:
    bar = RobotBar()
    qtbot.addWidget(bar)
    sent: list[object] = []
    bar.commanded.connect(sent.append)
    bar.show_status(status(armed=True, mode="holding", checklist=("Nobody is near.", "The peg is back.")))
    begin = bar.prompt._begin
    assert not begin.isEnabled()
    bar.prompt.boxes[0].click()
    assert not begin.isEnabled()
    bar.prompt.boxes[1].click()
    begin.click()
    bar.prompt._end.click()
    ticked = [each.points for each in sent if isinstance(each, m.TickChecklist)]
    assert ticked[-1] == ("Nobody is near.", "The peg is back.")
    confirmed = [each for each in sent if not isinstance(each, m.TickChecklist)]
    assert confirmed == [m.ConfirmReset(), m.ConfirmReset(ready=False)]
    bar.show_status(status(armed=True, mode="active"))
    assert bar.prompt.isHidden()


def test_the_disarm_key_works_in_dialogs_too(qtbot: QtBot) -> None:
    window, dialog = QMainWindow(), QDialog()
    for widget in (window, dialog):
        qtbot.addWidget(widget)
    pressed: list[bool] = []
    keys = Shortcuts(window, {"disarm": lambda: pressed.append(True)})
    window.show()
    dialog.show()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    qtbot.keyClick(dialog, Qt.Key.Key_F9)
    assert pressed == [True]
    assert "F9" in {key for entry in keys.listed for key in entry.keys}
