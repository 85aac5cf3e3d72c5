"""A widget that shows the newest frame of a viewer and lets the mouse move its camera."""

import math

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from mile_desktop.channels.shared import Frame
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.orbit import Orbit
from mile_desktop.ui.viewport.orbit_mouse import OrbitMouse
from mile_desktop.ui.viewport.tiles import fitted
from mile_desktop.viewer.camera import NARROWEST
from mile_desktop.viewer.messages import Preset, SetSize

_RESIZE_MS = 150
BORDER = 4
_TURN_PX = 24.0
"""A press turns the view like a drag over so many pixels."""
_TURNS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_ZOOMS = {Qt.Key.Key_PageUp: 1.0, Qt.Key.Key_PageDown: -1.0}
_BY_KEY = frozenset({Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason})
DRAWN_PIXELS = 960 * 540
"""What the viewer is asked for at most; larger views are scaled up, which costs less than drawing them."""


class FrameCanvas(QWidget):
    """Picture and camera, without anything over them; subclasses paint. All of it on the window's thread."""

    viewer_command = Signal(object)
    """Carries ``SetView``, ``UsePreset`` or ``SetSize`` for the viewer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frame: Frame | None = None
        self._image = QImage()
        self._reached_by_key = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._mouse = OrbitMouse(self)
        self._mouse.commanded.connect(self.viewer_command)
        self._resized = QTimer(self)
        self._resized.setSingleShot(True)
        self._resized.setInterval(_RESIZE_MS)
        self._resized.timeout.connect(self._ask_for_size)

    @property
    def has_picture(self) -> bool:
        """Whether a frame has come."""
        return self._frame is not None

    def set_presets(self, presets: tuple[Preset, ...], *, flat: bool = False) -> None:
        """Know the scene's cameras, the default one first; ``flat``: the scene is a plane and cannot be turned."""
        self._mouse.set_presets(presets, flat=flat)

    def show_frame(self, frame: Frame) -> None:
        """Show the newest frame; its pixels are kept, not copied."""
        self._frame = frame
        self._image = as_image(frame)
        self.update()

    @property
    def presets(self) -> tuple[Preset, ...]:
        """The scene's cameras."""
        return self._mouse.presets

    @property
    def chosen_preset(self) -> int:
        """Number of the scene's camera that was chosen last, from 0."""
        return self._mouse.chosen

    def choose_camera(self, index: int) -> None:
        """Use camera number ``index`` of the scene, from 0."""
        self._mouse.choose(index)

    def step_camera(self, direction: int) -> None:
        """Use the next (+1) or the previous (−1) camera."""
        self._mouse.step(direction)

    def turn(self, right_px: float, down_px: float) -> None:
        """Turn the view as a drag by so many pixels does."""
        self._mouse.turn(right_px, down_px)

    def zoom(self, steps: float) -> None:
        """Come closer (or go away) as so many notches of the wheel do."""
        self._mouse.zoom(steps)

    @property
    def orbit(self) -> Orbit:
        """Where the camera stands, so that directions can be taken as seen."""
        return self._mouse.orbit

    # ── painting ─────────────────────────────────────────────────────────────────────────────────────────────────

    def sizeHint(self) -> QSize:  # noqa: N802 – Qt's name
        """Return a size at which the scene can be read."""
        return QSize(theme.px(800), theme.px(480))

    def picture_rect(self) -> QRectF:
        """Return where the frame is drawn: as large as fits, its shape kept."""
        inside = self.inside()
        return inside if self._image.isNull() else fitted(inside, self._image.height() / self._image.width())

    def inside(self) -> QRectF:
        """Return the widget's room without its border."""
        return QRectF(self.rect()).adjusted(BORDER, BORDER, -BORDER, -BORDER)

    def room(self) -> QRectF:
        """Return the room for which the viewer draws; empty while its picture is not shown."""
        return self.inside()

    def paint_frame(self, painter: QPainter, place: QRectF, empty_text: str) -> None:
        """Paint the frame at ``place``, or ``empty_text`` while there is none."""
        if self._image.isNull():
            painter.setPen(theme.token("secondary"))
            painter.setFont(theme.font("body"))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, empty_text)
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=True)
            painter.drawImage(place.toRect(), self._image)

    # ── mouse, size, visibility ──────────────────────────────────────────────────────────────────────────────────

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 – Qt's name
        """Begin to turn or pan; the view takes the keyboard away from text fields."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._mouse.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 – Qt's name
        """Turn or pan."""
        # what is seen from left to right is what counts where the room is narrow
        self._mouse.move(event, min(self.height(), round(self.width() / NARROWEST)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802, ARG002 – Qt's name and signature
        """End the gesture."""
        self._mouse.release()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802, ARG002 – Qt's name and signature
        """Go back to the scene's first camera."""
        self._mouse.release()
        self._mouse.go_home()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 – Qt's name
        """Turn by Alt and arrows, come closer or go away by Alt and the page keys; leave every other key."""
        key, alt = Qt.Key(event.key()), event.modifiers() == Qt.KeyboardModifier.AltModifier
        if alt and key in _TURNS:
            right, down = _TURNS[key]
            self.turn(right * _TURN_PX, down * _TURN_PX)
        elif alt and key in _ZOOMS:
            self.zoom(_ZOOMS[key])
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 – Qt's name
        """Show the ring where it was the keyboard that came here."""
        self._reached_by_key = event.reason() in _BY_KEY
        super().focusInEvent(event)

    def paint_focus(self, painter: QPainter) -> None:
        """Paint the ring, if the keyboard came here by itself; subclasses call it last."""
        if self.hasFocus() and self._reached_by_key:
            theme.paint_focus(painter, self.inside())

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 – Qt's name
        """Zoom."""
        self._mouse.wheel(event)
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 – Qt's name
        """Ask for frames of the new size once it has settled."""
        super().resizeEvent(event)
        self._resized.start()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 – Qt's name
        """Ask for frames of this size."""
        super().showEvent(event)
        self._resized.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 – Qt's name
        """Ask for nothing more."""
        super().hideEvent(event)
        self._resized.stop()

    def _ask_for_size(self) -> None:
        room = self.room()
        width, height = round(room.width()), round(room.height())
        shrink = min(1.0, math.sqrt(DRAWN_PIXELS / max(1, width * height)))
        # Multiples of four keep every row of the picture aligned for Qt, which spares it a copy.
        self.viewer_command.emit(
            SetSize(width=max(64, int(width * shrink) // 4 * 4), height=max(48, int(height * shrink)))
        )


def as_image(frame: Frame) -> QImage:
    """Return the frame as Qt draws it, over the same pixels."""
    height, width, channels = frame.pixels.shape
    form = QImage.Format.Format_RGB888 if channels == 3 else QImage.Format.Format_RGBX8888
    return QImage(frame.pixels.data, width, height, channels * width, form)
