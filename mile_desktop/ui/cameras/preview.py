"""The picture of one camera in the dialog; a rectangle dragged on it cuts the rest away."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from mile_desktop.cameras.settings import Crop, Rotation
from mile_desktop.channels.shared import Frame
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.frame_canvas import as_image
from mile_desktop.ui.viewport.tiles import fitted

_LEAST_SHARE = 0.05
_SHADE = 0.6


class Preview(QWidget):
    """Shows the newest picture with a note where something is wrong."""

    cut = Signal(QRectF)
    """The part of the picture that is to stay, in shares of its width and height."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frame: Frame | None = None
        self._image = QImage()
        self._note = ""
        self._from: QPointF | None = None
        self._to = QPointF()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.bound(self, least_width=176, least_height=132)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setToolTip("Drag a rectangle to cut the rest away")
        self.setAccessibleName("Preview")

    def show_frame(self, frame: Frame) -> None:
        """Show the newest picture; its pixels are kept, not copied."""
        self._frame = frame
        self._image = as_image(frame)
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self._frame, self._image, self._note = None, QImage(), ""
        self.update()

    def show_note(self, note: str) -> None:
        """Say what is wrong, over the picture."""
        if note != self._note:
            self._note = note
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return a size at which a picture can be judged."""
        return QSize(theme.px(480), theme.px(320))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002 (Qt's name and signature)
        """Paint picture, note and the rectangle that is being dragged."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.token("ground"))
        place = self._place()
        if not self._image.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=True)
            painter.drawImage(place, self._image)
        if self._note:
            painter.fillRect(place, theme.token("ground", _SHADE))
            painter.setPen(theme.token("text"))
            painter.setFont(theme.font("body"))
            room = QRectF(self.rect()).adjusted(theme.px(24), 0, -theme.px(24), 0)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._note)
        if self._from is not None:
            painter.setPen(theme.pen("policy", 2.0))
            painter.setBrush(theme.brush("policy", 0.15))
            painter.drawRect(QRectF(self._from, self._to).normalized())
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Begin a rectangle."""
        if event.button() is Qt.MouseButton.LeftButton and not self._image.isNull():
            self._from = self._to = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Drag it."""
        if self._from is not None:
            self._to = event.position()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802, ARG002 (Qt's name and signature)
        """Cut to it, unless it is too small to be meant."""
        if self._from is None:
            return
        place, chosen = self._place(), QRectF(self._from, self._to).normalized()
        self._from = None
        self.update()
        chosen = chosen.intersected(place)
        part = QRectF(
            (chosen.left() - place.left()) / place.width(),
            (chosen.top() - place.top()) / place.height(),
            chosen.width() / place.width(),
            chosen.height() / place.height(),
        )
        if part.width() >= _LEAST_SHARE and part.height() >= _LEAST_SHARE:
            self.cut.emit(part)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Let go of the rectangle."""
        if event.key() == Qt.Key.Key_Escape and self._from is not None:
            self._from = None
            self.update()
            return
        super().keyPressEvent(event)

    def _place(self) -> QRectF:
        room = QRectF(self.rect())
        return room if self._image.isNull() else fitted(room, self._image.height() / max(1, self._image.width()))


def cut_within(crop: Crop, rotation: Rotation, part: QRectF) -> Crop:
    """Return the crop that leaves ``part`` (shares of the picture as shown) of what ``crop`` and ``rotation`` show.

    A crop counts before turning, so the rectangle is turned back first.
    """
    left, top = part.left(), part.top()
    right, bottom = 1.0 - part.right(), 1.0 - part.bottom()
    for _ in range(rotation // 90):
        # a quarter back: what is at the top of the turned picture was at the left of it
        left, top, right, bottom = top, right, bottom, left
    width, height = 1.0 - crop.left - crop.right, 1.0 - crop.top - crop.bottom
    return Crop(
        left=_share(crop.left + left * width),
        top=_share(crop.top + top * height),
        right=_share(crop.right + right * width),
        bottom=_share(crop.bottom + bottom * height),
    )


def _share(value: float) -> float:
    return round(min(0.9, max(0.0, value)), 3)
