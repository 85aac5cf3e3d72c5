from collections.abc import Iterator
from functools import partial

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from mile_desktop.ui.shell.message_line import History, MessageAction, MessageLine, as_level


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(themed: QApplication, qtbot: QtBot, clock: Clock) -> Iterator[MessageLine]:
    window = QMainWindow()
    line = MessageLine(clock=clock)
    window.statusBar().addWidget(line, 1)
    window.resize(900, 600)
    qtbot.addWidget(window)
    window.show()
    yield line
    window.close()


def texts(widget: QWidget) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel)]


def test_the_newest_message_is_shown_with_its_level(line: MessageLine) -> None:
    line.say("info", "Episode 3 saved.")
    line.say("warning", "The pad was unplugged.")
    assert line.shown.text == "The pad was unplugged."
    assert "The pad was unplugged." in texts(line)
    names = [button.accessibleName() for button in line.findChildren(QToolButton) if button.isVisible()]
    assert names == ["Warning"]


def test_an_error_is_not_pushed_aside_at_once(line: MessageLine, clock: Clock) -> None:
    line.say("error", "The disk is full.")
    clock.now = 7.9
    line.say("info", "Episode 3 saved.")
    assert line.shown.text == "The disk is full."
    clock.now = 8.0
    line.say("info", "Episode 4 saved.")
    assert line.shown.text == "Episode 4 saved."
    assert [entry.text for entry in line.entries] == ["The disk is full.", "Episode 3 saved.", "Episode 4 saved."]


def test_a_newer_error_always_shows(line: MessageLine) -> None:
    line.say("error", "one")
    line.say("error", "two")
    assert line.shown.text == "two"


def test_the_action_of_a_message_is_one_click(line: MessageLine, qtbot: QtBot) -> None:
    ran: list[str] = []
    line.say("error", "The rollout worker ended.", MessageAction("Restart", lambda: ran.append("restart")))
    button = next(button for button in line.findChildren(QToolButton) if button.text() == "Restart")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert ran == ["restart"]
    assert not button.isVisible()


def test_two_messages_with_the_same_label_run_their_own_action(line: MessageLine, qtbot: QtBot) -> None:
    ran: list[str] = []
    for name in ("first", "second"):
        line.say("info", name, MessageAction("Bring it back", partial(ran.append, name)))
    button = next(button for button in line.findChildren(QToolButton) if button.text() == "Bring it back")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert ran == ["second"]


@pytest.mark.parametrize(("level", "shown"), [("warning", "warning"), ("success", "success"), ("debug", "info")])
def test_an_unknown_level_of_another_process_counts_as_information(level: str, shown: str) -> None:
    assert as_level(level) == shown


def test_a_click_shows_earlier_messages_and_hides_them_again(line: MessageLine, qtbot: QtBot) -> None:
    for number in range(30):
        line.say("info", f"message {number}")
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton)
    history = line.window().findChild(History)
    assert history.isVisible()
    assert {f"message {number}" for number in range(30)} <= set(texts(history))
    line.say("info", "while open")
    assert "while open" in texts(history)
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton)
    assert not history.isVisible()


def test_memory_is_bounded(line: MessageLine) -> None:
    for number in range(500):
        line.say("info", str(number))
    assert len(line.entries) == 200
    assert line.entries[-1].text == "499"


def test_a_long_sentence_is_shortened_on_screen_only(line: MessageLine, qtbot: QtBot) -> None:
    long = "word " * 200
    line.say("error", long)
    label = next(label for label in line.findChildren(QLabel) if label.text().endswith("…"))
    assert label.toolTip() == long
    assert line.shown.text == long


def test_markup_is_shown_not_obeyed(line: MessageLine) -> None:
    line.say("info", "<b>bold</b>")
    assert "<b>bold</b>" in texts(line)


def test_good_news_leaves_the_line_and_stays_in_the_list(line: MessageLine) -> None:
    line.say("success", "Retraining is done.")
    assert line._expiry.isActive()
    line._expiry.timeout.emit()
    assert line.shown is None
    assert "Retraining is done." not in texts(line)
    assert line.entries[-1].text == "Retraining is done."
    line.say("error", "The disk is full.")
    assert not line._expiry.isActive(), "an error stays until the next message"


def test_an_error_that_is_settled_makes_room_at_once(line: MessageLine, clock: Clock) -> None:
    line.say("error", "The worker has not answered.", MessageAction("Restart", lambda: None, "silent"))
    clock.now = 1.0
    line.withdraw("silent")
    line.say("info", "The worker answers again.")
    assert line.shown.text == "The worker answers again."
    assert not line._action.isVisible()
