"""The main view: the newest frame, framed in the phase's colour, with everything a supervisor has to see over it."""

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, QVariantAnimation, Signal
from PySide6.QtGui import QColor, QHideEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QWidget

from mile_desktop.channels.shared import Frame
from mile_desktop.rollout.messages import SessionLoaded, Status, StepTaken
from mile_desktop.rollout.phases import IN_EPISODE, MOVING, Phase
from mile_desktop.ui import theme
from mile_desktop.ui.supervise import overlay
from mile_desktop.ui.supervise.frame_canvas import BORDER, FrameCanvas, as_image
from mile_desktop.ui.supervise.phase_look import look, takeover_hint
from mile_desktop.ui.supervise.projection import action_arrow
from mile_desktop.ui.supervise.tile_paint import Place, paint_name, paint_tile
from mile_desktop.ui.supervise.tiles import SCENE, Layout, Tiles

FADE_MS = 120
STALE_S = 1.0
_CHECK_MS = 250
_SHAPE = 0.75
_EMPTY = "The scene appears here as soon as it is loaded."


class SceneView(FrameCanvas):
    """Shows frames and messages as they come; all of it on the window's thread.

    Besides the scene there can be small views of it, and live cameras, each of which can be the large picture
    (``Tiles``); a click on a small one makes it large.
    """

    arranged = Signal()
    """The pictures share the view in another way: see ``tiles``."""
    arrangement_chosen = Signal()
    """A person has chosen another layout or large picture."""

    def __init__(self, parent: QWidget | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._clock = clock
        self.tiles = Tiles()
        """Which pictures there are and how they share the view; change it through this widget."""
        self._status: Status | None = None
        self._step: StepTaken | None = None
        self._threshold = 0.5
        self._max_steps = 0
        self._stale = False
        self.setAccessibleName("Scene")
        self._fade = QVariantAnimation(self)
        self._fade.setDuration(FADE_MS)
        self._fade.setStartValue(theme.token("hold"))
        self._fade.setEndValue(theme.token("hold"))
        self._fade.valueChanged.connect(self._repaint_border)
        self._check = QTimer(self)
        self._check.setInterval(_CHECK_MS)
        self._check.timeout.connect(self._check_age)
        theme.signals().changed.connect(self._restyle)

    # ── what comes in ────────────────────────────────────────────────────────────────────────────────────────────

    def start_session(self, session: SessionLoaded) -> None:
        """Forget what was shown of the session before."""
        self._max_steps = session.max_steps
        self._step = None
        self.update()

    def show_frame(self, frame: Frame) -> None:
        """Show the newest frame; its pixels are kept, not copied."""
        super().show_frame(frame)
        self._stale = False

    def show_thumbnail(self, name: str, frame: Frame) -> None:
        """Show the newest frame of the scene's small camera ``name``."""
        self.tiles.show(name, as_image(frame), can_be_main=False)
        self.update()

    def hide_thumbnails(self) -> None:
        """Show no small cameras of the scene."""
        self.tiles.keep((), can_be_main=False)
        self.update()

    def set_cameras(self, names: Sequence[str]) -> None:
        """Have exactly these live cameras, in this order."""
        self.tiles.keep(names, can_be_main=True)
        self._rearranged()

    def show_camera(self, name: str, frame: Frame) -> None:
        """Show the newest frame of the live camera ``name``."""
        self.tiles.show(name, as_image(frame))
        self.update()

    def annotate_camera(self, name: str, note: str, *, faded: bool) -> None:
        """Say what is wrong with the live camera ``name``; nothing when all is well."""
        if self.tiles.annotate(name, note, faded=faded):
            self.update()

    def set_arrangement(self, layout: Layout, main: str) -> None:
        """Share the view in this way, with ``main`` (a live camera, or ``SCENE``) as the large picture."""
        self.tiles.layout = layout
        self.tiles.choose(main)
        self._rearranged()

    def set_scene_shown(self, shown: bool) -> None:
        """Say whether there is a picture of a scene; where a robot has only its cameras there is none."""
        self.tiles.has_scene = shown
        self._rearranged()

    def cycle_layout(self) -> None:
        """Share the view in the next way, as the person asks."""
        layouts = list(Layout)
        self.choose_layout(layouts[(layouts.index(self.tiles.layout) + 1) % len(layouts)])

    def choose_layout(self, layout: Layout) -> None:
        """Share the view like this, as the person asks."""
        self.set_arrangement(layout, self.tiles.main)
        self.arrangement_chosen.emit()

    def choose_main(self, name: str) -> None:
        """Let this picture be large, as the person asks; in the grid nothing is, so that is left."""
        layout = Layout.ONE if self.tiles.layout is Layout.GRID else self.tiles.layout
        self.set_arrangement(layout, name)
        self.arrangement_chosen.emit()

    def choose_camera(self, index: int) -> None:
        """Look through camera number ``index``, from 0: first those of the scene, then the live ones."""
        inner = len(self.presets) if self.tiles.has_scene else 0
        if index < inner:
            if self.tiles.main != SCENE:
                self.choose_main(SCENE)
            super().choose_camera(index)
        elif index - inner < len(self.tiles.choices):
            self.choose_main(self.tiles.choices[index - inner])

    def step_camera(self, direction: int) -> None:
        """Look through the next (+1) or the previous (−1) camera, those of the scene and the live ones in one row."""
        inner = len(self.presets) if self.tiles.has_scene else 0
        count = inner + len(self.tiles.choices)
        if count:
            live = self.tiles.main != SCENE
            now = inner + self.tiles.choices.index(self.tiles.main) if live else self.chosen_preset
            self.choose_camera((now + direction) % count)

    def show_status(self, status: Status) -> None:
        """Show phase and reason; a change fades the border."""
        token = look(status).token
        if self._status is None or look(self._status).token != token:
            self._fade.stop()
            self._fade.setStartValue(self._fade.currentValue())
            self._fade.setEndValue(theme.token(token))
            self._fade.start()
        self._status = status
        self.update()

    def show_step(self, taken: StepTaken) -> None:
        """Show what the policy proposes, and p."""
        self._step = taken
        self.update()

    def set_threshold(self, threshold: float) -> None:
        """Move the gauge's tick."""
        self._threshold = threshold
        self.update()

    # ── painting ─────────────────────────────────────────────────────────────────────────────────────────────────

    def minimumSizeHint(self) -> QSize:  # noqa: N802 – Qt's name
        """Return the size below which the overlays would cover the scene."""
        return QSize(theme.px(420), theme.px(260))

    def picture_rect(self) -> QRectF:
        """Return where the scene's frame is drawn; empty while it is not shown."""
        return self._places().get(SCENE, QRectF())

    def room(self) -> QRectF:
        """Return the room for which the viewer draws."""
        shown = self.tiles.main == SCENE and self.tiles.layout is not Layout.GRID
        return self.inside() if shown else self.picture_rect()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002 – Qt's name and signature
        """Paint pictures, overlays and border."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.token("ground"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=True)
        for name, place in self._places().items():
            self._paint_part(painter, name, place)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
        self._paint_overlays(painter)
        self._paint_border(painter)
        painter.end()

    def _paint_part(self, painter: QPainter, name: str, place: QRectF) -> None:
        grid, large = self.tiles.layout is Layout.GRID, name == self.tiles.main
        part = Place.CELL if grid else Place.LARGE if large else Place.SMALL
        tile = self.tiles.tile(name)
        if tile is not None:
            paint_tile(painter, place, tile, part)
            return
        self.paint_frame(painter, place, _EMPTY)
        if large or grid:
            self._paint_arrow(painter, place)
        if not large:
            paint_name(painter, place, "Scene", part)

    def _places(self) -> dict[str, QRectF]:
        return self.tiles.places(self.inside(), self._scene_shape())

    def _scene_shape(self) -> float:
        """Return the scene's height over its width; before its first frame it fills the room."""
        if not self._image.isNull():
            return self._image.height() / self._image.width()
        inside = self.inside()
        return inside.height() / max(1.0, inside.width()) if self.tiles.main == SCENE else _SHAPE

    def _paint_overlays(self, painter: QPainter) -> None:
        area = self.inside()
        if self._status is None:
            return
        if self._step is not None and self._status.phase in IN_EPISODE:
            overlay.paint_gauge(painter, area, self._step, self._threshold)
        overlay.paint_badge(painter, area, self._status, self._max_steps)
        overlay.paint_notices(painter, area, self._notices(self._status))
        if self._status.phase is not Phase.STOPPED:
            overlay.paint_hint(painter, area, takeover_hint(self._status))

    def _paint_arrow(self, painter: QPainter, picture: QRectF) -> None:
        status, step, frame = self._status, self._step, self._frame
        if status is None or step is None or frame is None or status.phase not in IN_EPISODE:
            return
        x, y, z = (float(value) for value in frame.anchor)
        arrow = action_arrow(frame.view_projection, (x, y, z), step.proposed)
        if arrow is not None:
            gripper = step.proposed[3] if len(step.proposed) > 3 else None
            overlay.paint_arrow(painter, picture, arrow, gripper=gripper, human=status.phase is Phase.TAKEOVER)

    def _paint_border(self, painter: QPainter) -> None:
        pen = QPen(self._fade.currentValue(), 2 * BORDER)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(self.rect())

    def border_colour(self) -> QColor:
        """Return the colour the border has now (it may be fading)."""
        colour: QColor = self._fade.currentValue()
        return colour

    def notices(self) -> list[str]:
        """Return the lines shown in the middle of the view."""
        return [] if self._status is None else [each.text for each in self._notices(self._status)]

    def _notices(self, status: Status) -> list[overlay.Notice]:
        found = []
        if status.discard_armed:
            found.append(overlay.Notice("Press discard again to throw this episode away", "failure"))
        if not status.device_connected and status.device:
            found.append(overlay.Notice(f"{status.device} is not connected; keyboard and screen pad work", "warning"))
        if self._stale and self._frame is not None and self.tiles.main == SCENE:
            age = self._clock() - self._frame.timestamp
            found.append(overlay.Notice(f"The picture is {age:.1f} s old; the robot is not", "warning"))
        return found

    def _check_age(self) -> None:
        moving = self._status is not None and self._status.phase in MOVING
        stale = moving and self._frame is not None and self._clock() - self._frame.timestamp > STALE_S
        if stale or stale != self._stale:
            self._stale = stale
            self.update()

    def _repaint_border(self) -> None:
        self.update()

    def _restyle(self) -> None:
        self._fade.stop()
        colour = theme.token(look(self._status).token if self._status else "hold")
        self._fade.setStartValue(colour)
        self._fade.setEndValue(colour)
        self._fade.setCurrentTime(FADE_MS)
        self.update()

    def _rearranged(self) -> None:
        """Paint anew; the viewer draws for other room."""
        self.arranged.emit()
        self.update()
        if self.isVisible():
            self._resized.start()

    # ── mouse and visibility ─────────────────────────────────────────────────────────────────────────────────────

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 – Qt's name
        """Make a small picture large, or begin to turn the scene."""
        name = self.tiles.at(event.position(), self.inside(), self._scene_shape())
        tile = self.tiles.tile(name) if name is not None else None
        is_small = name != self.tiles.main or self.tiles.layout is Layout.GRID
        if tile is not None and tile.can_be_main and is_small:
            self.choose_main(tile.name)
        elif name == SCENE and self.tiles.main != SCENE:
            self.choose_main(SCENE)
        elif self.tiles.main == SCENE:
            super().mousePressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 – Qt's name
        """Watch the age of the picture while anybody looks."""
        super().showEvent(event)
        self._check.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 – Qt's name
        """Stop watching."""
        super().hideEvent(event)
        self._check.stop()
