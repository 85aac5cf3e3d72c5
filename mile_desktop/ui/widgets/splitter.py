"""A splitter whose handle is moved by the mouse, or by the arrow keys while it has the keyboard focus."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSplitter, QSplitterHandle, QWidget

from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard

_STEP = 24
_KEYS = {
    Qt.Orientation.Horizontal: {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1},
    Qt.Orientation.Vertical: {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1},
}


class Splitter(OverrideGuard, QSplitter):
    """A splitter that never hides one of its parts."""

    def __init__(self, orientation: Qt.Orientation, parent: QWidget | None = None) -> None:
        super().__init__(orientation, parent)
        # A part that was dragged away by accident would be hard to find again.
        self.setChildrenCollapsible(False)

    def createHandle(self) -> QSplitterHandle:
        """Return a handle that can be reached with Tab."""
        return Handle(self.orientation(), self)


class Handle(OverrideGuard, QSplitterHandle):
    """A handle that the arrow keys move."""

    def __init__(self, orientation: Qt.Orientation, parent: QSplitter) -> None:
        super().__init__(orientation, parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Divider, moved by the arrow keys")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move by a step; leave every other key."""
        direction = _KEYS[self.orientation()].get(Qt.Key(event.key()))
        if direction is None:
            super().keyPressEvent(event)
            return
        place = self.x() if self.orientation() is Qt.Orientation.Horizontal else self.y()
        self.moveSplitter(place + direction * theme.px(_STEP))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Show the keyboard focus."""
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            painter.fillRect(self.rect(), theme.token("focus"))
            painter.end()
