"""Refreshes a page only while it is visible."""

from collections.abc import Callable

from PySide6.QtCore import QObject

from mile_desktop.ui.shell.main_window import MainWindow


class PageRefresh(QObject):
    """Calls ``refresh`` at once while the page is shown, otherwise when it is opened.

    A hidden page costs nothing during supervision, however often its content changes.

    Parameters
    ----------
    window, page
        The window and the page's name in it.
    refresh
        Reads the content again and shows it.
    parent
        The owner.
    """

    def __init__(self, window: MainWindow, page: str, refresh: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._window = window
        self._page = page
        self._refresh = refresh
        # Stale from the start: a page that is never opened never reads anything.
        self._stale = True
        window.page_changed.connect(self._page_changed)

    def mark_stale(self) -> None:
        """Note that the page shows old content; refresh it at once if it is visible."""
        self._stale = True
        if self._window.page == self._page:
            self.settle()

    def settle(self) -> None:
        """Refresh the page if its content is old, even while it is hidden: its data is about to be used."""
        if self._stale:
            # Before the refresh: a change during it marks the page as old again.
            self._stale = False
            self._refresh()

    def _page_changed(self, page: str) -> None:
        if page == self._page:
            self.settle()
