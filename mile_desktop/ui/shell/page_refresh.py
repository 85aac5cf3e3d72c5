"""Pages that are brought up to date only where somebody can see it."""

from collections.abc import Callable

from PySide6.QtCore import QObject

from mile_desktop.ui.shell.main_window import MainWindow


class PageRefresh(QObject):
    """Calls ``refresh`` at once while the page is shown, else when it is opened or asked for.

    A hidden page costs the window nothing while somebody supervises, however often what it shows changes.

    Parameters
    ----------
    window, page
        The window and the page's name in it.
    refresh
        Shows everything as it is now.
    parent
        Who owns this.
    """

    def __init__(self, window: MainWindow, page: str, refresh: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._window = window
        self._page = page
        self._refresh = refresh
        self._stale = True
        window.page_changed.connect(self._page_changed)

    def mark_stale(self) -> None:
        """Say that the page does not show how things are any more."""
        self._stale = True
        if self._window.page == self._page:
            self.settle()

    def settle(self) -> None:
        """Bring the page up to date if it is not: before something is asked of it that is not seen."""
        if self._stale:
            self._stale = False
            self._refresh()

    def _page_changed(self, page: str) -> None:
        if page == self._page:
            self.settle()
