"""The main view: the newest frame, framed in the phase's colour, with everything a supervisor has to see over it."""

import time
from collections.abc import Callable, Mapping

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, QVariantAnimation
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QWidget

from mile_desktop.channels.shared import Frame
from mile_desktop.rollout.messages import Choice, SessionLoaded, Status, StepTaken
from mile_desktop.rollout.phases import IN_EPISODE, MOVING, Phase
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport import overlay
from mile_desktop.ui.viewport.discrete_choices import as_motion, chosen
from mile_desktop.ui.viewport.frame_canvas import BORDER, as_image
from mile_desktop.ui.viewport.phase_look import driving_hint, look, takeover_hint
from mile_desktop.ui.viewport.picture_canvas import PictureCanvas
from mile_desktop.ui.viewport.projection import action_arrow
from mile_desktop.ui.viewport.tiles import SCENE, Layout

FADE_MS = 120
STALE_S = 1.0
_CHECK_MS = 250
_HINT_SHARE = 0.6
_HINT_GAP, _LEAST_HINT = 36, 120
_EMPTY = "The scene appears here as soon as it is loaded."


class SceneView(PictureCanvas):
    """Shows frames and messages as they come; all of it on the window's thread."""

    def __init__(self, parent: QWidget | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._clock = clock
        self._status: Status | None = None
        self._step: StepTaken | None = None
        self._threshold = 0.5
        self._max_steps = 0
        self._choices: tuple[Choice, ...] = ()
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
        self._choices = session.choices
        self._step = None
        self.update()

    def show_frame(self, frame: Frame) -> None:
        """Show the newest frame; its pixels are kept, not copied."""
        super().show_frame(frame)
        self._stale = False

    def set_small_views(self, titles: Mapping[str, str]) -> None:
        """Have exactly these small views of the scene: names of its cameras and what is written over them."""
        self.tiles.keep(tuple(titles), can_be_main=False, titles=titles)
        self.update()

    def show_small_view(self, name: str, frame: Frame) -> None:
        """Show the newest frame of the small view ``name``."""
        self.tiles.show(name, as_image(frame), can_be_main=False)
        self.update()

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
        return QSize(theme.px(360), theme.px(160))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002 – Qt's name and signature
        """Paint pictures, overlays and border."""
        painter = QPainter(self)
        self.paint_pictures(painter, _EMPTY)
        self._paint_overlays(painter)
        self._paint_border(painter)
        self.paint_focus(painter)
        painter.end()

    def paint_over_scene(self, painter: QPainter, picture: QRectF) -> None:
        """Paint what the policy proposes."""
        self._paint_arrow(painter, picture)

    def _paint_overlays(self, painter: QPainter) -> None:
        area = self.inside()
        if self._status is None:
            return
        if self._step is not None and self._status.phase in IN_EPISODE:
            overlay.paint_gauge(painter, area, self._step, self._threshold)
        overlay.paint_badge(painter, area, self._status, self._max_steps)
        overlay.paint_notices(painter, area, self._notices(self._status))
        if self._status.phase is not Phase.STOPPED:
            status = self._status
            hints = takeover_hint(status), driving_hint(status, self._choices)
            overlay.paint_hints(painter, area, hints, self._room_for_hints(area))

    def _room_for_hints(self, area: QRectF) -> float:
        """Return how wide a line at the bottom left may be: up to the small pictures."""
        _, *small = self._places().values()
        room = area.width() * _HINT_SHARE
        if self.tiles.layout is not Layout.INSET or not small:
            return room
        beside = min(place.left() for place in small) - area.left() - theme.px(_HINT_GAP)
        return max(theme.px(_LEAST_HINT), min(room, beside))

    def _paint_arrow(self, painter: QPainter, picture: QRectF) -> None:
        status, step, frame = self._status, self._step, self._frame
        if status is None or step is None or frame is None or status.phase not in IN_EPISODE:
            return
        x, y, z = (float(value) for value in frame.anchor)
        arrow = action_arrow(frame.view_projection, (x, y, z), as_motion(step.proposed, self._choices))
        if arrow is None:
            return
        human, choice = status.phase is Phase.TAKEOVER, chosen(step.proposed, self._choices)
        if choice is not None:
            overlay.paint_choice(painter, picture, arrow, choice.title, human=human)
        else:
            gripper = step.proposed[3] if len(step.proposed) > 3 else None
            overlay.paint_arrow(painter, picture, arrow, gripper=gripper, human=human)

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

    # ── visibility ───────────────────────────────────────────────────────────────────────────────────────────────

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 – Qt's name
        """Watch the age of the picture while anybody looks."""
        super().showEvent(event)
        self._check.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 – Qt's name
        """Stop watching."""
        super().hideEvent(event)
        self._check.stop()
