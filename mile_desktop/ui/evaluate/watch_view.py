"""The picture of the watched episode."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent

from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.frame_canvas import FrameCanvas

_HINT = "Choose an episode and press Watch. A running one is shown from now on, one that has ended is run again."


class WatchView(FrameCanvas):
    """A picture with a camera of its own and one line of text; the mouse turns, pans and zooms as in the live view."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._colour = "secondary"
        self.setAccessibleName("Watched episode")
        theme.signals().changed.connect(self.update)

    @property
    def text(self) -> str:
        """The line of text."""
        return self._text

    def show_text(self, text: str, colour: str = "secondary") -> None:
        """Show one line over the picture."""
        # Called with each state; nothing needs painting if nothing has changed.
        if (text, colour) != (self._text, self._colour):
            self._text, self._colour = text, colour
            self.setAccessibleDescription(text)
            self.update()

    def minimumSizeHint(self) -> QSize:
        """Return the size below which the picture is useless."""
        return QSize(theme.px(200), theme.px(160))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 (Qt's signature)
        """Paint the picture and the line of text."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.token("ground"))
        self.paint_frame(painter, self.picture_rect(), _HINT)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
        if self._text:
            painter.setFont(theme.font("body", bold=True))
            width = painter.fontMetrics().horizontalAdvance(self._text) + theme.px(24)
            box = QRectF(theme.px(12), theme.px(12), min(width, self.width() - theme.px(24)), theme.px(28))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.brush("panel", 0.85))
            painter.drawRoundedRect(box, theme.px(6), theme.px(6))
            painter.setPen(theme.token(self._colour))
            text = painter.fontMetrics().elidedText(
                self._text, Qt.TextElideMode.ElideRight, int(box.width()) - theme.px(16)
            )
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        self.paint_focus(painter)
        painter.end()
