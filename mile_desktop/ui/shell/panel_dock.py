"""The dock on the right of a page."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from mile_desktop.ui.widgets.override_guard import OverrideGuard


class PanelDock(OverrideGuard, QDockWidget):
    """A dock that reports when a person closes it; a change of page hides it, too, without this signal."""

    hidden_by_person = Signal()

    def __init__(self, title: str, content: QWidget, window: QMainWindow) -> None:
        super().__init__(title, window)
        # Qt saves and restores a dock by this name.
        self._window = window
        self.setObjectName("panel_dock")
        self.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        self.setWidget(content)
        self._put_out = False

    def stand_beside(self, fits: bool) -> None:
        """Stand beside the page; where both have no room (``fits`` is False), become a window of its own."""
        if not fits and not self.isFloating():
            self._put_out = True
            self.setFloating(True)
            self._move_to_the_right_edge()
        elif fits and self._put_out:
            # Only what was put out for want of room comes back: a person may want it as a window.
            self._put_out = False
            self.setFloating(False)

    def _move_to_the_right_edge(self) -> None:
        window = self._window.frameGeometry()
        room = self.screen().availableGeometry()
        height = min(window.height(), room.height())
        self.resize(max(self.minimumSizeHint().width(), self.width()), height)
        left = min(window.right() - self.width(), room.right() - self.width())
        self.move(max(room.left(), left), max(room.top(), window.top()))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Report that the person has closed it."""
        super().closeEvent(event)
        self.hidden_by_person.emit()
