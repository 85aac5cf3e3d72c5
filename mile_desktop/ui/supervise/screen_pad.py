"""The on-screen pad: everything a gamepad does while taking over, with a mouse alone."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from mile_desktop.rollout.messages import SessionLoaded, StepTaken, WindowInput
from mile_desktop.ui.supervise.keyboard import REPEAT_MS
from mile_desktop.ui.supervise.keyboard_model import CLOSE, KEEP, OPEN
from mile_desktop.ui.supervise.stick import Stick
from mile_desktop.ui.supervise.view_directions import drive
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.discrete_choices import driving_text
from mile_desktop.ui.viewport.orbit import Orbit

_PLANE = "x, y as you see it"


class ScreenPad(QFrame):
    """Two sticks, gripper buttons, "Hold to take over" and its latch. Lives on the window's thread."""

    input_changed = Signal(object)
    """Carries a ``WindowInput``: on every change, and every 100 ms while the person is taking over."""

    def __init__(self, orbit: Callable[[], Orbit], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "panel")
        self._orbit = orbit
        self._take = QPushButton("Hold to take over")
        self._take.setToolTip("You drive as long as the mouse button is down here")
        self._latch = QPushButton("Keep driving")
        self._latch.setCheckable(True)
        self._latch.setToolTip("Drive until this is released, so that the mouse is free for the sticks")
        self._rewind = QPushButton("Hold to rewind")
        self._rewind.setToolTip("The scene runs backwards as long as the mouse button is down here")
        theme.set_icon(self._take, "mdi6.hand-back-right", "takeover")
        theme.set_icon(self._latch, "mdi6.lock-outline")
        theme.set_icon(self._rewind, "mdi6.rewind")
        self._plane = Stick("Move: away, near, left, right")
        self._height = Stick("Move: up and down", vertical=True)
        self._grip = self._gripper_buttons()
        self._grips = True
        self._names = (QLabel(_PLANE), QLabel("up, down"))
        self._timer = QTimer(self)
        self._timer.setInterval(REPEAT_MS)
        self._timer.timeout.connect(self._send)
        self._lay_out()
        self._connect()

    def _gripper_buttons(self) -> QButtonGroup:
        group = QButtonGroup(self)
        for number, (word, icon) in enumerate((("Open", "mdi6.arrow-expand-horizontal"), ("Close", _CLOSING))):
            button = QPushButton(word)
            button.setCheckable(True)
            button.setToolTip(f"{word} the gripper")
            theme.set_icon(button, icon)
            group.addButton(button, number)
        return group

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        theme.space(grid, (12, 8, 12, 8), 8)
        for column, (stick, label) in enumerate(zip((self._plane, self._height), self._names, strict=True)):
            theme.set_role(label, "secondary")
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            grid.addWidget(stick, 0, column, Qt.AlignmentFlag.AlignHCenter)
            grid.addWidget(label, 1, column, Qt.AlignmentFlag.AlignHCenter)
        buttons = QVBoxLayout()
        for widget in (*self._grip.buttons(), self._take, self._latch, self._rewind):
            widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for column, group in enumerate(((self._take, self._latch, self._rewind), self._grip.buttons())):
            buttons = QVBoxLayout()
            for widget in group:
                buttons.addWidget(widget)
            buttons.addStretch(1)
            grid.addLayout(buttons, 0, 2 + column, 2, 1)
        grid.setColumnStretch(4, 1)

    def _connect(self) -> None:
        for button in (self._take, self._rewind):
            button.pressed.connect(self._changed)
            button.released.connect(self._changed)
        self._latch.toggled.connect(self._changed)
        self._plane.moved.connect(self._changed)
        self._height.moved.connect(self._changed)
        self._grip.idClicked.connect(self._changed)

    def start_session(self, session: SessionLoaded) -> None:
        """Offer what can be driven: where actions are discrete one stick chooses them."""
        self._grips = not session.choices
        for widget in (self._height, *self._names[1:], *self._grip.buttons()):
            widget.setVisible(self._grips)
        self._names[0].setText(_PLANE if self._grips else driving_text(session.choices, "screen"))
        self._names[0].setWordWrap(not self._grips)
        self._grip.setExclusive(False)
        for button in self._grip.buttons():
            button.setChecked(False)
        self._grip.setExclusive(True)

    @property
    def driving(self) -> bool:
        """Whether the pad asks for a takeover."""
        return self._take.isDown() or self._latch.isChecked()

    def follow(self, taken: StepTaken) -> None:
        """Learn the gripper command that is being executed, so that taking over does not change it."""
        if self._grips and not self.driving and len(taken.executed) > 3 and abs(taken.executed[3]) > 0.1:
            self._grip.button(1 if taken.executed[3] > 0 else 0).setChecked(True)

    def release_all(self) -> None:
        """Let go of everything: the page is hidden, the window inactive, the robot stopped."""
        was = self.driving or self._timer.isActive()
        for button in (self._take, self._rewind):
            button.setDown(False)
        self._latch.setChecked(False)
        self._plane.centre()
        self._height.centre()
        self._timer.stop()
        if was:
            self._send()

    def as_input(self) -> WindowInput:
        """Return what the pad asks for now, directions as seen from the camera."""
        right, away = self._plane.position
        gripper = {0: OPEN, 1: CLOSE}.get(self._grip.checkedId(), KEEP)
        action = drive(right, away, self._height.position[1], gripper, self._orbit())
        return WindowInput(source="screen", takeover=self.driving, action=action, rewind=self._rewind.isDown())

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 – Qt's name
        """Let everything go: a pad that cannot be seen holds nothing."""
        super().hideEvent(event)
        self.release_all()

    def _changed(self) -> None:
        if self.driving or self._rewind.isDown():
            self._timer.start()
        else:
            self._timer.stop()
        self._send()

    def _send(self) -> None:
        self.input_changed.emit(self.as_input())


_CLOSING = "mdi6.arrow-collapse-horizontal"
