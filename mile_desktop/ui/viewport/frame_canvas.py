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
from mile_desktop.ui.viewport.orbit_controller import OrbitController
from mile_desktop.ui.viewport.tile_layout import fit_rect
from mile_desktop.ui.widgets.override_guard import OverrideGuard
from mile_desktop.viewer.camera import NARROWEST
from mile_desktop.viewer.messages import Preset, SetSize

_RESIZE_MS = 150
"""A new size is requested when the widget has kept it this long: the viewer allocates new buffers for each size, so a
dragged window border must not request one for every pixel."""
BORDER = 4
_TURN_PX = 24.0
"""A key press turns the view like a mouse drag of this length."""
_TURNS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_ZOOMS = {Qt.Key.Key_PageUp: 1.0, Qt.Key.Key_PageDown: -1.0}
_BY_KEY = frozenset({Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason})
DRAWN_PIXELS = 960 * 540
"""The largest frame that is requested. Larger views scale it up, which costs less than rendering the pixels."""


class FrameCanvas(OverrideGuard, QWidget):
    """Shows one frame and moves its camera; subclasses paint. Everything runs on the window's thread."""

    viewer_command = Signal(object)
    """Carries ``SetView``, ``UsePreset`` or ``SetSize`` for the viewer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frame: Frame | None = None
        self._image = QImage()
        self._focused_by_key = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        # Subclasses fill the whole widget, so Qt need not clear it before each of 60 frames a second.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        # Strong: Tab reaches it as well, because keys can move the camera.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._orbit = OrbitController(self)
        self._orbit.commanded.connect(self.viewer_command)
        self._resize_timer = QTimer(self)
        self._resize_timer.setSingleShot(True)
        self._resize_timer.setInterval(_RESIZE_MS)
        self._resize_timer.timeout.connect(self._ask_for_size)

    @property
    def has_picture(self) -> bool:
        """Whether a frame has been shown."""
        return self._frame is not None

    def set_presets(self, presets: tuple[Preset, ...], *, flat: bool = False) -> None:
        """Set the scene's cameras, the default one first; ``flat``: the scene is a plane and cannot be turned."""
        self._orbit.set_presets(presets, flat=flat)

    def show_frame(self, frame: Frame) -> None:
        """Show the newest frame."""
        self._frame = frame
        self._image = as_image(frame)
        # Not painted here: several frames may arrive before Qt paints, and only the newest counts.
        self.update()

    def forget_frame(self) -> None:
        """Show no picture until the next frame: the one shown is of another scene."""
        self._frame = None
        self._image = QImage()
        self.update()

    @property
    def presets(self) -> tuple[Preset, ...]:
        """The scene's cameras."""
        return self._orbit.presets

    @property
    def chosen_preset(self) -> int:
        """Number of the scene's camera that was chosen last, from 0."""
        return self._orbit.chosen

    def choose_camera(self, index: int) -> None:
        """Use camera number ``index`` of the scene, from 0."""
        self._orbit.choose(index)

    def look_from(self, orbit: Orbit) -> None:
        """Move the scene's camera to this position."""
        self._orbit.look_from(orbit)

    def step_camera(self, direction: int) -> None:
        """Use the next (+1) or the previous (−1) camera."""
        self._orbit.step(direction)

    def turn(self, right_px: float, down_px: float) -> None:
        """Turn the view as a drag of that many pixels does."""
        self._orbit.turn(right_px, down_px)

    def zoom(self, steps: float) -> None:
        """Zoom in (positive) or out, as that many notches of the wheel do."""
        self._orbit.zoom(steps)

    @property
    def orbit(self) -> Orbit:
        """The camera's position, from which the directions of keys and pad follow."""
        return self._orbit.orbit

    # ── painting ─────────────────────────────────────────────────────────────────────────────────────────────────

    def sizeHint(self) -> QSize:
        """Return a size at which the scene can be read."""
        return QSize(theme.px(800), theme.px(480))

    def picture_rect(self) -> QRectF:
        """Return where the frame is drawn: as large as fits, with its aspect ratio."""
        inside = self.inside()
        return inside if self._image.isNull() else fit_rect(inside, self._image.height() / self._image.width())

    def inside(self) -> QRectF:
        """Return the widget's area without its border."""
        return QRectF(self.rect()).adjusted(BORDER, BORDER, -BORDER, -BORDER)

    def room(self) -> QRectF:
        """Return the area for which the viewer renders; empty while the scene is not shown."""
        return self.inside()

    def paint_frame(self, painter: QPainter, rect: QRectF, empty_text: str) -> None:
        """Paint the frame at ``rect``, or ``empty_text`` while there is none."""
        if self._image.isNull():
            painter.setPen(theme.token("secondary"))
            painter.setFont(theme.font("body"))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, empty_text)
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=True)
            painter.drawImage(rect.toRect(), self._image)

    # ── mouse, size, visibility ──────────────────────────────────────────────────────────────────────────────────

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to turn or pan, and take the focus from text fields."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._orbit.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turn or pan."""
        # A narrow view keeps the camera's horizontal angle and shows more above and below, so panning scales with the
        # width there.
        self._orbit.move(event, min(self.height(), round(self.width() / NARROWEST)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002 (Qt's signature)
        """End the gesture."""
        self._orbit.release()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002 (Qt's signature)
        """Go back to the scene's first camera."""
        self._orbit.release()
        self._orbit.go_home()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Turn by Alt and arrows, zoom by Alt and the page keys; leave every other key."""
        # With Alt, because plain arrows may drive the robot.
        key, alt = Qt.Key(event.key()), event.modifiers() == Qt.KeyboardModifier.AltModifier
        if alt and key in _TURNS:
            right, down = _TURNS[key]
            self.turn(right * _TURN_PX, down * _TURN_PX)
        elif alt and key in _ZOOMS:
            self.zoom(_ZOOMS[key])
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Note whether the keyboard moved the focus here; only then a focus ring is shown."""
        self._focused_by_key = event.reason() in _BY_KEY
        super().focusInEvent(event)

    def paint_focus(self, painter: QPainter) -> None:
        """Paint the focus ring if the keyboard moved the focus here; subclasses call it last."""
        if self.hasFocus() and self._focused_by_key:
            theme.paint_focus(painter, self.inside())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom."""
        self._orbit.wheel(event)
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Request frames of the new size once it stays the same for ``_RESIZE_MS``."""
        super().resizeEvent(event)
        # A timer that is started again waits its full time again, so only the last size of a drag is requested.
        self._resize_timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Request frames of this size."""
        super().showEvent(event)
        # The size may have changed while the widget was hidden and requested nothing.
        self._resize_timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Request no new size while hidden."""
        super().hideEvent(event)
        self._resize_timer.stop()

    def request_size(self) -> None:
        """Request frames of the present room, once it has stayed the same for ``_RESIZE_MS``."""
        # To show a hidden widget requests its size anyway.
        if self.isVisible():
            self._resize_timer.start()

    def _ask_for_size(self) -> None:
        room = self.room()
        width, height = round(room.width()), round(room.height())
        shrink = min(1.0, math.sqrt(DRAWN_PIXELS / max(1, width * height)))
        # Qt wants rows that begin at multiples of four bytes. A width that is a multiple of four has them for RGB
        # pixels, too, and spares a copy of the picture.
        self.viewer_command.emit(
            SetSize(width=max(64, int(width * shrink) // 4 * 4), height=max(48, int(height * shrink)))
        )


def as_image(frame: Frame) -> QImage:
    """Return a copy of the frame's pixels.

    Its format is that of Qt's own painting: to enlarge such a picture takes a third of the time.
    """
    height, width, channels = frame.pixels.shape
    form = QImage.Format.Format_RGB888 if channels == 3 else QImage.Format.Format_RGBX8888
    return QImage(frame.pixels.data, width, height, channels * width, form).convertToFormat(QImage.Format.Format_RGB32)
