"""One stick of the on-screen pad: the mouse drags it, and it springs back when released."""

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard

_ARROWS: dict[int, tuple[float, float]] = {
    Qt.Key.Key_Left: (-1.0, 0.0),
    Qt.Key.Key_Right: (1.0, 0.0),
    Qt.Key.Key_Up: (0.0, 1.0),
    Qt.Key.Key_Down: (0.0, -1.0),
}


def stick_position(right_px: float, down_px: float, radius_px: float) -> tuple[float, float]:
    """Return (right, up) of a drag from the centre, kept inside the unit circle."""
    # Dividing by the larger of radius and drag length keeps the direction of a drag beyond the edge.
    length = math.hypot(right_px, down_px)
    scale = 1.0 / max(radius_px, length, 1.0)
    return right_px * scale, -down_px * scale


class StickWidget(OverrideGuard, QWidget):
    """A round well with a knob; ``vertical`` ones move up and down only. Arrow keys move it while it has the focus."""

    moved = Signal()

    def __init__(self, name: str, *, vertical: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._vertical = vertical
        self.position = (0.0, 0.0)
        """(right, up), each in [−1, 1]."""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.setToolTip(f"{name}: drag, or arrow keys")
        self.setFixedSize(self.sizeHint())
        theme.signals().changed.connect(self._restyle)

    def sizeHint(self) -> QSize:
        """Return a size in which the mouse can be precise."""
        return QSize(theme.px(56 if self._vertical else 104), theme.px(104))

    def centre(self) -> None:
        """Spring back."""
        self._move_to((0.0, 0.0))

    def _move_to(self, position: tuple[float, float]) -> None:
        position = (0.0, position[1]) if self._vertical else position
        if position != self.position:
            self.position = position
            self.update()
            self.moved.emit()

    def _radius(self) -> float:
        return self.height() / 2 - theme.px(18)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Grab the knob."""
        super().mousePressEvent(event)
        # A press beside the knob counts as well, as on a real stick that is pushed at once.
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the mouse."""
        offset = event.position() - QPointF(self.width() / 2, self.height() / 2)
        self._move_to(stick_position(offset.x(), offset.y(), self._radius()))
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Release the knob."""
        self.centre()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Push fully in an arrow key's direction."""
        position = _ARROWS.get(event.key())
        if position is None:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():  # a held key sends releases and presses; the stick would twitch
            self._move_to(position)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Spring back."""
        if event.key() in _ARROWS:
            if not event.isAutoRepeat():
                self.centre()
        else:
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: object) -> None:
        """Spring back: the release of an arrow key would go to the widget that has the focus now."""
        super().focusOutEvent(event)  # type: ignore[arg-type]
        self.centre()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 (Qt's signature)
        """Paint well, knob and name."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
        centre = QPointF(self.width() / 2, self.height() / 2)
        well = theme.px(18) if self._vertical else centre.y() - theme.px(2)
        painter.setPen(theme.pen("focus" if self.hasFocus() else "line", 1.5))
        painter.setBrush(theme.brush("raised" if self.isEnabled() else "panel"))
        box = QRectF(centre.x() - well, theme.px(2), 2 * well, self.height() - theme.px(4))
        painter.drawRoundedRect(box, well, well)
        knob = centre + QPointF(self.position[0], -self.position[1]) * self._radius()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.brush("takeover" if self.position != (0.0, 0.0) else "secondary"))
        painter.drawEllipse(knob, theme.px(13), theme.px(13))
        painter.end()

    def _restyle(self) -> None:
        self.setFixedSize(self.sizeHint())
        self.update()
