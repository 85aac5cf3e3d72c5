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
        self.setObjectName("panel_dock")
        self.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        self.setWidget(content)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Report that the person has closed it."""
        super().closeEvent(event)
        self.hidden_by_person.emit()
