"""The Supervise page: view, strips, controls and on-screen pad, put together."""

from enum import Enum, auto

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from mile_desktop.channels.shared import Frame
from mile_desktop.operators.words.vocabulary import language_titles
from mile_desktop.rollout.messages import (
    CameraRequest,
    EpisodeClosed,
    Event,
    SessionLoaded,
    SetAlert,
    Status,
    StepTaken,
    WindowInput,
)
from mile_desktop.rollout.phases import IN_EPISODE, Phase
from mile_desktop.study.block import ParticipantView
from mile_desktop.ui.supervise.clip_button import ClipButton
from mile_desktop.ui.supervise.episode_controls import EpisodeControls
from mile_desktop.ui.supervise.key_advice import advice_for_keys, advice_for_mark, any_pressed
from mile_desktop.ui.supervise.keyboard_controller import KeyboardController
from mile_desktop.ui.supervise.picture_menu import PictureMenu
from mile_desktop.ui.supervise.scene_view import SceneView
from mile_desktop.ui.supervise.screen_pad import ScreenPad
from mile_desktop.ui.supervise.strips_panel import StripsPanel
from mile_desktop.ui.supervise.words_line import WordsLine
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.orbit import Orbit
from mile_desktop.ui.widgets.override_guard import OverrideGuard
from mile_desktop.ui.widgets.splitter import Splitter

_PAD_LABEL = "Screen pad"
_LABEL_FROM = 760
"""From this width (px at 100 %) the button of the screen pad shows its label."""
_FULL_FROM, _SOME_FROM = 480, 360
"""From these heights (px at 100 %) the page shows both strips, or p alone. The view needs 160, both strips 128, p alone
92; the rest is the alarm's line, buttons and margins. The height of the screen pad is subtracted first."""
_FULL_WITH_PAD_FROM = 640
"""The same for both strips while the screen pad is shown: who drives with the mouse looks at the view, which is divided
with the strips by the height that a person has given them."""
_PAD_HEIGHT = 160
_VIEW_HEIGHT, _ALARM_HEIGHT, _BUTTONS_HEIGHT = 120, 36, 54
"""Least height of the view, and heights of the alarm's controls and of the buttons on one line, px at 100 %."""


class _StripMode(Enum):
    """Which strips fit on the page."""

    FULL = auto()
    SOME = auto()
    NONE = auto()


