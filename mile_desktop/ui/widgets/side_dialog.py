"""A dialog that may stay open beside the window while the robot moves."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog

from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard


class SideDialog(OverrideGuard, QDialog):
    """A dialog that does not close on Esc: its owner decides, because Esc stops a robot that moves."""

    escape_pressed = Signal()

    def take_size(self, width: int, height: int) -> None:
        """Take this size (pixels at 100 %), but no more than the screen has."""
        wanted, screen = QSize(theme.px(width), theme.px(height)), self.screen()
        # A dialog larger than the screen could not be closed with its own buttons.
        self.resize(wanted.boundedTo(screen.availableSize()) if screen is not None else wanted)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Report Esc in place of closing the dialog."""
        if event.key() == Qt.Key.Key_Escape:
            self.escape_pressed.emit()
        else:
            super().keyPressEvent(event)
