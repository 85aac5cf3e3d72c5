import re
from collections.abc import Iterator
from functools import partial

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QMainWindow, QToolButton
from pytestqt.qtbot import QtBot

from mile_desktop.ui.shell.message_line import History, MessageAction, MessageLine
from mile_desktop.ui.shell.toasts import Card, Toasts


@pytest.fixture
def line(themed: QApplication, qtbot: QtBot) -> Iterator[MessageLine]:
    window = QMainWindow()
    window.setCentralWidget(QLineEdit())
    line = MessageLine()
    window.statusBar().addWidget(line, 1)
    window.resize(900, 600)
    qtbot.addWidget(window)
    window.show()
    yield line
    window.close()


@pytest.fixture
def toasts(line: MessageLine) -> Toasts:
    return Toasts(line.window(), line)


def texts(toasts: Toasts) -> list[str]:
    return [entry.text for entry in toasts.shown]


def press(toasts: Toasts, label: str, qtbot: QtBot) -> None:
    buttons = [each for each in toasts.findChildren(QToolButton) if label in {each.text(), each.accessibleName()}]
    qtbot.mouseClick(buttons[-1], Qt.MouseButton.LeftButton)


def test_what_needs_a_reaction_gets_a_card_and_the_rest_stays_in_the_line(line: MessageLine, toasts: Toasts) -> None:
    line.say("info", "Episode 3 saved.")
    line.say("success", "Episode 4 saved.")
    assert not toasts.isVisible()
    line.say("warning", "The pad was unplugged.")
    line.say("info", "The episode was discarded.", MessageAction("Undo", str))
    assert texts(toasts) == ["The pad was unplugged.", "The episode was discarded."]
    assert toasts.geometry().bottom() < line.mapTo(line.window(), line.rect().topLeft()).y()
    assert toasts.geometry().right() < line.window().width()


def test_undo_still_works_when_the_line_shows_something_newer(line: MessageLine, toasts: Toasts, qtbot: QtBot) -> None:
    ran: list[str] = []
    line.say("info", "The episode was discarded.", MessageAction("Undo", partial(ran.append, "undo"), "discard"))
    line.say("error", "The camera is gone.")
    press(toasts, "Undo", qtbot)
    assert ran == ["undo"]
    assert texts(toasts) == ["The camera is gone."]


def test_an_action_runs_once_wherever_it_is_pressed(line: MessageLine, toasts: Toasts, qtbot: QtBot) -> None:
    ran: list[str] = []
    line.say("info", "Deleted.", MessageAction("Undo", partial(ran.append, "undo")))
    line.show_history()
    history = line.window().findChild(History)
    (button,) = (each for each in history.findChildren(QToolButton) if each.text() == "Undo")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    line.run_newest()
    assert ran == ["undo"]
    assert texts(toasts) == []
    assert not any(each.isVisible() for each in line.findChildren(QToolButton) if each.text() == "Undo")


def test_only_the_newest_of_a_topic_can_be_undone(line: MessageLine, toasts: Toasts) -> None:
    ran: list[str] = []
    for name in ("first", "second"):
        line.say("info", name, MessageAction("Undo", partial(ran.append, name), "discard"))
    line.say("info", "archived", MessageAction("Undo", partial(ran.append, "archived"), "archive"))
    assert texts(toasts) == ["second", "archived"]
    assert [line.can_run(entry) for entry in line.entries] == [False, True, True]
    line.withdraw("discard")
    assert texts(toasts) == ["archived"]
    line.run_newest()
    line.run_newest()
    assert ran == ["archived"]


def test_cards_do_not_fill_the_window(line: MessageLine, toasts: Toasts) -> None:
    for number in range(9):
        line.say("warning", f"warning {number}")
    line.say("warning", "warning 8")
    assert texts(toasts) == ["warning 6", "warning 7", "warning 8"]


def test_a_card_goes_by_itself_but_not_under_the_mouse(line: MessageLine, toasts: Toasts) -> None:
    line.say("warning", "The pad was unplugged.")
    (card,) = toasts.findChildren(Card)
    QApplication.sendEvent(card, QEnterEvent(QPointF(5, 5), QPointF(5, 5), QPointF(5, 5)))
    assert not card._timer.isActive()
    QApplication.sendEvent(card, QEvent(QEvent.Type.Leave))
    assert card._timer.isActive()
    card._timer.timeout.emit()
    assert not toasts.isVisible()


def test_a_card_can_be_closed_and_follows_the_window(line: MessageLine, toasts: Toasts, qtbot: QtBot) -> None:
    line.say("error", "The disk is full. " * 12)
    before = toasts.geometry().right()
    line.window().resize(1100, 640)
    assert toasts.geometry().right() == before + 200
    press(toasts, "Close", qtbot)
    assert texts(toasts) == []


def test_a_card_takes_no_focus(line: MessageLine, toasts: Toasts, qtbot: QtBot) -> None:
    field = line.window().centralWidget()
    field.setFocus()
    line.say("error", "The disk is full.", MessageAction("Try again", str))
    press(toasts, "Try again", qtbot)
    assert line.window().focusWidget() is field


def test_a_sentence_with_a_button_is_no_column_of_single_words(line: MessageLine, toasts: Toasts) -> None:
    sentence = "The workspace is open in another window; use that one, close it, or open another workspace."
    line.say("error", sentence, MessageAction("Choose a workspace", lambda: None))
    QApplication.processEvents()
    (card,) = toasts.findChildren(Card)
    text = next(each for each in card.findChildren(QLabel) if each.text() == sentence)
    assert text.width() > 0.7 * card.width()
    assert card.height() < card.width() / 2


def test_a_long_path_is_broken_and_not_cut_off(line: MessageLine, toasts: Toasts) -> None:
    path = "/home/a-person/a-very-long-folder-of-a-workspace/pictures/peg-insertion-2026-11-30-22-14-51.mp4"
    line.say("success", f"The video is saved as {path}.", MessageAction("Open folder", str))
    (card,) = toasts.findChildren(Card)
    label = next(each for each in card.findChildren(QLabel) if "video" in each.text())
    QApplication.processEvents()
    widest = max(label.fontMetrics().horizontalAdvance(part) for part in re.split("[ \u200b]", label.text()))
    assert widest <= label.width()
    assert card.entry.text.endswith(f"{path}.")
    assert card.accessibleName() == card.entry.text
