from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from mile_desktop.ui.shell.page_scroll import PageScroll


def test_a_page_fills_the_room_and_scrolls_when_it_needs_more(qtbot: QtBot) -> None:
    page = QWidget()
    column = QVBoxLayout(page)
    content = QWidget()
    content.setMinimumSize(300, 200)
    column.addWidget(content)
    scroll = PageScroll(page)
    qtbot.addWidget(scroll)
    scroll.resize(600, 500)
    scroll.show()
    assert page.size() == scroll.viewport().size()
    assert not scroll.verticalScrollBar().isVisible()
    scroll.resize(250, 150)
    QCoreApplication.processEvents()
    assert page.width() >= 300
    assert page.height() >= 200
    assert scroll.horizontalScrollBar().isVisible()
    assert scroll.verticalScrollBar().isVisible()
    # The page may grow while it is shown.
    scroll.resize(600, 500)
    content.setMinimumSize(300, 700)
    QCoreApplication.processEvents()
    assert page.height() >= 700


def test_a_text_that_continues_on_the_next_line_gets_its_height(qtbot: QtBot) -> None:
    page = QWidget()
    text = QLabel("several words that need many lines in a narrow page " * 6)
    text.setWordWrap(True)
    QVBoxLayout(page).addWidget(text)
    scroll = PageScroll(page)
    qtbot.addWidget(scroll)
    scroll.resize(160, 80)
    scroll.show()
    QCoreApplication.processEvents()
    assert text.height() >= text.heightForWidth(text.width())
