"""Dialogs that stand beside the window while the robot may move."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog

from mile_desktop.rollout.phases import IN_EPISODE
from mile_desktop.ui.theme import theme

if TYPE_CHECKING:
    from mile_desktop.ui.application import Application


class SideDialog(QDialog):
    """A dialog that leaves it to its owner what Esc does: in this program it stops the robot."""

    escape_pressed = Signal()

    def take_size(self, width: int, height: int) -> None:
        """Be as large as this (pixels at 100 %), and no larger than the screen."""
        wanted, screen = QSize(theme.px(width), theme.px(height)), self.screen()
        self.resize(wanted.boundedTo(screen.availableSize()) if screen is not None else wanted)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Pass Esc on."""
        if event.key() == Qt.Key.Key_Escape:
            self.escape_pressed.emit()
        else:
            super().keyPressEvent(event)


def stop_or_hide(application: "Application", dialog: SideDialog) -> None:
    """Stop the robot, if there is an episode; else close the dialog."""
    status = application.worker.status
    if application.worker.alive and status is not None and status.phase in IN_EPISODE:
        application.supervise.transport.stop()
    else:
        dialog.hide()
