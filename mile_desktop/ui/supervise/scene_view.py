"""The main view: the newest frame, a border in the phase's colour, and overlays with all that a supervisor must see."""

import time
from collections.abc import Callable, Mapping

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, QVariantAnimation
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QWidget

from mile_desktop.channels.shared import Frame
from mile_desktop.rollout.messages import ActionChoice, SessionLoaded, Status, StepTaken
from mile_desktop.rollout.phases import IN_EPISODE, MOVING, Phase
from mile_desktop.storage.reasons import decode_reasons
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport import overlay
from mile_desktop.ui.viewport.call_signs import paint_call
from mile_desktop.ui.viewport.frame_canvas import BORDER, as_image
from mile_desktop.ui.viewport.hand_frame import hand_arrows, paint_hand_frame
from mile_desktop.ui.viewport.phase_style import driving_hint, style_of, takeover_hint
from mile_desktop.ui.viewport.picture_canvas import PictureCanvas
from mile_desktop.ui.viewport.projection import action_arrow
from mile_desktop.ui.viewport.tiles import SCENE, Layout
from mile_desktop.ui.widgets.discrete_actions import as_motion, chosen_action

FADE_MS = 120
"""Duration of the border's change of colour. The badge changes at once; the fade only softens the frame."""
STALE_S = 1.0
"""An older picture is marked while the robot moves: a person must not supervise by a picture that has stopped."""
_CHECK_MS = 250
_HINT_SHARE = 0.6
"""Share of the view's width that a hint may take."""
_HINT_GAP, _LEAST_HINT = 36, 120
"""Distance of a hint from the small pictures, and its least width, px at 100 %."""
_HAND_PHASES = frozenset({Phase.TAKEOVER, Phase.HOLD})
"""Phases in which the hand's directions are shown: in the others they would hide what the policy does."""
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
        self._choices: tuple[ActionChoice, ...] = ()
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

    # ── state ────────────────────────────────────────────────────────────────────────────────────────────────────

    def start_session(self, session: SessionLoaded) -> None:
        """Drop what was shown of the previous session."""
        self._max_steps = session.max_steps
        self._choices = session.choices
        self._step = None
        self.update()

    def show_frame(self, frame: Frame) -> None:
        """Show the newest frame; its pixels are kept, not copied."""
        super().show_frame(frame)
        self._stale = False

    def set_small_views(self, titles: Mapping[str, str]) -> None:
        """Show exactly these small views of the scene: camera name → title."""
        self.tiles.keep(tuple(titles), can_be_main=False, titles=titles)
        self.update()

    def show_small_view(self, name: str, frame: Frame) -> None:
        """Show the newest frame of the small view ``name``."""
        self.tiles.show(name, as_image(frame), can_be_main=False)
        self.update()

    def show_status(self, status: Status) -> None:
        """Show phase and reason; a change fades the border."""
        token = style_of(status).token
        if self._status is None or style_of(self._status).token != token:
            # Start from the colour on the screen now, so that two quick changes do not flash.
            self._fade.stop()
            self._fade.setStartValue(self._fade.currentValue())
            self._fade.setEndValue(theme.token(token))
            self._fade.start()
        self._status = status
        self.update()

    def show_step(self, taken: StepTaken) -> None:
        """Show the proposed action and p."""
        self._step = taken
        self.update()

    def set_threshold(self, threshold: float) -> None:
        """Move the gauge's tick."""
        self._threshold = threshold
        self.update()

    # ── painting ─────────────────────────────────────────────────────────────────────────────────────────────────

    def minimumSizeHint(self) -> QSize:
        """Return the size below which the overlays would cover the scene."""
        return QSize(theme.px(360), theme.px(160))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 (Qt's signature)
        """Paint pictures, then overlays, then the border: each covers the one before where they overlap."""
        painter = QPainter(self)
        self.paint_pictures(painter, _EMPTY)
        self._paint_overlays(painter)
        self._paint_border(painter)
        self.paint_focus(painter)
        painter.end()

    def paint_over_scene(self, painter: QPainter, picture: QRectF) -> None:
        """Paint the hand's directions and the proposed action; small pictures are painted later and may cover them."""
        self._paint_hand_frame(painter, picture)
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
        """Return how wide a line at the bottom left may be without reaching the small pictures."""
        _, *small = self._rects().values()
        room = area.width() * _HINT_SHARE
        if self.tiles.layout is not Layout.INSET or not small:
            return room
        beside = min(rect.left() for rect in small) - area.left() - theme.px(_HINT_GAP)
        return max(theme.px(_LEAST_HINT), min(room, beside))

    def _paint_arrow(self, painter: QPainter, picture: QRectF) -> None:
        status, step, frame = self._status, self._step, self._frame
        if status is None or step is None or frame is None or status.phase not in IN_EPISODE:
            return
        x, y, z = (float(value) for value in frame.anchor)
        arrow = action_arrow(frame.view_projection, (x, y, z), as_motion(step.proposed, self._choices))
        if arrow is None:
            return
        # The frame's own matrix and anchor place the arrow, so it stays on the gripper although the frame is older than
        # the step.
        human, choice = status.phase is Phase.TAKEOVER, chosen_action(step.proposed, self._choices)
        if choice is not None:
            overlay.paint_choice(painter, picture, arrow, choice.title, human=human)
        else:
            gripper = step.proposed[3] if len(step.proposed) > 3 else None
            overlay.paint_arrow(painter, picture, arrow, gripper=gripper, human=human)
        kinds = {reason.kind for reason in decode_reasons(status.call_reasons)}
        paint_call(painter, picture, arrow, kinds)

    def _paint_hand_frame(self, painter: QPainter, picture: QRectF) -> None:
        """Paint the directions in which a push moves the gripper, while a person drives or may begin to."""
        status, frame = self._status, self._frame
        if status is None or frame is None or self._choices or status.phase not in _HAND_PHASES:
            return
        arrows = hand_arrows(frame.view_projection, frame.anchor.tolist(), self.orbit.yaw_deg)
        paint_hand_frame(painter, picture, arrows, status.operator)

    def _paint_border(self, painter: QPainter) -> None:
        # A pen is centred on the widget's edge; its outer half is clipped, so twice the width shows the border whole.
        pen = QPen(self._fade.currentValue(), 2 * BORDER)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(self.rect())

    def border_colour(self) -> QColor:
        """Return the present colour of the border, which may be fading."""
        colour: QColor = self._fade.currentValue()
        return colour

    def notices(self) -> list[str]:
        """Return the lines shown in the middle of the view."""
        return [] if self._status is None else [each.text for each in self._notices(self._status)]

    def _notices(self, status: Status) -> list[overlay.Notice]:
        found = []
        if status.discard_armed:
            found.append(overlay.Notice("Press discard again to discard this episode", "failure"))
        if not status.device_connected and status.device:
            text = f"{status.device} is not connected; use the keyboard or the screen pad"
            found.append(overlay.Notice(text, "warning"))
        if self._stale and self._frame is not None and self.tiles.main == SCENE:
            age = self._clock() - self._frame.timestamp
            found.append(overlay.Notice(f"The picture is {age:.1f} s old, but the robot is moving", "warning"))
        return found

    def _check_age(self) -> None:
        # While the robot rests the viewer draws nothing new, so an old picture is correct then. A stale view repaints
        # at every check, because its notice shows the growing age.
        moving = self._status is not None and self._status.phase in MOVING
        stale = moving and self._frame is not None and self._clock() - self._frame.timestamp > STALE_S
        if stale or stale != self._stale:
            self._stale = stale
            self.update()

    def _repaint_border(self) -> None:
        self.update()

    def _restyle(self) -> None:
        self._fade.stop()
        colour = theme.token(style_of(self._status).token if self._status else "hold")
        self._fade.setStartValue(colour)
        self._fade.setEndValue(colour)
        self._fade.setCurrentTime(FADE_MS)
        self.update()

    # ── visibility ───────────────────────────────────────────────────────────────────────────────────────────────

    def showEvent(self, event: QShowEvent) -> None:
        """Check the picture's age while the view is visible."""
        super().showEvent(event)
        self._check.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop checking."""
        super().hideEvent(event)
        self._check.stop()
