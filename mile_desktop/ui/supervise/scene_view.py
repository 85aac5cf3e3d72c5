"""The main view: the newest frame, a border in the phase's colour, and overlays with all that a supervisor must see."""

import time
from collections.abc import Callable, Mapping

from PySide6.QtCore import QRectF, QSize, QTimer
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from mile_desktop.channels.shared import Frame
from mile_desktop.operators.words.segment import WORDS
from mile_desktop.rollout.messages import ActionChoice, EpisodeClosed, SessionLoaded, Status, StepTaken
from mile_desktop.rollout.phases import IN_EPISODE, MOVING, Phase
from mile_desktop.storage.reasons import decode_reasons
from mile_desktop.storage.records import PARTIAL
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport import overlay
from mile_desktop.ui.viewport.blocked_panel import BlockedPanel
from mile_desktop.ui.viewport.border import Border
from mile_desktop.ui.viewport.call_signs import OF_PLACES, paint_call, paint_places
from mile_desktop.ui.viewport.depth_overlay import distance_text, gripper_text, paint_drop_line, paint_read_out
from mile_desktop.ui.viewport.frame_canvas import as_image
from mile_desktop.ui.viewport.hand_frame import hand_arrows, paint_hand_frame
from mile_desktop.ui.viewport.phase_style import (
    LINK_LOST,
    PhaseStyle,
    driving_hint,
    outcome_text,
    progress_text,
    style_of,
    takeover_hint,
)
from mile_desktop.ui.viewport.picture_canvas import PictureCanvas
from mile_desktop.ui.viewport.projection import action_arrow
from mile_desktop.ui.viewport.tiles import SCENE
from mile_desktop.ui.widgets.discrete_actions import as_motion, chosen_action
from mile_desktop.viewer.aids import Aids

STALE_S = 1.0
"""An older picture is marked while the robot moves: a person must not supervise by a picture that has stopped."""
SMALL_STALE_S = 0.8
"""A small picture that is older than this says so; the viewer draws each at least every half a second if it can."""
_CHECK_MS = 250
_HINT_SHARE = 0.8
"""Share of the large picture's width that a hint may take."""
_HAND_PHASES = frozenset({Phase.TAKEOVER, Phase.HOLD})
"""Phases in which the hand's directions are shown: in the others they would hide what the policy does."""
_WITHOUT_LINK = frozenset({Phase.IDLE, Phase.HOLD})
_ADVICE_MS = 4000
"""Long enough to read one sentence; afterwards the view is free again."""
_EMPTY = "The scene appears here as soon as it is loaded."


