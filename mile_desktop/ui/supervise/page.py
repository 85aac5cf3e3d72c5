"""The Supervise page: view, strips, transport and on-screen pad, put together."""

from enum import Enum, auto

from PySide6.QtCore import QByteArray, QEvent, Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from mile_desktop.channels.shared import Frame
from mile_desktop.rollout.messages import (
    CameraRequest,
    EpisodeClosed,
    Event,
    SessionLoaded,
    SetAlert,
    Status,
    StepTaken,
)
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.supervise.keyboard import Keyboard
from mile_desktop.ui.supervise.picture_menu import PictureMenu
from mile_desktop.ui.supervise.scene_view import SceneView
from mile_desktop.ui.supervise.screen_pad import ScreenPad
from mile_desktop.ui.supervise.strips import Strips
from mile_desktop.ui.supervise.transport import Transport
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.orbit import Orbit
from mile_desktop.ui.widgets.splitter import Splitter

_PAD_WORD = "Screen pad"
_ROOMY = 760
"""From this width on the button of the screen pad has its word."""
_FULL_FROM, _SOME_FROM = 480, 360
"""From these heights on the strips are shown in full, or at least p; the screen pad takes its own of it."""
_PAD_HEIGHT = 160


class _Strips(Enum):
    """How much of the strips there is room for."""

    FULL = auto()
    SOME = auto()
    NONE = auto()


