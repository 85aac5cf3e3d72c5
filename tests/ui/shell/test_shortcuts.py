from collections import Counter
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from mile_desktop.ui.shell.shortcuts import BINDINGS, Binding, Scope, Shortcuts, binding, is_editor, tooltip
from mile_desktop.ui.shell.sidebar import PAGES


class Counts(Counter[str]):
    def __init__(self, *actions: str) -> None:
        super().__init__()
        self.handlers = {action: self._counter(action) for action in actions}

    def _counter(self, action: str) -> Callable[[], None]:
        def count() -> None:
            self[action] += 1

        return count


@pytest.fixture
def window(themed: QApplication, qtbot: QtBot) -> QWidget:
    window = QWidget()
    QVBoxLayout(window).addWidget(QLineEdit())
    window.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    window.setFocus()
    qtbot.waitUntil(window.hasFocus)
    return window


EVERYWHERE = {Scope.ALWAYS, Scope.WINDOW}


@pytest.mark.parametrize("page", [scope for scope in Scope if scope not in EVERYWHERE])
def test_no_key_of_a_page_and_no_action_is_used_twice(page: Scope) -> None:
    here = [entry for entry in BINDINGS if entry.scope in {page, *EVERYWHERE} and not entry.held]
    keys = [QKeySequence(key).toString() for entry in here for key in entry.keys]
    assert not [key for key, count in Counter(keys).items() if count > 1]
    assert len({entry.action for entry in BINDINGS}) == len(BINDINGS)


def test_every_key_is_one_qt_understands() -> None:
    for entry in BINDINGS:
        if not entry.held:
            assert all(QKeySequence(key).toString() for key in entry.keys), entry


def test_every_page_has_a_key() -> None:
    assert {binding(f"page_{info.page}").title for info in PAGES} == {info.title for info in PAGES}


def test_keys_call_their_handlers(window: QWidget, qtbot: QtBot) -> None:
    counts = Counts("hold", "stop", "success", "help")
    Shortcuts(window, counts.handlers)
    qtbot.keyClick(window, Qt.Key.Key_H)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.keyClick(window, Qt.Key.Key_Return)
    qtbot.keyClick(window, Qt.Key.Key_Enter)
    qtbot.keyClick(window, Qt.Key.Key_F1)
    assert counts == {"hold": 1, "stop": 1, "success": 2, "help": 1}


def test_other_pages_keep_only_the_stop(window: QWidget, qtbot: QtBot) -> None:
    counts = Counts("hold", "stop", "success")
    Shortcuts(window, counts.handlers).set_page("policies")
    for key in (Qt.Key.Key_H, Qt.Key.Key_Return, Qt.Key.Key_Escape):
        qtbot.keyClick(window, key)
    assert counts == {"stop": 1}


def test_typing_is_never_a_command(window: QWidget, qtbot: QtBot) -> None:
    counts = Counts("hold", "success", "failure", "help", "stop")
    Shortcuts(window, counts.handlers)
    editor = window.findChild(QLineEdit)
    editor.setFocus()
    for key in (Qt.Key.Key_H, Qt.Key.Key_Question, Qt.Key.Key_Return, Qt.Key.Key_Backspace):
        qtbot.keyClick(editor, key)
    assert counts == {}
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert counts == {"stop": 1}
    window.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_H)
    assert counts == {"stop": 1, "hold": 1}


def test_only_what_can_be_done_is_listed(window: QWidget) -> None:
    shortcuts = Shortcuts(window, Counts("stop").handlers)
    assert {entry.action for entry in shortcuts.listed if not entry.held} == {"stop"}
    assert "takeover" in {entry.action for entry in shortcuts.listed}


def test_held_and_unknown_actions_are_refused(window: QWidget) -> None:
    shortcuts = Shortcuts(window)
    with pytest.raises(KeyError, match="held down"):
        shortcuts.install(Counts("takeover").handlers)
    with pytest.raises(KeyError, match="no shortcut called 'fly'"):
        shortcuts.install(Counts("fly").handlers)


def test_keys_are_written_for_people() -> None:
    assert binding("takeover").keys_text == "hold Space"
    assert binding("success").keys_text == "Enter"
    assert binding("start").keys_text == "Ctrl + Enter"
    assert tooltip("Stop", "stop") == "Stop (Esc)"


def test_nothing_focused_is_no_editor() -> None:
    assert not is_editor(None)


def test_what_drives_follows_the_scene(window: QWidget) -> None:
    shortcuts = Shortcuts(window)
    usual = [entry.action for entry in shortcuts.listed]
    engine = Binding("choose_up", "Main engine", "Drive", ("W", "Up"), "left stick ↑", held=True)
    shortcuts.set_driving((engine,))
    assert [entry.action for entry in shortcuts.listed if entry.group == "Drive"] == ["choose_up"]
    assert [entry.action for entry in shortcuts.listed].index("choose_up") == usual.index("drive_x")
    shortcuts.set_driving(())
    assert [entry.action for entry in shortcuts.listed] == usual
