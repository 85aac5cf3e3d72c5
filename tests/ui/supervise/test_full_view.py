from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from mile_desktop.ui.shell.main_window import MainWindow
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.supervise.full_view import FullView
from mile_desktop.ui.supervise.page import SupervisePage


@pytest.fixture
def seat(store: PreferenceStore, qtbot: QtBot) -> Iterator[tuple[MainWindow, SupervisePage, FullView]]:
    window, page = MainWindow(store), SupervisePage()
    qtbot.addWidget(window)
    window.add_page("supervise", page)
    window.add_page("settings", QLabel())
    window.set_panel(QLabel("learn"))
    full = FullView(window, page)
    window.install_actions({"full_view": full.toggle, "layout": page.view.cycle_layout})
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    yield window, page, full
    window.close()


Seat = tuple[MainWindow, SupervisePage, FullView]


def test_a_key_shows_the_view_alone_and_again_everything(seat: Seat) -> None:
    window, page, full = seat
    parts = (window.header, window.statusBar(), window.panel, page.strips, page.controls)
    page.view.setFocus()
    QTest.keyClick(page.view, Qt.Key.Key_F11, Qt.KeyboardModifier.ShiftModifier)
    assert full.active
    assert window.isFullScreen()
    assert not [part for part in parts if part is not None and part.isVisible()]
    assert page.view.isVisible()
    QTest.keyClick(page.view, Qt.Key.Key_F11, Qt.KeyboardModifier.ShiftModifier)
    assert not full.active
    assert not window.isFullScreen()
    assert all(part is not None and part.isVisible() for part in parts)


def test_another_page_ends_the_full_view_without_the_panel(seat: Seat) -> None:
    window, page, full = seat
    full.toggle()
    window.show_page("settings")
    assert not full.active
    assert window.header.isVisible()
    assert window.panel is not None
    assert not window.panel.isVisible()
    window.show_page("supervise")
    assert window.panel.isVisible()
    assert page.strips.isVisible()


def test_a_key_cycles_through_the_layouts(seat: Seat) -> None:
    _, page, _ = seat
    page.view.setFocus()
    seen = []
    for _ in range(4):
        QTest.keyClick(page.view, Qt.Key.Key_P)
        seen.append(page.view.tiles.layout.value)
    assert seen == ["grid", "quarters", "one", "inset"]
