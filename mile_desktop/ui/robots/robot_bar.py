"""The line under the view for a robot: its state, arming, and the checklist before an episode."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.rollout import messages as m
from mile_desktop.ui.robots import status_text
from mile_desktop.ui.shell.shortcuts import tooltip
from mile_desktop.ui.theme import theme

_NO_LINK = "There is no link to the robot."
_COLUMNS = 2
"""The checklist has two columns, because the picture of the robot needs the height."""


class RobotBar(QFrame):
    """Shows a ``RobotStatus`` and sends the person's permissions; hidden while a scene is driven.

    Lives on the window's thread.
    """

    commanded = Signal(object)
    """Carries a command of ``rollout.messages``."""
    link_changed = Signal(str)
    """Why there is no link to the robot; empty: there is one, or no robot is driven."""
    checklist_changed = Signal(bool, bool)
    """Whether a checklist is shown, and whether every point of it is ticked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "panel")
        self._status: m.RobotStatus | None = None
        self._icon = QToolButton()
        self._state = QLabel()
        self._name = QLabel()
        self._link = QLabel()
        self._request = QPushButton("Request control")
        self._arm = QPushButton("Arm")
        self._disarm = QPushButton("Disarm")
        self.prompt = ResetPrompt()
        self._lay_out()
        self._connect()
        self.hide()

    def show_status(self, status: m.RobotStatus) -> None:
        """Show the newest status."""
        if status == self._status:
            return
        self._status = status
        self.link_changed.emit("" if status.up else status.problem or _NO_LINK)
        shown = status_text.style_of(status)
        self._state.setText(shown.title)
        theme.set_icon(self._icon, shown.icon, shown.colour)
        self._name.setText(status.name)
        self._link.setText(status_text.link_text(status))
        theme.set_role(self._link, "secondary" if status.up else "error")
        self.setToolTip(status_text.details(status))
        self._request.setVisible(status.up and not status.may_drive)
        # Control is never taken from another window; it has to release it first.
        self._request.setEnabled(not status.driver)
        self._arm.setVisible(status.may_drive and not status.armed)
        self._arm.setEnabled(self._may_arm())
        self._disarm.setVisible(status.armed)
        self.prompt.show_checklist(status.checklist)
        self.show()

    def forget(self) -> None:
        """Hide the bar: no robot is driven."""
        self._status = None
        self.link_changed.emit("")
        self.prompt.show_checklist(())
        self.hide()

    def arm(self) -> None:
        """Permit the robot to move, if it is connected and not armed."""
        # The key must not do what the button refuses.
        if self._may_arm():
            self.commanded.emit(m.ArmRobot())

    def _may_arm(self) -> bool:
        status = self._status
        # A robot that is stopped must be reset before it can be armed.
        return status is not None and status.may_drive and not status.armed and status.up and status.mode == "disarmed"

    def disarm(self) -> None:
        """Forbid the robot to move. It is sent whenever there is a robot, because disarming twice does no harm."""
        if self._status is not None:
            self.commanded.emit(m.DisarmRobot())

    @property
    def arm_button(self) -> QPushButton:
        """The button that arms."""
        return self._arm

    @property
    def disarm_button(self) -> QPushButton:
        """The button that disarms."""
        return self._disarm

    def _lay_out(self) -> None:
        self._icon.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._icon.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        theme.set_role(self._icon, "bare")
        theme.set_role(self._state, "heading")
        theme.set_role(self._link, "secondary")
        self._state.setAccessibleName("State of the robot")
        # A long text is cut off instead of widening the window.
        self._link.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        theme.set_role(self._arm, "primary")
        theme.set_icon(self._arm, "mdi6.shield-check-outline", "on_accent")
        theme.set_role(self._disarm, "danger")
        theme.set_icon(self._disarm, "mdi6.shield-off-outline", "stopped")
        theme.set_icon(self._request, "mdi6.hand-back-right-outline")
        self._arm.setToolTip(tooltip("Permit the robot to move; it holds until an episode begins", "arm"))
        self._disarm.setToolTip(tooltip("Keep the robot from moving until it is armed again", "disarm"))
        self._request.setToolTip("Drive this robot as soon as the window that drives it releases it")
        row = QHBoxLayout()
        theme.space(row, (0, 0, 0, 0), 8)
        for widget in (self._icon, self._state, self._name):
            row.addWidget(widget)
        row.addWidget(self._link, 1)
        for button in (self._request, self._arm, self._disarm):
            row.addWidget(button)
        column = QVBoxLayout(self)
        theme.space(column, (12, 8, 12, 8), 8)
        column.addLayout(row)
        column.addWidget(self.prompt)

    def _connect(self) -> None:
        self._request.clicked.connect(self._ask_to_drive)
        self._arm.clicked.connect(self.arm)
        self._disarm.clicked.connect(self.disarm)
        self.prompt.answered.connect(self._answer)
        self.prompt.ticked.connect(self._tick)
        self.prompt.changed.connect(self.checklist_changed)

    def _ask_to_drive(self) -> None:
        self.commanded.emit(m.AskToDrive())

    def _tick(self, points: list[str]) -> None:
        if self._status is not None:
            # The number says which checklist is meant: ticks for an older one do not count.
            self.commanded.emit(m.TickChecklist(number=self._status.checklist_number, points=tuple(points)))

    def _answer(self, ready: bool) -> None:
        self.commanded.emit(m.ConfirmReset(ready=ready))