class SceneView(PictureCanvas):
    """Shows frames and messages as they come; all of it on the window's thread."""

    def __init__(self, parent: QWidget | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._clock = clock
        self._status: Status | None = None
        self._step: StepTaken | None = None
        self._threshold = 0.5
        self.shows_probability = True
        """Whether the gauge of p is painted; a condition of a study may hide it."""
        self._max_steps = 0
        self._choices: tuple[ActionChoice, ...] = ()
        self._entries: tuple[ActionChoice, ...] = ()
        self._picture_rate_hz: float | None = None
        self._words_way: tuple[float, float, float] | None = None
        self._stale = False
        self._rate_hz = 0.0
        self._may_rewind = self._link_lost = False
        self._task = ""
        self._targets: tuple[str, ...] = ()
        self._waits_for = _EMPTY
        self._outcome: overlay.Notice | None = None
        self._small_frames: dict[str, Frame] = {}
        self.blocked = BlockedPanel(self)
        """Explains why nothing can be shown."""
        self.setAccessibleName("Scene")
        self._border = Border(self)
        self._advice = ""
        self._advice_end = QTimer(self)
        self._advice_end.setSingleShot(True)
        self._advice_end.setInterval(_ADVICE_MS)
        self._advice_end.timeout.connect(self._end_advice)
        self._check = QTimer(self)
        self._check.setInterval(_CHECK_MS)
        self._check.timeout.connect(self._check_age)
        theme.signals().changed.connect(self._restyle)

    # ── state ────────────────────────────────────────────────────────────────────────────────────────────────────

    def start_session(self, session: SessionLoaded) -> None:
        """Drop what was shown of the previous session."""
        self._max_steps, self._rate_hz, self._may_rewind = session.max_steps, session.rate_hz, session.may_rewind
        self._choices, self._entries = session.choices, session.entries
        self._step = self._status = self._outcome = None
        self.blocked.hide()
        self.update()

    def begin_loading(self, title: str) -> None:
        """Show nothing of the session before while another one is loaded; ``title``: what is loaded."""
        self._step = self._status = self._outcome = None
        self._waits_for = f"Loading {title} …" if title else _EMPTY
        self.blocked.hide()
        self._restyle()

    def forget_pictures(self) -> None:
        """Show no picture of the scene before."""
        self.forget_frame()
        self._small_frames.clear()
        self.tiles.keep((), can_be_main=False)
        self.update()

    def set_task(self, task: str) -> None:
        """Set what is to be done, in one sentence."""
        self._task = task
        self.update()

    def set_targets(self, titles: tuple[str, ...]) -> None:
        """Set the titles of what a hand aims at, by their numbers in ``Aids.target``."""
        self._targets = titles

    def show_outcome(self, closed: EpisodeClosed) -> None:
        """Show how the episode ended, until the next one begins."""
        self._outcome = outcome_notice(closed)
        self.update()

    def advise(self, text: str) -> None:
        """Show for a few seconds why a key has no effect; an empty text changes nothing."""
        if text:
            self._advice = text
            self._advice_end.start()
            self.update()

    def _end_advice(self) -> None:
        self._advice = ""
        self.update()

    def show_frame(self, frame: Frame) -> None:
        """Show the newest frame."""
        super().show_frame(frame)
        self._stale = False

    def set_small_views(self, titles: Mapping[str, str]) -> None:
        """Show exactly these small views of the scene: camera name → title."""
        before = self.room()
        self.tiles.keep(tuple(titles), can_be_main=False, titles=titles)
        if self.room() != before:
            self.request_size()
        self.update()

    def show_small_view(self, name: str, frame: Frame) -> None:
        """Show the newest frame of the small view ``name``."""
        self.tiles.show(name, as_image(frame), can_be_main=False)
        self._small_frames[name] = frame
        self.repaint_soon()

    def show_status(self, status: Status) -> None:
        """Show phase and reason; a change fades the border."""
        self._border.fade_to(self._style_of(status).token)
        if status.phase in MOVING:
            self._outcome = None
        if self._step is not None and status.step < self._step.step:
            self._step = None  # a rewind: proposal and p were those of a later moment
        if self._status is not None and status.phase is not self._status.phase:
            self._end_advice()  # it was about the phase before
        self._status = status
        self.update()

    def show_link(self, lost: bool) -> None:
        """Show whether the link to the robot is lost."""
        self._link_lost = lost
        if self._status is not None:
            self._border.fade_to(self._style_of(self._status).token)
        self.update()

    def _style_of(self, status: Status) -> PhaseStyle:
        # In the other phases the worker has noticed nothing yet, or the stop says more.
        lost = self._link_lost and status.phase in _WITHOUT_LINK
        return LINK_LOST if lost else style_of(status)

    def show_step(self, taken: StepTaken) -> None:
        """Show the proposed action and p."""
        self._step = taken
        self.repaint_soon()

    def show_words_way(self, way: tuple[float, float, float] | None) -> None:
        """Show the direction of a typed command, as the robot sees it; None: none."""
        if way != self._words_way:
            self._words_way = way
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
        self.paint_pictures(painter, self._waits_for)
        self._paint_overlays(painter)
        self._border.paint(painter, self.rect())
        self.paint_focus(painter)
        painter.end()

    def paint_over_scene(self, painter: QPainter, picture: QRectF) -> None:
        """Paint the hand's directions and the proposed action; small pictures are painted later and may cover them."""
        self._paint_depth(painter, picture)
        self._paint_hand_frame(painter, picture)
        self._paint_arrow(painter, picture)
        self._paint_words_arrow(painter, picture)

    def _paint_overlays(self, painter: QPainter) -> None:
        area = self.main_area()
        if self._status is None:
            return
        if self._step is not None and self._status.phase in IN_EPISODE and self.shows_probability:
            calls = self._status.calls_by != "forecast"
            overlay.paint_gauge(painter, area, self._step, self._threshold, calls=calls)
        progress = progress_text(self._status, self._max_steps, self._rate_hz)
        below = overlay.paint_badge(
            painter, area, self._status, self._style_of(self._status), progress, rate_hz=self._rate_hz
        )
        if self._outcome is not None:
            below = overlay.paint_outcome(painter, area, self._outcome, below)
        below = paint_read_out(painter, area, self._read_out(self._status), below)
        overlay.paint_notices(painter, area, self._notices(self._status), below)
        # Nothing that the hints name is possible in a stop and without a link.
        if self._status.phase is not Phase.STOPPED and self._style_of(self._status) is not LINK_LOST:
            status = self._status
            # Task and keys are for a person who drives or may begin to; while the policy drives they hide the scene.
            task = self._task if status.phase not in MOVING else ""
            own = bool(self._choices or self._entries)  # these keys differ from scene to scene
            shown = own or status.phase is not Phase.AUTONOMOUS
            keys = driving_hint(status, self._choices, self._entries) if shown else ""
            hints = task, takeover_hint(status, may_rewind=self._may_rewind), keys, self._rate_hint(status)
            overlay.paint_hints(painter, area, hints, area.width() * _HINT_SHARE, below)

    def set_picture_rate(self, rate_hz: float | None) -> None:
        """Set how many pictures a second the environment draws of itself; None where the program draws the scene."""
        self._picture_rate_hz = rate_hz
        self.update()

    def _rate_hint(self, status: Status) -> str:
        if self._picture_rate_hz is None or status.phase not in MOVING:
            return ""
        return f"Picture: {self._picture_rate_hz:.0f} a second"

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
        if kinds & OF_PLACES:
            paint_places(painter, picture, frame.view_projection, status.call_places)

    def _aids(self) -> Aids:
        return Aids() if self._frame is None else Aids.decode(self._frame.aids)

    def _paint_depth(self, painter: QPainter, picture: QRectF) -> None:
        """Paint where the gripper, or what it holds, would come down."""
        aids, frame = self._aids(), self._frame
        if aids.known and frame is not None:
            paint_drop_line(painter, picture, frame.view_projection, aids)

    def _read_out(self, status: Status) -> tuple[str, ...]:
        """Return distances while a person drives or may begin to."""
        aids = self._aids()
        if not aids.known or status.phase not in _HAND_PHASES or self.tiles.main != SCENE:
            return ()
        title = self._targets[aids.target] if 0 <= aids.target < len(self._targets) else ""
        return gripper_text(aids), distance_text(aids, title, self.orbit.yaw_deg)

    def _paint_words_arrow(self, painter: QPainter, picture: QRectF) -> None:
        frame = self._frame
        if self._words_way is None or frame is None:
            return
        x, y, z = (float(value) for value in frame.anchor)
        arrow = action_arrow(frame.view_projection, (x, y, z), self._words_way)
        if arrow is not None:
            overlay.paint_words_arrow(painter, picture, arrow)

    def _paint_hand_frame(self, painter: QPainter, picture: QRectF) -> None:
        """Paint the directions in which a push moves the gripper, while a person drives or may begin to."""
        status, frame = self._status, self._frame
        if (
            status is None
            or frame is None
            or self._choices
            or status.phase not in _HAND_PHASES
            or status.operator == WORDS
        ):
            return
        arrows = hand_arrows(frame.view_projection, frame.anchor.tolist(), self.orbit.yaw_deg)
        paint_hand_frame(painter, picture, arrows, status.operator)

    def border_colour(self) -> QColor:
        """Return the present colour of the border, which may be fading."""
        return self._border.colour

    def notices(self) -> list[str]:
        """Return the lines shown in the middle of the view."""
        return [] if self._status is None else [each.text for each in self._notices(self._status)]

    def _notices(self, status: Status) -> list[overlay.Notice]:
        found = [overlay.Notice(self._advice, "warning")] if self._advice else []
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
        self._mark_small_views()

    def _mark_small_views(self) -> None:
        """Say how much older than the large picture a small one is: it must not be taken for the present."""
        if self._frame is None:
            return
        for name, small in self._small_frames.items():
            # While nothing moves, the large picture is drawn again only for another size or camera.
            moved = (small.step, small.anchor.tolist()) != (self._frame.step, self._frame.anchor.tolist())
            behind = self._frame.timestamp - small.timestamp
            note = f"{behind:.1f} s old" if moved and behind > SMALL_STALE_S else ""
            if self.tiles.annotate(name, note, faded=bool(note)):
                self.update()

    def _restyle(self) -> None:
        self._border.show_at_once(self._style_of(self._status).token if self._status else "hold")
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the explanation in the middle."""
        super().resizeEvent(event)
        self.blocked.place()

    # ── visibility ───────────────────────────────────────────────────────────────────────────────────────────────

    def showEvent(self, event: QShowEvent) -> None:
        """Check the picture's age while the view is visible."""
        super().showEvent(event)
        self._check.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop checking."""
        super().hideEvent(event)
        self._check.stop()


def outcome_notice(closed: EpisodeClosed) -> overlay.Notice:
    """Return the line that says how an episode ended, in the colour of its outcome."""
    colour = {"success": "success", PARTIAL: "warning", "failure": "failure"}.get(closed.outcome, "secondary")
    return overlay.Notice(outcome_text(closed), "secondary" if closed.discarded else colour)