class SupervisePage(OverrideGuard, QWidget):
    """Shows the events of worker and viewer and emits commands for both; window's thread only."""

    escaped = Signal()
    """Esc was pressed on this page; the controller closes what is on top, or stops."""
    command = Signal(object)
    """Carries a command of ``rollout.messages`` for the worker."""
    viewer_command = Signal(object)
    """Carries a command of ``viewer.messages`` for the viewer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.view = SceneView()
        self.strips = StripsPanel()
        self.controls = EpisodeControls()
        self.pad = ScreenPad(self._orbit)
        self.pad.hide()
        self.keyboard = KeyboardController(self, self._orbit, self.view)
        self.words = WordsLine(language_titles())
        self._pad_button = QPushButton(_PAD_LABEL)
        self._pad_button.setCheckable(True)
        self._pad_button.setToolTip("Show the on-screen pad: take over with the mouse")
        self._pad_button.setAccessibleName(_PAD_LABEL)
        theme.set_icon(self._pad_button, "mdi6.gamepad-variant-outline")
        self.pictures = PictureMenu(self.view)
        self.clip = ClipButton()
        self._strip_mode = _StripMode.FULL
        self._only_view = False
        self._view_of: ParticipantView | None = None
        self._busy = self._in_episode = False
        self._phase: Phase | None = None
        self._pressed = False
        # The focus of the page is passed to the view: a key pressed there drives the robot and presses no button.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # before the proxy: afterwards it would change the view's
        self.setFocusProxy(self.view)
        self._bar = QWidget()
        self._splitter = Splitter(Qt.Orientation.Vertical)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        for widget in (self.view, self.strips):
            self._splitter.addWidget(widget)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 0)
        self._splitter.setSizes([theme.px(520), theme.px(230)])
        self._splitter_state = self._splitter.saveState()
        bar = QHBoxLayout(self._bar)
        theme.space(bar, (0, 0, 0, 0), 8)
        bar.addWidget(self.controls, 1)
        bar.addWidget(self.pictures)
        bar.addWidget(self.clip)
        bar.addWidget(self._pad_button)
        self._column = column = QVBoxLayout(self)
        theme.space(column, (8, 8, 8, 8), 8)
        column.addWidget(self._splitter, 1)
        column.addWidget(self.words)
        column.addWidget(self.pad)
        column.addWidget(self._bar)

    def add_above_transport(self, widget: QWidget) -> None:
        """Put another page's widget between the view and the buttons, e.g. the bar of a robot."""
        self._column.insertWidget(self._column.count() - 1, widget)

    def _connect(self) -> None:
        keys, controls = self.keyboard, self.controls
        keys.input_changed.connect(self.command)
        keys.input_changed.connect(self._explain_keys)
        ends = (controls.mark_success, controls.mark_partial, controls.mark_failure)
        for mark, end in zip((keys.success, keys.partial, keys.failure), ends, strict=True):
            mark.connect(end)
            mark.connect(self._explain_mark)
        keys.discard.connect(controls.ask_discard)
        keys.hold.connect(controls.toggle_hold)
        keys.escape.connect(self.escape)
        keys.camera.connect(self.view.choose_camera)
        controls.commanded.connect(self.command)
        self.pad.input_changed.connect(self.command)
        self._pad_button.toggled.connect(self._show_pad)
        theme.signals().changed.connect(self._fit)
        self.view.viewer_command.connect(self.viewer_command)
        self.strips.alert_changed.connect(self._alert_changed)
        self.strips.probability.threshold_moved.connect(self.view.set_threshold)

    # ── events ───────────────────────────────────────────────────────────────────────────────────────────────────

    def handle(self, event: Event) -> None:
        """Show an event of the worker; events that do not concern this page are ignored."""
        match event:
            case SessionLoaded():
                self.view.start_session(event)
                self.strips.start_session(event)
                self.keyboard.start_session(event)
                self.pad.start_session(event)
            case Status():
                self._show_status(event)
            case StepTaken():
                self._show_step(event)
            case EpisodeClosed():
                self.controls.show_closed(event)
                self.view.show_outcome(event)
            case CameraRequest():
                self.view.step_camera(event.direction)

    def begin_loading(self, title: str) -> None:
        """Show nothing of the session before while another one is loaded; ``title``: what is loaded."""
        self.view.begin_loading(title)
        self.strips.forget()
        self.controls.forget_phase()
        self._phase = None
        self._busy = False

    def show_frame(self, frame: Frame) -> None:
        """Show the newest frame of the main view."""
        self.view.show_frame(frame)

    def _explain_keys(self, keys: WindowInput) -> None:
        # Only a key that is pressed again: a hand that lets go of Space a moment before W has done nothing wrong.
        if not self._pressed:
            self.view.advise(advice_for_keys(keys, self._phase))
        self._pressed = any_pressed(keys)

    def _explain_mark(self) -> None:
        self.view.advise(advice_for_mark(self._phase))

    def _show_status(self, status: Status) -> None:
        self._phase = status.phase
        self.view.show_status(status)
        self.strips.show_status(status)
        self.controls.show_status(status)
        self._busy = status.phase not in {Phase.IDLE, Phase.STOPPED}
        self.keyboard.set_busy(self._busy)
        ended = self._in_episode and status.phase not in IN_EPISODE
        self._in_episode = status.phase in IN_EPISODE
        if ended or status.phase is Phase.STOPPED:
            # A latched takeover would otherwise drive the next episode from its first step, or right after the reset.
            self.pad.release_all()

    def _show_step(self, taken: StepTaken) -> None:
        self.strips.add_step(taken)
        self.view.show_step(taken)
        self.keyboard.follow(taken)
        self.pad.follow(taken)

    def escape(self) -> None:
        """Pass Esc on; the listener knows what lies on top of the page."""
        self.escaped.emit()

    @property
    def busy(self) -> bool:
        """Whether the robot moves or may move without another Start."""
        return self._busy

    def _alert_changed(self, alert: SetAlert) -> None:
        self.view.set_threshold(alert.threshold)
        self.command.emit(alert)

    # ── settings and layout ──────────────────────────────────────────────────────────────────────────────────────

    @property
    def alert(self) -> SetAlert:
        """The alarm's settings; send them after every ``LoadSession``, because a restarted worker has its defaults."""
        return self.strips.alert

    def set_alert(self, alert: SetAlert) -> None:
        """Show a remembered alert without sending a command."""
        self.strips.set_alert(alert)
        self.view.set_threshold(alert.threshold)

    def set_hand_speed(self, speed: float) -> None:
        """Let keys and on-screen pad drive at this share of full speed, in (0, 1]."""
        self.keyboard.set_speed(speed)
        self.pad.set_speed(speed)

    def show_pad(self, shown: bool) -> None:
        """Show or hide the on-screen pad."""
        self._pad_button.setChecked(shown)

    def show_link(self, problem: str) -> None:
        """Show why there is no link to the robot, so that nothing can be started; empty: there is one, or no robot."""
        self.controls.block_start(problem)
        self.view.show_link(bool(problem))

    def show_only_view(self, only: bool) -> None:
        """Give the whole page to the view, or show strips and controls again; keys and gamepad keep working."""
        self._only_view = only
        self.strips.setVisible(self._shows_strips)
        self._bar.setVisible(not only)
        self.pad.setVisible(not only and self._pad_button.isChecked())

    def guide(self, view: ParticipantView | None) -> None:
        """Show a participant of a study only what the condition allows; None: show everything again."""
        self._view_of = view
        self.controls.guide(view is not None)
        self.strips.guide(view is not None)
        self.view.shows_probability = view is None or view.show_p
        by_mouse = view is None or view.device in {"any", "screen"}
        if not by_mouse:
            self.show_pad(False)
        self._pad_button.setVisible(by_mouse)
        self.clip.setVisible(view is None)  # a participant saves nothing
        self.strips.setVisible(self._shows_strips)
        self.view.update()

    @property
    def _shows_strips(self) -> bool:
        allowed = self._view_of is None or self._view_of.show_p
        return allowed and not self._only_view and self._strip_mode is not _StripMode.NONE

    def save_layout(self) -> bytes:
        """Return the splitter's state for ``restore_layout``: the one with both strips, even if they are hidden now."""
        state = self._splitter.saveState() if self._strip_mode is _StripMode.FULL else self._splitter_state
        return bytes(state.data())

    def restore_layout(self, saved: bytes) -> None:
        """Restore the splitter's state; an unreadable one changes nothing."""
        self._splitter.restoreState(QByteArray(saved))
        self._splitter_state = self._splitter.saveState()

    # ── focus and size ───────────────────────────────────────────────────────────────────────────────────────────

    def showEvent(self, event: QShowEvent) -> None:
        """Listen to the keyboard."""
        super().showEvent(event)
        self.keyboard.attach()
        # Qt would focus the first entry field. Space must mean "take over" from the start, so the view gets the focus.
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def minimumSizeHint(self) -> QSize:
        """Return the size without strips, which are hidden in a low window: Stop must never have to be scrolled to."""
        rows = [each for each in (self.words, self.pad, self._bar) if not each.isHidden()]
        margins = self._column.contentsMargins()
        height = theme.px(_VIEW_HEIGHT) + sum(each.minimumSizeHint().height() for each in rows)
        height += margins.top() + margins.bottom() + self._column.spacing() * len(rows)
        return QSize(self._bar.minimumSizeHint().width() + margins.left() + margins.right(), height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten the pad's button on a narrow page, and show the strips that fit."""
        super().resizeEvent(event)
        self._pad_button.setText(_PAD_LABEL if event.size().width() >= theme.px(_LABEL_FROM) else "")
        self._fit()

    def _show_pad(self, shown: bool) -> None:
        if shown:
            # The strips must give up their height first: Qt would enlarge a small window to fit both.
            self._fit()
        self.pad.setVisible(shown)
        self._fit()

    def _fit(self) -> None:
        """Show the strips that fit: on a low page the actions are hidden first, then p."""
        room = self.height() - (theme.px(_PAD_HEIGHT) if self._pad_button.isChecked() else 0)
        # In a narrow page the controls need a second line.
        for row, one_line in ((self.strips.bar, _ALARM_HEIGHT), (self._bar, _BUTTONS_HEIGHT)):
            room -= max(0, row.minimumSizeHint().height() - theme.px(one_line))
        full_from = _FULL_WITH_PAD_FROM if self._pad_button.isChecked() else _FULL_FROM
        mode = _StripMode.FULL if room >= theme.px(full_from) else _StripMode.SOME
        if room < theme.px(_SOME_FROM):
            mode = _StripMode.NONE
        if mode is self._strip_mode:
            return
        if self._strip_mode is _StripMode.FULL:
            self._splitter_state = self._splitter.saveState()
        self._strip_mode = mode
        self.strips.set_compact(mode is not _StripMode.FULL)
        self.strips.setVisible(self._shows_strips)
        # Without these two calls the splitter keeps its old minimum height until Qt returns to its event loop, and
        # ``setSizes`` would be ignored.
        self._splitter.refresh()
        self._column.activate()
        if mode is _StripMode.FULL:
            self._splitter.restoreState(self._splitter_state)
        else:
            self._splitter.setSizes([self.height(), 0])

    def hideEvent(self, event: QHideEvent) -> None:
        """Release all keys and the on-screen pad."""
        super().hideEvent(event)
        self.keyboard.detach()
        self.pad.release_all()

    def changeEvent(self, event: QEvent) -> None:
        """Release the on-screen pad when the window is no longer the active one."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.pad.release_all()

    def _orbit(self) -> Orbit:
        return self.view.orbit
