"""The view alone on the whole screen."""

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QDockWidget, QToolBar, QWidget

from mile_desktop.ui.shell.main_window import MainWindow
from mile_desktop.ui.supervise.page import SupervisePage

_PAGE = "supervise"


class FullView(QObject):
    """Takes everything away that is not the view, and brings it back; keys and pad count as before.

    Badge, reason, p and the cameras are painted in the view itself, so that nothing a supervisor must see is lost.
    """

    def __init__(self, window: MainWindow, page: SupervisePage) -> None:
        super().__init__(window)
        self._window = window
        self._page = page
        self._hidden: list[QWidget] = []
        self._before = Qt.WindowState.WindowNoState
        self.active = False
        """Whether the view is alone now."""
        window.page_changed.connect(self._leave)

    def toggle(self) -> None:
        """Show the view alone, or everything again."""
        if self.active:
            self._leave()
            return
        self.active = True
        window = self._window
        parts = (window.header, window.statusBar(), *window.findChildren(QToolBar), *window.findChildren(QDockWidget))
        # Only what was visible comes back: the person may have hidden some of it before.
        self._hidden = [part for part in parts if part.isVisible()]
        for part in self._hidden:
            part.hide()
        self._page.show_only_view(True)
        self._before = window.windowState()
        window.setWindowState(self._before | Qt.WindowState.WindowFullScreen)
        # Whatever had the focus is hidden now, and the keys must drive.
        self._page.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _leave(self, _: object = None) -> None:
        if not self.active:
            return
        self.active = False
        for part in self._hidden:
            if self._window.page == _PAGE or not isinstance(part, QDockWidget):  # the dock belongs to that page only
                part.show()
        self._page.show_only_view(False)
        self._window.setWindowState(self._before)
