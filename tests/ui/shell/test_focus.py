from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from mile_desktop.ui.shell.main_window import MainWindow
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.shell.shortcut_overlay import ShortcutOverlay


class ButtonPage(QWidget):
    """A button that is pressed, and a dangerous one that follows it in the tab order."""

    def __init__(self) -> None:
        super().__init__()
        self.group, self.text = QWidget(), QLineEdit()
        self.pressed, self.dangerous = QPushButton("Retrain"), QPushButton("Delete")
        QVBoxLayout(self.group).addWidget(self.pressed)
        column = QVBoxLayout(self)
        for widget in (self.group, self.dangerous, self.text):
            column.addWidget(widget)


@pytest.fixture
def window(store: PreferenceStore, qtbot: QtBot) -> MainWindow:
    window = MainWindow(store)
    qtbot.addWidget(window)
    window.add_page("supervise", ButtonPage())
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window


def page_of(window: MainWindow) -> ButtonPage:
    page = window.centralWidget().findChild(ButtonPage)
    assert isinstance(page, ButtonPage)
    return page


LOSSES: dict[str, Callable[[ButtonPage], None]] = {
    "disabled": lambda page: page.pressed.setEnabled(False),
    "hidden": lambda page: page.pressed.hide(),
    "its group disabled": lambda page: page.group.setEnabled(False),
    "its group hidden": lambda page: page.group.hide(),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_button_that_disappears_gives_the_focus_to_no_other_button(window: MainWindow, loss: str) -> None:
    page = page_of(window)
    page.pressed.setFocus()
    assert page.pressed.hasFocus()
    LOSSES[loss](page)
    assert not isinstance(QApplication.focusWidget(), QPushButton)


def test_tab_still_moves_the_focus(window: MainWindow) -> None:
    page = page_of(window)
    page.pressed.setFocus()
    window.focusNextPrevChild(True)
    assert page.dangerous.hasFocus()


def test_the_list_of_keys_has_the_focus_and_gives_it_back(window: MainWindow) -> None:
    page = page_of(window)
    page.dangerous.setFocus()
    window.show_shortcuts()
    overlay = window.findChild(ShortcutOverlay)
    assert overlay is not None
    focused = QApplication.focusWidget()
    assert focused is not None
    assert overlay.isAncestorOf(focused)
    assert window.close_top()
    assert page.dangerous.hasFocus()
    assert not overlay.isVisible()


def test_the_top_is_closed_one_by_one(window: MainWindow, qtbot: QtBot) -> None:
    page = page_of(window)
    page.text.setFocus()
    window.show_shortcuts()
    menu = QMenu(window)
    menu.addAction("One")
    menu.popup(window.mapToGlobal(window.rect().center()))
    qtbot.waitUntil(menu.isVisible)
    overlay = window.findChild(ShortcutOverlay)
    assert overlay is not None
    assert window.close_top()
    assert (menu.isVisible(), overlay.isVisible()) == (False, True)
    assert window.close_top()
    assert not overlay.isVisible()
    assert page.text.hasFocus()
    assert window.close_top()
    assert not page.text.hasFocus()
    assert not window.close_top()