class ResetPrompt(QWidget):
    """The checklist before an episode: a box for each point, and Begin, enabled when all boxes are ticked."""

    answered = Signal(bool)
    """True: begin; False: end the run."""
    ticked = Signal(list)
    """The points whose boxes are ticked, after each change: the worker decides by them."""
    changed = Signal(bool, bool)
    """Whether a checklist is shown, and whether every point of it is ticked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: tuple[str, ...] = ()
        self._boxes: list[QCheckBox] = []
        self._title = QLabel("Before the next episode")
        theme.set_role(self._title, "heading")
        self._grid = QGridLayout()
        theme.space(self._grid, spacing=4)
        self._grid.setHorizontalSpacing(theme.px(24))
        self._begin, self._end = QPushButton("Begin"), QPushButton("End the run")
        theme.set_role(self._begin, "primary")
        theme.set_icon(self._begin, "mdi6.play", "on_accent")
        self._begin.setToolTip(tooltip("Begin the episode; enabled when every point is ticked", "start"))
        self._end.setToolTip("End the run without another episode")
        points = QVBoxLayout()
        theme.space(points, spacing=4)
        points.addWidget(self._title)
        points.addLayout(self._grid)
        row = QHBoxLayout(self)
        theme.space(row, (0, 0, 0, 0), 8)
        row.addLayout(points, 1)
        row.addWidget(self._end, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self._begin, 0, Qt.AlignmentFlag.AlignBottom)
        self._begin.clicked.connect(self._begin_now)
        self._end.clicked.connect(self._end_run)
        self.hide()

    def show_checklist(self, points: tuple[str, ...]) -> None:
        """Show ``points`` with empty boxes; hide if there are none."""
        # A status arrives several times a second with the same list; new boxes each time would lose the ticks.
        if points == self._points:
            return
        self._points = points
        for box in self._boxes:
            self._grid.removeWidget(box)
            box.deleteLater()
        self._boxes = [QCheckBox(point) for point in points]
        for index, box in enumerate(self._boxes):
            box.toggled.connect(self._update_begin)
            self._grid.addWidget(box, index // _COLUMNS, index % _COLUMNS)
        # The rest of the width goes behind the last column, so that boxes stay close together.
        self._grid.setColumnStretch(_COLUMNS, 1)
        self._update_begin()
        self.setVisible(bool(points))

    @property
    def boxes(self) -> tuple[QCheckBox, ...]:
        """One for each point."""
        return tuple(self._boxes)

    @property
    def begin_button(self) -> QPushButton:
        """The button that begins the episode."""
        return self._begin

    def _begin_now(self) -> None:
        self.answered.emit(True)

    def _end_run(self) -> None:
        self.answered.emit(False)

    def _update_begin(self, _: bool = False) -> None:
        complete = bool(self._boxes) and all(box.isChecked() for box in self._boxes)
        if self._boxes:
            # The worker has the ticks before Start becomes possible, because the pipe keeps their order.
            self.ticked.emit([box.text() for box in self._boxes if box.isChecked()])
        self._begin.setEnabled(complete)
        self.changed.emit(bool(self._boxes), complete)
