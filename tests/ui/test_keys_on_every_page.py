"""Every key of the table on every page, whatever has the focus: it does what the table says, once, or types text."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from mile_desktop.ui.shell.main_window import MainWindow
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.shell.shortcuts import BINDINGS, Scope
from mile_desktop.ui.shell.sidebar import PAGES as NAMES
from tests.ui.test_keyboard_only import PAGES

SHOWN = tuple(info.page for info in NAMES if info.page in PAGES)
LEFT_OUT = frozenset({"help", "full_screen", "messages", "message_action"})
"""Installed by the window itself; they open things that would cover the page."""


class PageWindow:
    """The window with one real page, in which every key of the table only notes that it was pressed."""

    def __init__(self, page: str, store: PreferenceStore, folder: Path, qtbot: QtBot) -> None:
        self.page = page
        self.done: list[str] = []
        self.clicked: list[str] = []
        self.unclear: list[str] = []
        self.window = MainWindow(store)
        qtbot.addWidget(self.window)
        self.widget = PAGES[page](store, folder)
        self.window.add_page(page, self.widget)
        for each in BINDINGS:
            if not each.held and each.action not in LEFT_OUT and each.action != f"page_{page}":
                self.window.install_actions({each.action: lambda action=each.action: self.done.append(action)})
        for shortcut in self.window.findChildren(QShortcut):
            shortcut.activatedAmbiguously.connect(
                lambda shortcut=shortcut: self.unclear.append(shortcut.key().toString())
            )
        self.window.resize(1400, 900)
        self.window.show()
        self.window.show_page(page)
        self.window.activateWindow()
        qtbot.waitUntil(self.window.isActiveWindow)
        for button in self.window.findChildren(QAbstractButton):
            button.clicked.connect(lambda _=False, button=button: self.clicked.append(button.objectName() or "button"))

    def focusable(self) -> Iterator[QWidget]:
        for each in self.window.findChildren(QWidget):
            usable = each.isVisible() and each.isEnabled() and each.window() is self.window
            if usable and each.focusPolicy() & Qt.FocusPolicy.TabFocus:
                yield each

    def one_of_each_kind(self) -> list[QWidget]:
        """Return the first widget of each class: what a key does there is decided by the class."""
        return list({type(each): each for each in self.focusable()}.values())

    def press(self, widget: QWidget, key: str) -> None:
        widget.setFocus()
        combination = QKeySequence(key)[0]
        # A button with a menu runs it in an event loop of its own, which only something inside of it can end.
        QTimer.singleShot(0, self.window, close_popup)
        QTest.keyClick(self.window.windowHandle(), combination.key(), combination.keyboardModifiers())
        close_popup()


def close_popup() -> None:
    popup = QApplication.activePopupWidget()
    if popup is not None:
        popup.close()


@pytest.fixture(params=SHOWN)
def shown(request: pytest.FixtureRequest, store: PreferenceStore, tmp_path: Path, qtbot: QtBot) -> PageWindow:
    return PageWindow(request.param, store, tmp_path, qtbot)


def test_a_key_does_one_thing_wherever_the_focus_is(shown: PageWindow) -> None:
    table = {
        key: each.action
        for each in BINDINGS
        if each.scope in {Scope.ALWAYS, shown.page} and not each.held and each.action not in LEFT_OUT
        if each.action != f"page_{shown.page}"
        for key in each.keys
    }
    for widget in shown.one_of_each_kind():
        for key, action in table.items():
            shown.done.clear()
            shown.clicked.clear()
            shown.press(widget, key)
            where = f"{key} on {type(widget).__name__} {widget.accessibleName()!r} of {shown.page}"
            assert shown.done in ([action], []), where
            assert not (shown.done and shown.clicked), f"{where} also pressed {shown.clicked}"
    assert shown.unclear == []


def test_a_key_of_another_page_does_nothing_here(shown: PageWindow) -> None:
    here = {key for each in BINDINGS if each.scope in {Scope.ALWAYS, Scope.WINDOW, shown.page} for key in each.keys}
    others = {key for each in BINDINGS for key in each.keys if key not in here and not each.held}
    for key in sorted(others):
        shown.press(shown.widget, key)
        assert shown.done == [], f"{key} on {shown.page}"