class SupervisePage(QWidget):
    """Feed it with ``handle`` and ``show_frame``; it answers with two kinds of commands. Window's thread only."""

    command = Signal(object)
    """Carries a command of ``rollout.messages`` for the worker."""
    viewer_command = Signal(object)
    """Carries a command of ``viewer.messages`` for the viewer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.view = SceneView()
        self.strips = Strips()
        self.transport = Transport()
        self.pad = ScreenPad(self._orbit)
        self.pad.hide()
        self.keyboard = Keyboard(self, self._orbit, self.view)
        self._pad_button = QPushButton(_PAD_WORD)
        self._pad_button.setCheckable(True)
        self._pad_button.setToolTip("Show the on-screen pad: take over with the mouse")
        self._pad_button.setAccessibleName(_PAD_WORD)
        theme.set_icon(self._pad_button, "mdi6.gamepad-variant-outline")
        self.pictures = PictureMenu(self.view)
        self._form = _Strips.FULL
        self._only_view = False
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
        self._divided = self._splitter.saveState()
        bar = QHBoxLayout(self._bar)
        theme.space(bar, (0, 0, 0, 0), 8)
        bar.addWidget(self.transport, 1)
        bar.addWidget(self.pictures)
        bar.addWidget(self._pad_button)
        self._column = column = QVBoxLayout(self)
        theme.space(column, (8, 8, 8, 8), 8)
        column.addWidget(self._splitter, 1)
        column.addWidget(self.pad)
        column.addWidget(self._bar)

    def add_above_transport(self, widget: QWidget) -> None:
        """Put a line of somebody else's between the view and the buttons."""
        self._column.insertWidget(self._column.count() - 1, widget)

    def _connect(self) -> None:
        keys, transport = self.keyboard, self.transport
        keys.input_changed.connect(self.command)
        keys.success.connect(transport.mark_success)
        keys.failure.connect(transport.mark_failure)
        keys.discard.connect(transport.ask_discard)
        keys.hold.connect(transport.toggle_hold)
        keys.stop.connect(transport.stop)
        keys.camera.connect(self.view.choose_camera)
        transport.commanded.connect(self.command)
        self.pad.input_changed.connect(self.command)
        self._pad_button.toggled.connect(self._show_pad)
        theme.signals().changed.connect(self._fit)
        self.view.viewer_command.connect(self.viewer_command)
        self.strips.alert_changed.connect(self._alert_changed)
        self.strips.probability.threshold_moved.connect(self.view.set_threshold)

    # ── what comes in ────────────────────────────────────────────────────────────────────────────────────────────

    def handle(self, event: Event) -> None:
        """Show an event of the worker; events that are none of this page's business are ignored."""
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
                self.transport.show_closed(event)
            case CameraRequest():
                self.view.step_camera(event.direction)

    def show_frame(self, frame: Frame) -> None:
        """Show the newest frame of the main view."""
        self.view.show_frame(frame)

    def _show_status(self, status: Status) -> None:
        self.view.show_status(status)
        self.strips.show_status(status)
        self.transport.show_status(status)
        self.keyboard.set_busy(status.phase not in {Phase.IDLE, Phase.STOPPED})
        if status.phase is Phase.STOPPED:
            self.pad.release_all()

    def _show_step(self, taken: StepTaken) -> None:
        self.strips.add_step(taken)
        self.view.show_step(taken)
        self.keyboard.follow(taken)
        self.pad.follow(taken)

    def _alert_changed(self, alert: SetAlert) -> None:
        self.view.set_threshold(alert.threshold)
        self.command.emit(alert)

    # ── what is remembered ───────────────────────────────────────────────────────────────────────────────────────

    @property
    def alert(self) -> SetAlert:
        """When the person wants to be called; send it after every ``LoadSession``."""
        return self.strips.alert

    def set_alert(self, alert: SetAlert) -> None:
        """Show a remembered alert without telling anybody."""
        self.strips.set_alert(alert)
        self.view.set_threshold(alert.threshold)

    def show_pad(self, shown: bool) -> None:
        """Show or fold away the on-screen pad."""
        self._pad_button.setChecked(shown)

    def show_only_view(self, only: bool) -> None:
        """Leave the whole page to the view, or bring strips and transport back; keys and pad go on counting."""
        self._only_view = only
        self.strips.setVisible(not only and self._form is not _Strips.NONE)
        self._bar.setVisible(not only)
        self.pad.setVisible(not only and self._pad_button.isChecked())

    def save_layout(self) -> bytes:
        """Return how the room is divided, for ``restore_layout``."""
        state = self._splitter.saveState() if self._form is _Strips.FULL else self._divided
        return bytes(state.data())

    def restore_layout(self, saved: bytes) -> None:
        """Divide the room as it was; anything unreadable leaves it as it is."""
        self._splitter.restoreState(QByteArray(saved))
        self._divided = self._splitter.saveState()

    # ── who has the keys ─────────────────────────────────────────────────────────────────────────────────────────

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 – Qt's name
        """Listen to the keys."""
        super().showEvent(event)
        self.keyboard.attach()
        # Not into the first entry field: Space has to mean "take over" from the start.
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 – Qt's name
        """Leave the room to the transport where there is little."""
        super().resizeEvent(event)
        self._pad_button.setText(_PAD_WORD if event.size().width() >= theme.px(_ROOMY) else "")
        self._fit()

    def _show_pad(self, shown: bool) -> None:
        if shown:
            self._fit()  # first, or the pad would make a small window grow
        self.pad.setVisible(shown)
        self._fit()

    def _fit(self) -> None:
        """Leave the view its room: where the page is low, the actions go first, then p."""
        room = self.height() - (theme.px(_PAD_HEIGHT) if self._pad_button.isChecked() else 0)
        form = _Strips.FULL if room >= theme.px(_FULL_FROM) else _Strips.SOME
        if room < theme.px(_SOME_FROM):
            form = _Strips.NONE
        if form is self._form:
            return
        if self._form is _Strips.FULL:
            self._divided = self._splitter.saveState()
        self._form = form
        self.strips.set_compact(form is not _Strips.FULL)
        self.strips.setVisible(form is not _Strips.NONE and not self._only_view)
        self._splitter.refresh()  # else it would be as high as before until Qt comes round to it
        self._column.activate()
        if form is _Strips.FULL:
            self._splitter.restoreState(self._divided)
        else:
            self._splitter.setSizes([self.height(), 0])

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 – Qt's name
        """Let everything go."""
        super().hideEvent(event)
        self.keyboard.detach()
        self.pad.release_all()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 – Qt's name
        """Let go of the on-screen pad when the window is no longer the one in front."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.pad.release_all()

    def _orbit(self) -> Orbit:
        return self.view.orbit
