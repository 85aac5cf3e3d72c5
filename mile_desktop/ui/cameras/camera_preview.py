"""The picture of one camera in the dialog; dragging a rectangle on it crops the picture."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from mile_desktop.cameras.settings import Crop, Rotation
from mile_desktop.channels.shared import Frame
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.frame_canvas import as_image
from mile_desktop.ui.viewport.tile_layout import fit_rect
from mile_desktop.ui.widgets.override_guard import OverrideGuard

_LEAST_SHARE = 0.05
"""A smaller rectangle is taken for an accidental click."""
_SHADE = 0.6


class CameraPreview(OverrideGuard, QWidget):
    """Shows the newest picture, and a note over it if something is wrong."""

    crop_dragged = Signal(QRectF)
    """The part of the picture to keep, in shares of its width and height."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frame: Frame | None = None
        self._image = QImage()
        self._note = ""
        self._drag_start: QPointF | None = None
        self._drag_end = QPointF()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.bound(self, least_width=176, least_height=132)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setToolTip("Drag a rectangle to crop the picture")
        self.setAccessibleName("Preview")

    def show_frame(self, frame: Frame) -> None:
        """Show the newest picture."""
        self._frame = frame
        self._image = as_image(frame)
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self._frame, self._image, self._note = None, QImage(), ""
        self.update()

    def show_note(self, note: str) -> None:
        """Show a note over the picture; empty for none."""
        if note != self._note:
            self._note = note
            self.update()

    def sizeHint(self) -> QSize:
        """Return a size in which details of a picture are visible."""
        return QSize(theme.px(480), theme.px(320))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 (Qt's signature)
        """Paint picture, note and the dragged rectangle."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.token("ground"))
        picture = self._picture_rect()
        if not self._image.isNull():
            # Details must stay visible when a large picture is made smaller.
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=True)
            painter.drawImage(picture, self._image)
        if self._note:
            painter.fillRect(picture, theme.token("ground", _SHADE))
            painter.setPen(theme.token("text"))
            painter.setFont(theme.font("body"))
            room = QRectF(self.rect()).adjusted(theme.px(24), 0, -theme.px(24), 0)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._note)
        if self._drag_start is not None:
            painter.setPen(theme.pen("policy", 2.0))
            painter.setBrush(theme.brush("policy", 0.15))
            painter.drawRect(QRectF(self._drag_start, self._drag_end).normalized())
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a rectangle."""
        if event.button() is Qt.MouseButton.LeftButton and not self._image.isNull():
            self._drag_start = self._drag_end = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag it."""
        if self._drag_start is not None:
            self._drag_end = event.position()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002 (Qt's signature)
        """Emit the rectangle, unless it is too small."""
        if self._drag_start is None:
            return
        picture, chosen = self._picture_rect(), QRectF(self._drag_start, self._drag_end).normalized()
        self._drag_start = None
        self.update()
        # The drag may end outside the picture; only the part inside it counts.
        chosen = chosen.intersected(picture)
        part = QRectF(
            (chosen.left() - picture.left()) / picture.width(),
            (chosen.top() - picture.top()) / picture.height(),
            chosen.width() / picture.width(),
            chosen.height() / picture.height(),
        )
        if part.width() >= _LEAST_SHARE and part.height() >= _LEAST_SHARE:
            self.crop_dragged.emit(part)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Cancel the rectangle by Esc."""
        if event.key() == Qt.Key.Key_Escape and self._drag_start is not None:
            self._drag_start = None
            self.update()
            return
        super().keyPressEvent(event)

    def _picture_rect(self) -> QRectF:
        room = QRectF(self.rect())
        return room if self._image.isNull() else fit_rect(room, self._image.height() / max(1, self._image.width()))


def crop_within(crop: Crop, rotation: Rotation, part: QRectF) -> Crop:
    """Return the crop that keeps ``part`` (shares of the picture as shown) of what ``crop`` and ``rotation`` show.

    A crop is applied before the rotation, so the rectangle is rotated back first.
    """
    left, top = part.left(), part.top()
    right, bottom = 1.0 - part.right(), 1.0 - part.bottom()
    for _ in range(rotation // 90):
        # A quarter turn back: the top of the rotated picture was its left side.
        left, top, right, bottom = top, right, bottom, left
    # The rectangle was drawn in the picture that is cropped already.
    width, height = 1.0 - crop.left - crop.right, 1.0 - crop.top - crop.bottom
    return Crop(
        left=_share(crop.left + left * width),
        top=_share(crop.top + top * height),
        right=_share(crop.right + right * width),
        bottom=_share(crop.bottom + bottom * height),
    )


def _share(value: float) -> float:
    # Some picture must remain.
    return round(min(0.9, max(0.0, value)), 3)
