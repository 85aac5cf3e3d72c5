"""The checklist of a robot cannot be passed while a point is open, whichever way a person asks for the start."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.robots.robot_bar import RobotBar
from mile_desktop.ui.shell.main_window import MainWindow
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.supervise.model import EpisodeAction
from mile_desktop.ui.supervise.page import SupervisePage
from tests.ui.robots.examples import status as robot_status
from tests.ui.supervise.examples import status

LIST = ("Nobody is near.", "The peg is back.")


class RobotWindow:
    """The window with the Supervise page and the bar of a robot that waits for its checklist."""

    def __init__(self, store: PreferenceStore, qtbot: QtBot, phase: Phase) -> None:
        self.window, self.page, self.bar = MainWindow(store), SupervisePage(), RobotBar()
        qtbot.addWidget(self.window)
        self.window.add_page("supervise", self.page)
        self.page.add_above_transport(self.bar)
        self.bar.checklist_changed.connect(self.page.controls.wait_for_start)
        controls, keyboard = self.page.controls, self.page.keyboard
        self.window.install_actions(
            {"start": controls.start_or_reset, "reset": controls.start_or_reset, "success": keyboard.press_enter}
        )
        self.sent: list[object] = []
        controls.commanded.connect(self.sent.append)
        self.bar.commanded.connect(self.sent.append)
        self.window.resize(1200, 800)
        self.window.show()
        self.window.activateWindow()
        qtbot.waitUntil(self.window.isActiveWindow)
        self.page.handle(status(phase=phase))
        self.bar.show_status(robot_status(armed=True, mode="holding", checklist=LIST))

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.window.windowHandle(), key, modifiers)

    @property
    def started(self) -> bool:
        begin = (m.ConfirmReset(), m.StartEpisodes(episodes=self.page.controls.episodes))
        return any(each in begin for each in self.sent)

    def click_start(self, times: int) -> None:
        button = self.page.controls.button(EpisodeAction.START)
        for _ in range(times):
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def double_click_begin(self) -> None:
        begin = self.bar.prompt.begin_button
        QTest.mouseClick(begin, Qt.MouseButton.LeftButton)
        QTest.mouseDClick(begin, Qt.MouseButton.LeftButton)

    def focus_start_and_press(self, key: Qt.Key) -> None:
        self.page.controls.button(EpisodeAction.START).setFocus()
        self.key(key)
        self.bar.prompt.begin_button.setFocus()
        self.key(key)


def command_twice(window: RobotWindow) -> None:
    # The worker reads the pad itself and refuses its Start; this is the window's own function for the same request.
    window.page.controls.start_or_reset()
    window.page.controls.start_or_reset()


def keys_twice(window: RobotWindow) -> None:
    for _ in range(2):
        window.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


WAYS: dict[str, Callable[[RobotWindow], None]] = {
    "mouse": lambda window: window.click_start(1),
    "mouse twice": lambda window: window.click_start(2),
    "double click on Begin": RobotWindow.double_click_begin,
    "Ctrl+Enter twice": keys_twice,
    "Enter": lambda window: window.focus_start_and_press(Qt.Key.Key_Return),
    "Space": lambda window: window.focus_start_and_press(Qt.Key.Key_Space),
    "Ctrl+R": lambda window: window.key(Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier),
    "command twice": command_twice,
}
PHASES = (Phase.IDLE, Phase.HOLD)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("ticked", [0, 1])
@pytest.mark.parametrize("way", WAYS)
def test_no_way_in_passes_an_open_checklist(
    store: PreferenceStore, qtbot: QtBot, way: str, ticked: int, phase: Phase
) -> None:
    window = RobotWindow(store, qtbot, phase)
    for box in window.bar.prompt.boxes[:ticked]:
        box.click()
    WAYS[way](window)
    assert not window.started
    button = window.page.controls.button(EpisodeAction.START)
    assert not button.isEnabled()
    assert "Tick every point" in button.toolTip()


@pytest.mark.parametrize("way", ["mouse", "Ctrl+Enter twice", "command twice", "Enter"])
def test_a_complete_checklist_is_confirmed(store: PreferenceStore, qtbot: QtBot, way: str) -> None:
    window = RobotWindow(store, qtbot, Phase.IDLE)
    for box in window.bar.prompt.boxes:
        box.click()
    WAYS[way](window)
    assert window.started


def test_a_new_checklist_begins_with_empty_boxes(store: PreferenceStore, qtbot: QtBot) -> None:
    window = RobotWindow(store, qtbot, Phase.IDLE)
    for box in window.bar.prompt.boxes:
        box.click()
    window.bar.show_status(robot_status(armed=True, mode="active"))
    window.bar.show_status(robot_status(armed=True, mode="holding", checklist=LIST))
    command_twice(window)
    assert not window.started


@pytest.mark.parametrize(
    "refused",
    [{"up": False, "mode": "disarmed"}, {"mode": "stopped"}, {"may_drive": False}, {"armed": True, "mode": "holding"}],
)
def test_the_key_does_not_arm_what_the_button_refuses(qtbot: QtBot, refused: dict[str, object]) -> None:
    bar = RobotBar()
    qtbot.addWidget(bar)
    sent: list[object] = []
    bar.commanded.connect(sent.append)
    bar.show_status(robot_status(**refused))
    bar.arm()
    assert sent == []
