"""One question before the window closes; nothing ends before its answer."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from mile_desktop.ui.shell.close_question import RunningWork, ask_to_close
from mile_desktop.ui.shell.main_window import MainWindow
from mile_desktop.ui.shell.preferences import PreferenceStore


@pytest.fixture
def window(store: PreferenceStore, qtbot: QtBot) -> MainWindow:
    window = MainWindow(store)
    qtbot.addWidget(window, before_close_func=ask_nothing)
    window.add_page("supervise", QWidget())
    window.show()
    return window


def ask_nothing(window: MainWindow) -> None:
    window.ask_before_closing(lambda: True)


def when_asked(act: Callable[[QMessageBox], object]) -> None:
    """Do ``act`` with the question as soon as it is shown."""

    def look() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            act(box)
        else:
            QTimer.singleShot(5, look)

    QTimer.singleShot(0, look)


def press(word: str, *, tick: bool = False) -> Callable[[QMessageBox], None]:
    def act(box: QMessageBox) -> None:
        if tick:
            box.checkBox().setChecked(True)
        next(each for each in box.buttons() if each.text().replace("&", "") == word).click()

    return act


def work(ended: list[str]) -> list[RunningWork]:
    return [
        RunningWork("An episode is running."),
        RunningWork("A training is running.", also="Cancel the training, too", end=lambda: ended.append("training")),
    ]


@pytest.mark.parametrize(
    ("word", "tick", "closes", "ends"),
    [
        ("Stay", False, False, []),
        ("Stay", True, False, []),
        ("Close", False, True, []),
        ("Close", True, True, ["training"]),
    ],
)
def test_only_the_answer_ends_something(
    window: MainWindow, word: str, tick: bool, closes: bool, ends: list[str]
) -> None:
    ended: list[str] = []
    when_asked(press(word, tick=tick))
    assert ask_to_close(window, work(ended)) is closes
    assert ended == ends


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Space])
def test_a_key_in_passing_closes_nothing(window: MainWindow, key: Qt.Key) -> None:
    when_asked(lambda box: QTest.keyClick(box.windowHandle(), key))
    assert not ask_to_close(window, work([]))


def test_everything_that_runs_is_named_in_one_question(window: MainWindow) -> None:
    texts: list[str] = []

    def read(box: QMessageBox) -> None:
        texts.append(box.informativeText())
        box.reject()

    when_asked(read)
    ask_to_close(window, work([]))
    assert texts == ["An episode is running.\n\nA training is running."]


def test_closing_again_while_the_question_is_open_changes_nothing(window: MainWindow, qtbot: QtBot) -> None:
    window.ask_before_closing(lambda: ask_to_close(window, work([])))

    def close_again(box: QMessageBox) -> None:
        window.close()
        box.reject()

    when_asked(close_again)
    with qtbot.assertNotEmitted(window.closing):
        assert not window.close()
    assert window.isVisible()


def test_the_system_may_end_the_program_while_the_question_is_open(window: MainWindow, qtbot: QtBot) -> None:
    closed: list[None] = []
    window.closing.connect(lambda: closed.append(None))
    window.ask_before_closing(lambda: ask_to_close(window, work([])))

    def end(_box: QMessageBox) -> None:
        window.ask_before_closing(lambda: True)
        window.close()

    when_asked(end)
    window.close()
    assert len(closed) == 1
    assert not window.isVisible()
