"""The Devices page: the gamepad's live state, its bindings and its response."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QStackedWidget, QWidget

from mile_desktop.operators.controls import control_label
from mile_desktop.operators.profile import PadProfile
from mile_desktop.rollout.messages import PadState
from mile_desktop.ui.devices.bindings_grid import BindingsGrid
from mile_desktop.ui.devices.ignored_pads import IgnoredPads
from mile_desktop.ui.devices.live_pad_view import LivePadView
from mile_desktop.ui.devices.model import Slot
from mile_desktop.ui.devices.profile_store import ProfileStore
from mile_desktop.ui.devices.response_panel import ResponsePanel
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.page_frame import ColumnScroll, EmptyState, PageFrame, Panel, WideScroll

_PURPOSE = "Click a control, then press the one to use instead. Changes are saved automatically."
_NO_PAD = "Connect a gamepad, or drive with the keyboard: hold Space + WASD/QE."
_EMPTY, _PAD = 0, 1


class DevicesPage(PageFrame):
    """Shows ``PadState`` messages; requests them only while it is visible.

    Parameters
    ----------
    profile_folder
        Where pad profiles are kept, one file a GUID.
    """

    profile_changed = Signal(str)
    """JSON of the profile, for ``SetPad``."""
    watch_requested = Signal(bool)
    """Whether the worker should send pad states, i.e. whether the page is visible."""
    rumble_requested = Signal()
    message = Signal(str, str)
    """Level and one sentence for the message line."""

    def __init__(self, profile_folder: Path, parent: QWidget | None = None) -> None:
        super().__init__("Devices", _PURPOSE, parent)
        self._guid = self._device = ""
        self._profiles = ProfileStore(profile_folder, self)
        self._live = LivePadView()
        self._bindings = BindingsGrid()
        self._response = ResponsePanel()
        self._name = QLineEdit()
        self._now = QLabel()
        self._ignored = IgnoredPads()
        self._not_this = QPushButton("Not this one")
        self._rumble = QPushButton("Test rumble")
        self._undo = QPushButton("Undo")
        self._defaults = QPushButton("Reset to defaults")
        self._driving = QLabel()
        self._views = QStackedWidget()
        self._lay_out()
        self._connect()
        self._show_profile(self._profiles.profile)
        self._show_view(_EMPTY)

    @property
    def profile(self) -> PadProfile:
        """The current profile."""
        return self._profiles.profile

    def show_driving(self, text: str) -> None:
        """Show how the scene is driven; empty for directions and gripper, which the bindings name already."""
        self._driving.setText(text)
        self._driving.setVisible(bool(text))

    def show_pad(self, state: PadState) -> None:
        """Show the newest state; if it is of another gamepad, that one's profile is loaded."""
        self._ignored.show_pads(state.ignored)
        if not state.connected:
            self._forget_pad()
            return
        # States come many times a second; the file is read only for another pad.
        if state.guid != self._guid:
            self._guid, self._device = state.guid, state.name
            self._profiles.open(state.guid, state.name)
        self._show_view(_PAD)
        self._live.show_state(state)
        self._bindings.show_state(state)
        self._response.show_state(state)
        # Beside the bars: the name is what a binding shows.
        names = [control_label(name) for name in state.active_controls]
        self._now.setText(", ".join(names) if names else "at rest")

    def save(self) -> None:
        """Save unsaved changes; called when the window closes."""
        self._profiles.save()

    def showEvent(self, event: QShowEvent) -> None:
        """Request pad states."""
        super().showEvent(event)
        # The worker sends pad states only on request: while the page is hidden they would cost time beside the control
        # loop.
        self.watch_requested.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop listening, and request no more pad states."""
        super().hideEvent(event)
        # A page that listens in the background would bind the first control used for driving.
        self._bindings.stop_listening()
        self.watch_requested.emit(False)

    def _forget_pad(self) -> None:
        # A pad that is plugged in again is treated as new, and its profile is read again.
        self._guid = ""
        self._bindings.stop_listening()
        self._show_view(_EMPTY)

    def _show_view(self, view: int) -> None:
        self._views.setCurrentIndex(view)
        for widget in (self._not_this, self._undo, self._defaults, self._rumble):
            widget.setVisible(view == _PAD)

    def _show_profile(self, profile: PadProfile) -> None:
        self._bindings.show_profile(profile)
        self._response.show_profile(profile)
        if not self._name.hasFocus():  # do not replace a name while it is typed
            self._name.setText(profile.name)
            self._name.setCursorPosition(0)
        self._undo.setEnabled(self._profiles.can_undo)

    def _connect(self) -> None:
        self._profiles.changed.connect(self._profile_changed)
        self._profiles.message.connect(self.message)
        self._bindings.bound.connect(self._bind)
        self._bindings.listening_changed.connect(self._listening_changed)
        self._response.changed.connect(self._change)
        self._response.axis_changed.connect(self._change_axis)
        self._name.editingFinished.connect(self._rename)
        self._rumble.clicked.connect(self.rumble_requested)
        self._undo.clicked.connect(self._profiles.undo)
        self._not_this.clicked.connect(self._leave_out)
        self._ignored.wanted.connect(self._use)
        self._defaults.clicked.connect(self._profiles.reset)

    def _profile_changed(self, profile: PadProfile) -> None:
        self._show_profile(profile)
        self.profile_changed.emit(self._profiles.encoded())

    def _leave_out(self) -> None:
        name = self._device or "This device"
        self.profile_changed.emit(self._profiles.set_use(self._guid, self._device, "no"))
        self.message.emit("info", f"{name} is not driven with any more. Devices lists it, to use it again.")

    def _use(self, guid: str, device: str) -> None:
        self.profile_changed.emit(self._profiles.set_use(guid, device, "yes"))
        self.message.emit("info", f"{device} is driven with from now on. Bind its controls before you take over.")

    def _bind(self, slot: Slot, control: str) -> None:
        self._profiles.bind(slot, control)

    def _change(self, fields: dict[str, Any]) -> None:
        self._profiles.change(**fields)

    def _change_axis(self, entry: str, fields: dict[str, Any]) -> None:
        self._profiles.change_axis(entry, **fields)

    def _rename(self) -> None:
        name = self._name.text().strip()
        if name:
            self._profiles.change(name=name)
        # A profile with an empty name could not be told from others.
        else:
            self._name.setText(self._profiles.profile.name)

    def _listening_changed(self, ask: str) -> None:
        # The end is said, too: "Listening" would stand in the message line long after Esc. What was bound has a message
        # of its own, which follows this one.
        self.message.emit("info", f"Listening: {ask}. Esc cancels." if ask else "Listening has ended.")

    def _lay_out(self) -> None:
        theme.set_icon(self._rumble, "mdi6.vibrate")
        theme.set_icon(self._undo, "mdi6.undo-variant", "secondary")
        theme.set_role(self._undo, "quiet")
        theme.set_role(self._defaults, "quiet")
        theme.set_icon(self._not_this, "mdi6.controller-off", "secondary")
        theme.set_role(self._not_this, "quiet")
        self._not_this.setToolTip("Do not drive with this device; it is remembered")
        for button in (self._rumble, self._not_this, self._undo, self._defaults):
            self.top.addWidget(button)
        row_widget = QWidget()
        row = QHBoxLayout(row_widget)
        theme.space(row, spacing=16)
        for panel, stretch in ((self._pad_panel(), 3), (self._bindings_panel(), 4), (self._response_panel(), 4)):
            row.addWidget(panel, stretch)
        self._views.addWidget(EmptyState("mdi6.controller-off", "No gamepad", _NO_PAD))
        self._views.addWidget(WideScroll(row_widget, "Gamepad"))
        theme.set_role(self._driving, "quiet")
        self._driving.setWordWrap(True)
        self._driving.hide()
        self.body.addWidget(self._driving)
        self.body.addWidget(self._ignored)
        self.body.addWidget(self._views, 1)

    def _pad_panel(self) -> Panel:
        panel = Panel("Live")
        theme.set_role(self._now, "quiet")
        panel.top.addWidget(self._now)
        self._name.setToolTip("Name of this profile")
        panel.body.addWidget(_labelled("Profile", self._name))
        panel.body.addSpacing(theme.px(8))
        panel.body.addWidget(ColumnScroll(self._live, "Live"), 1)
        return panel

    def _bindings_panel(self) -> Panel:
        panel = Panel("Bindings")
        panel.body.addWidget(ColumnScroll(self._bindings, "Bindings"), 1)
        return panel

    def _response_panel(self) -> Panel:
        panel = Panel("Response")
        panel.body.addWidget(ColumnScroll(self._response, "Response"), 1)
        return panel


def _labelled(text: str, field: QWidget) -> QWidget:
    pair = QWidget()
    row = QHBoxLayout(pair)
    theme.space(row, spacing=8)
    label = QLabel(text)
    theme.set_role(label, "quiet")
    label.setBuddy(field)
    row.addWidget(label)
    row.addWidget(field, 1)
    return pair
