"""The on-screen pad: take over and drive with the mouse alone."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from mile_desktop.rollout.messages import SessionLoaded, StepTaken, WindowInput
from mile_desktop.ui.supervise.keyboard_controller import REPEAT_MS
from mile_desktop.ui.supervise.model import CLOSE, GRIPPER_NOISE, KEEP, OPEN, drive_action
from mile_desktop.ui.supervise.stick_widget import StickWidget
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.orbit import Orbit
from mile_desktop.ui.widgets.discrete_actions import drives_gripper, driving_text, entries_text
from mile_desktop.ui.widgets.override_guard import OverrideGuard

_PLANE = "x, y as seen"


class ScreenPad(OverrideGuard, QFrame):
    """Two sticks, gripper buttons, "Hold to take over" and its latch. Lives on the window's thread."""

    input_changed = Signal(object)
    """Carries a ``WindowInput``: on every change, and every 100 ms while the person is taking over."""

    def __init__(self, orbit: Callable[[], Orbit], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "panel")
        self._orbit = orbit
        self._takeover = QPushButton("Hold to take over")
        self._takeover.setToolTip("You drive while you hold the mouse button down here")
        self._latch = QPushButton("Keep driving")
        self._latch.setCheckable(True)
        self._latch.setToolTip("You drive until you click this again, so that the mouse is free for the sticks")
        self._rewind = QPushButton("Hold to rewind")
        self._rewind.setToolTip("The scene runs backwards while you hold the mouse button down here")
        theme.set_icon(self._takeover, "mdi6.hand-back-right", "takeover")
        theme.set_icon(self._latch, "mdi6.lock-outline")
        theme.set_icon(self._rewind, "mdi6.rewind")
        self._plane = StickWidget("Move: away, near, left, right")
        self._height = StickWidget("Move: up and down", vertical=True)
        self._gripper = self._gripper_buttons()
        self._has_gripper = self._follows_gripper = True
        self._speed = 1.0
        self._captions = (QLabel(_PLANE), QLabel("up, down"))
        self._timer = QTimer(self)
        self._timer.setInterval(REPEAT_MS)
        self._timer.timeout.connect(self._send)
        self._lay_out()
        self._connect()

    def _gripper_buttons(self) -> QButtonGroup:
        group = QButtonGroup(self)
        for number, (label, icon) in enumerate((("Open", "mdi6.arrow-expand-horizontal"), ("Close", _CLOSING))):
            button = QPushButton(label)
            button.setCheckable(True)
            button.setToolTip(f"{label} the gripper")
            theme.set_icon(button, icon)
            group.addButton(button, number)
        return group

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        theme.space(grid, (12, 8, 12, 8), 8)
        for column, (stick, label) in enumerate(zip((self._plane, self._height), self._captions, strict=True)):
            theme.set_role(label, "secondary")
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            grid.addWidget(stick, 0, column, Qt.AlignmentFlag.AlignHCenter)
            grid.addWidget(label, 1, column, Qt.AlignmentFlag.AlignHCenter)
        buttons = QVBoxLayout()
        # A click must not move the focus off the view: the focused button would get the next Space.
        for widget in (*self._gripper.buttons(), self._takeover, self._latch, self._rewind):
            widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for column, group in enumerate(((self._takeover, self._latch, self._rewind), self._gripper.buttons())):
            buttons = QVBoxLayout()
            for widget in group:
                buttons.addWidget(widget)
            buttons.addStretch(1)
            grid.addLayout(buttons, 0, 2 + column, 2, 1)
        grid.setColumnStretch(4, 1)

    def _connect(self) -> None:
        for button in (self._takeover, self._rewind):
            button.pressed.connect(self._changed)
            button.released.connect(self._changed)
        self._latch.toggled.connect(self._changed)
        self._plane.moved.connect(self._changed)
        self._height.moved.connect(self._changed)
        self._gripper.idClicked.connect(self._changed)

    def start_session(self, session: SessionLoaded) -> None:
        """Show the controls of this session: one stick alone where actions are discrete."""
        entries = session.entries
        self._has_gripper = drives_gripper(session.choices, entries)
        self._follows_gripper = self._has_gripper and not entries
        up = not session.choices and (not entries or any(entry.push in {"up", "down"} for entry in entries))
        for widget in (self._height, *self._captions[1:]):
            widget.setVisible(up)
        for button in self._gripper.buttons():
            button.setVisible(self._has_gripper)
        text = driving_text(session.choices, "screen") if session.choices else entries_text(entries, "screen")
        self._captions[0].setText(text or _PLANE)
        self._captions[0].setWordWrap(bool(text))
        # An exclusive group never unchecks its last button, so exclusiveness is off while both are cleared.
        self._gripper.setExclusive(False)
        for button in self._gripper.buttons():
            button.setChecked(False)
        self._gripper.setExclusive(True)

    def set_speed(self, speed: float) -> None:
        """Drive at this share of full speed, in (0, 1], from the next message on."""
        self._speed = speed

    @property
    def driving(self) -> bool:
        """Whether the pad requests a takeover."""
        return self._takeover.isDown() or self._latch.isChecked()

    def follow(self, taken: StepTaken) -> None:
        """Adopt the gripper command that is executed, so that a takeover does not change it."""
        if not self._follows_gripper or self.driving or len(taken.executed) <= 3:
            return
        if abs(taken.executed[3]) > GRIPPER_NOISE:
            self._gripper.button(1 if taken.executed[3] > 0 else 0).setChecked(True)

    def release_all(self) -> None:
        """Release everything; called when the page is hidden, the window inactive or the robot stopped."""
        # Each change below emits a signal; the last message must be "no takeover", so it is sent once more at the end.
        was = self.driving or self._timer.isActive()
        for button in (self._takeover, self._rewind):
            button.setDown(False)
        self._latch.setChecked(False)
        self._plane.centre()
        self._height.centre()
        self._timer.stop()
        if was:
            self._send()

    def as_input(self) -> WindowInput:
        """Return the pad's present input, with directions as seen from the camera."""
        right, away = self._plane.position
        gripper = {0: OPEN, 1: CLOSE}.get(self._gripper.checkedId(), KEEP)
        action = drive_action(right, away, self._height.position[1], gripper, self._orbit())
        return WindowInput(
            source="screen",
            takeover=self.driving,
            action=action,
            rewind=self._rewind.isDown(),
            speed=self._speed,
        )

    def hideEvent(self, event: QHideEvent) -> None:
        """Release everything: an invisible pad must not keep a takeover."""
        super().hideEvent(event)
        self.release_all()

    def _changed(self) -> None:
        # As with the keyboard, the state is repeated while it is held: silence means a lost device to the worker.
        if self.driving or self._rewind.isDown():
            self._timer.start()
        else:
            self._timer.stop()
        self._send()

    def _send(self) -> None:
        self.input_changed.emit(self.as_input())


_CLOSING = "mdi6.arrow-collapse-horizontal"
