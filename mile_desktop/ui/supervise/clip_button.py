"""The button that records a video of the view, and the mark over the view while one is recorded."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolButton, QWidget

from mile_desktop.ui.shell import shortcuts
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.overlay import MARGIN, plate
from mile_desktop.ui.viewport.picture_canvas import PictureCanvas
from mile_desktop.ui.widgets.override_guard import OverrideGuard

_DOT = 10
_PAD = 8


class ClipButton(QToolButton):
    """Starts a video, and ends it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_recording(False)

    def set_recording(self, records: bool) -> None:
        """Show what a click does now; the width stays, so that no button moves while the robot does."""
        text = "End the video of the view" if records else "Record a video of the view"
        self.setToolTip(shortcuts.tooltip(text, "clip"))
        self.setAccessibleName(text)
        icon, colour = ("mdi6.stop-circle", "failure") if records else ("mdi6.record-circle-outline", "secondary")
        theme.set_icon(self, icon, colour)


class ClipMark(OverrideGuard, QWidget):
    """A red dot and the time since the start, over the view; it is not part of the video.

    Parameters
    ----------
    view
        Over which it lies.
    """

    def __init__(self, view: PictureCanvas) -> None:
        super().__init__(view)
        self._view = view
        self._text = ""
        # A drag that begins on the mark turns the view as elsewhere.
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Recording a video of the view")
        self.hide()

    @property
    def text(self) -> str:
        """The time that is shown; empty while nothing is recorded."""
        return self._text

    def show_time(self, seconds: float | None) -> None:
        """Show how long is recorded already; None: nothing is recorded."""
        text = "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02}"
        if text == self._text:
            return
        self._text = text
        self.setAccessibleDescription(text)
        self.setVisible(bool(text))
        self.place()
        self.update()

    def place(self) -> None:
        """Lie at the lower right of the picture of the scene: badge, gauge and hints have the other corners."""
        metrics = QFontMetrics(theme.font("body"))
        # As wide as the longest time, so that the mark does not move each time a digit is wider.
        width = metrics.horizontalAdvance("00:00") + theme.px(_DOT + 3 * _PAD)
        height = metrics.height() + theme.px(8)
        area, margin = self._view.main_area(), theme.px(MARGIN)
        self.setGeometry(round(area.right()) - margin - width, round(area.bottom()) - margin - height, width, height)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 (Qt's signature)
        """Paint dot and time."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plate(painter, QRectF(self.rect()))
        dot = theme.px(_DOT)
        painter.setBrush(theme.brush("failure"))
        painter.drawEllipse(theme.px(_PAD), (self.height() - dot) // 2, dot, dot)
        painter.setPen(theme.token("text"))
        painter.setFont(theme.font("body"))
        area = self.rect().adjusted(dot + theme.px(2 * _PAD), 0, 0, 0)
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._text)
        painter.end()
