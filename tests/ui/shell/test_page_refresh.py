import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from mile_desktop.ui.shell.main_window import MainWindow
from mile_desktop.ui.shell.page_refresh import PageRefresh
from mile_desktop.ui.shell.preferences import PreferenceStore


@pytest.fixture
def window(store: PreferenceStore, qtbot: QtBot) -> MainWindow:
    window = MainWindow(store)
    qtbot.addWidget(window)
    for page in ("supervise", "policies"):
        window.add_page(page, QWidget())
    return window


def test_a_hidden_page_is_left_alone_until_it_is_opened_or_asked(window: MainWindow) -> None:
    calls: list[str] = []
    showing = PageRefresh(window, "policies", lambda: calls.append(window.page), window)
    for _ in range(5):
        showing.mark_stale()
    assert calls == []
    window.show_page("policies")
    assert calls == ["policies"]
    showing.mark_stale()
    assert calls == ["policies", "policies"]
    window.show_page("supervise")
    window.show_page("policies")
    assert len(calls) == 2, "it was up to date"
    window.show_page("supervise")
    showing.mark_stale()
    showing.settle()
    showing.settle()
    assert calls == ["policies", "policies", "supervise"]
