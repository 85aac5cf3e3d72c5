"""The line at the top: scene, policy, input device, and the timing of the control loop."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from mile_desktop.operators.no_operator import NO_SUPERVISOR
from mile_desktop.operators.words.segment import WORDS
from mile_desktop.robots.remembered import RememberedRobot
from mile_desktop.rollout.messages import Status
from mile_desktop.rollout.phases import MOVING
from mile_desktop.scenes.catalogue import BrokenScene, SceneInfo
from mile_desktop.ui.shell import shortcuts
from mile_desktop.ui.shell.operator_menu import OperatorMenu
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard
from mile_desktop.ui.widgets.policy_entry import PolicyEntry

_ROBOT = "robot"
_ADD = "add"
"""Property of a menu's action: address of a robot, empty for the dialog."""
_LATE_SHARE = 0.5
"""A tick is late when it begins more than this share of a period too late."""
_SLOW_SHARE = 0.95
"""The loop is slow below this share of the requested rate."""
_FITS: tuple[tuple[int, bool, bool], ...] = (
    (280, True, True),
    (160, True, True),
    (0, True, True),
    (0, False, True),
    (0, False, False),
)
"""Forms from long to short: width of the device's text (px at 100 %), policy with its success rate, captions."""
_NAME_WIDTH = 120
_PAD, _KEYBOARD, _SCREEN, _SIMULATED, _MISSING = (
    "mdi6.controller",
    "mdi6.keyboard-outline",
    "mdi6.gesture-tap-button",
    "mdi6.account-cog-outline",
    "mdi6.controller-off",
)
_DEVICE_ICONS = {
    "gamepad": _PAD,
    "keyboard": _KEYBOARD,
    "screen": _SCREEN,
    WORDS: _KEYBOARD,
    NO_SUPERVISOR: _MISSING,
}


class Header(OverrideGuard, QFrame):
    """Shows the running session; its menus request another scene or policy by signals."""

    scenes_opening = Signal()
    """The menu of scenes is about to be shown."""
    scene_chosen = Signal(str)
    """Name of the scene."""
    scene_add_asked = Signal()
    """The person wants to add an environment as a scene."""
    robot_chosen = Signal(str)
    """Address of the robot to drive in place of a scene."""
    robots_asked = Signal()
    """Show the Robots dialog."""
    policy_chosen = Signal(str)
    """Id of the policy to run from the next episode on."""
    policies_asked = Signal()
    """Show the Policies page."""
    device_asked = Signal()
    """Show the Devices page."""
    cameras_asked = Signal()
    """Show the Cameras dialog."""
    panel_asked = Signal()
    """Show or hide the panel on the right."""
    help_asked = Signal()
    """Show the shortcuts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("header")
        self._rate_asked = 0.0
        self._scenes: tuple[SceneInfo, ...] = ()
        self._broken: tuple[BrokenScene, ...] = ()
        self._robots: tuple[RememberedRobot, ...] = ()
        self._scene_shown = self._robot_shown = ""
        self._policy_label = ""
        self._policy_name = ""
        self._device_text = ""
        self._captions = (_caption("Scene"), _caption("Policy"))
        self._scene = _menu_button(self, "Choose the scene")
        self._policy = _menu_button(self, "Choose the policy that drives")
        self.operator = OperatorMenu(self)
        self._device = _plain_button(self, "Show every axis and button on the Devices page")
        self._rate = _plain_button(self, "The loop has not run yet")
        self._cameras = _plain_button(self, shortcuts.tooltip("Cameras", "cameras"))
        self._panel = _plain_button(self, shortcuts.tooltip("Show or hide the Learn panel", "panel"))
        self._help = _plain_button(self, shortcuts.tooltip("Shortcuts", "help"))
        self._scene_group = QActionGroup(self)
        self._policy_group = QActionGroup(self)
        self._connect()
        self._lay_out()
        self.show_device("", "", connected=False)
        self.show_no_policy()

    def set_scenes(self, scenes: Sequence[SceneInfo], current: str, broken: Sequence[BrokenScene] = ()) -> None:
        """Offer ``scenes``; ``current`` is loaded. The ``broken`` ones are shown with their error."""
        self._scenes, self._scene_shown, self._broken = tuple(scenes), current, tuple(broken)
        self._fill_scenes()

    def set_robots(self, robots: Sequence[RememberedRobot], current: str) -> None:
        """Offer ``robots`` below the scenes; the one at the address ``current`` is driven."""
        self._robots, self._robot_shown = tuple(robots), current
        self._fill_scenes()

    def _fill_scenes(self) -> None:
        menu = self._scene.menu()
        menu.clear()
        for info in self._scenes:
            chosen = not self._robot_shown and info.name == self._scene_shown
            action = _choice(menu, self._scene_group, info.title, info.name, checked=chosen)
            self._explain(action, info.summary, shown=chosen)
        for scene in self._broken:
            action = menu.addAction(theme.icon("mdi6.alert-outline", "asking"), scene.name)
            action.setData(scene.name)
            action.setToolTip(scene.error)
        menu.addAction("Add a gymnasium environment…").setProperty(_ADD, True)
        menu.addSeparator()
        for robot in self._robots:
            chosen = robot.address == self._robot_shown
            action = _choice(menu, self._scene_group, robot.name, "", checked=chosen)
            action.setProperty(_ROBOT, robot.address)
            self._explain(action, f"{robot.address}\n{robot.summary}", shown=chosen)
        menu.addAction("Robots …").setProperty(_ROBOT, "")
        self._captions[0].setText("Robot" if self._robot_shown else "Scene")

    def _explain(self, action: QAction, summary: str, *, shown: bool) -> None:
        """Explain a choice in its tooltip; the present one is shown on the button, too."""
        action.setToolTip(summary)
        if shown:
            self._scene.setText(action.text())
            self._scene.setToolTip(summary)

    def set_policies(self, entries: Iterable[PolicyEntry], current: str, previous: str = "") -> None:
        """Offer the policies of the scene; ``current`` drives, ``previous`` drove before it (both ids)."""
        menu = self._policy.menu()
        menu.clear()
        by_id = {entry.policy_id: entry for entry in entries}
        if previous in by_id and previous != current:
            # The quickest way back after a new policy that turns out worse: first in the menu.
            back = menu.addAction(theme.icon("mdi6.undo-variant"), f"Back to {by_id[previous].label}")
            back.setData(previous)
            menu.addSeparator()
        for entry in by_id.values():
            _choice(menu, self._policy_group, entry.label, entry.policy_id, checked=entry.policy_id == current)
        menu.addSeparator()
        menu.addAction("All policies …").setData("")
        self._policy_label = by_id[current].label if current in by_id else "no policy"
        self._policy_name = by_id[current].name if current in by_id else "none"
        self._fit()

    def show_operator(self, name: str, remembered: Sequence[str]) -> None:
        """Show whose name is recorded with each episode, and offer the names that were used last."""
        self.operator.show_names(name, remembered)
        self._fit()

    def show_no_policy(self) -> None:
        """Show that nothing is loaded yet."""
        self._policy_label, self._policy_name = "loading …", "…"
        self._fit()

    def set_rate_asked(self, rate_hz: float) -> None:
        """Set the requested rate of the loop."""
        self._rate_asked = rate_hz

    def show_status(self, status: Status) -> None:
        """Show the newest snapshot of the worker."""
        self.show_device(status.device, status.instruction, connected=status.device_connected, kind=status.operator)
        self._show_rate(status)

    def show_device(self, device: str, instruction: str, *, connected: bool, kind: str = "") -> None:
        """Show the device that takes over, and how; without a gamepad this is the keyboard."""
        if connected and device:
            text, icon = f"{device} · {instruction}" if instruction else device, _DEVICE_ICONS.get(kind, _SIMULATED)
        elif device and kind == "gamepad":
            text, icon = f"{device} · unplugged", _MISSING
        else:
            text, icon = "Keyboard: hold Space", _KEYBOARD
        # A status comes several times a second; to set a text again would lay out the header each time.
        if text != self._device_text:
            self._device_text = text
            self._device.setToolTip(f"{text}. Click to see every axis and button.")
            self._device.setAccessibleName(text)
            theme.set_icon(self._device, icon, "asking" if icon == _MISSING else "secondary")
            self._fit()

    def minimumSizeHint(self) -> QSize:
        """Allow a window that is narrower than the longest texts, which are shortened then."""
        return QSize(theme.px(320), theme.size("header"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use shorter forms in a narrow window."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        for device_width, with_success, with_captions in _FITS:
            metrics = self._device.fontMetrics()
            shown = metrics.elidedText(self._device_text, Qt.TextElideMode.ElideMiddle, theme.px(device_width))
            self._device.setText(shown if device_width else "")
            self.operator.fit(theme.px(_NAME_WIDTH if device_width else 0))
            self._policy.setText(self._policy_label if with_success else self._policy_name)
            for caption in self._captions:
                caption.setVisible(with_captions)
            # The dialog has a key and an entry in the view's menu, and the name stands in Settings as well.
            for button in (self._cameras, self.operator):
                button.setVisible(with_captions)
            layout = self.layout()
            # The forms are tried from long to short, and the first one that fits stays.
            if layout is None or layout.minimumSize().width() <= self.width():
                return

    def _show_rate(self, status: Status) -> None:
        # Before a session is loaded no rate is known, and nothing is late.
        period_ms = 1000.0 / self._rate_asked if self._rate_asked else 0.0
        late = period_ms > 0.0 and status.lateness_p99_ms > _LATE_SHARE * period_ms
        # Between episodes the loop rests, and a low rate means nothing.
        slow = status.phase in MOVING and 0.0 < status.rate_hz < _SLOW_SHARE * self._rate_asked
        amber = late or slow
        self._rate.setText(f"{status.rate_hz:.1f} Hz" if status.rate_hz else "– Hz")
        theme.set_role(self._rate, "warning" if amber else "quiet")
        theme.set_icon(
            self._rate, *(("mdi6.timer-alert-outline", "asking") if amber else ("mdi6.timer-outline", "secondary"))
        )
        self._rate.setToolTip(
            f"Achieved control rate{f' of {self._rate_asked:g} Hz' if self._rate_asked else ''}"
            f"{' – the loop runs late' if amber else ''}\n"
            f"Lateness: 99 % of ticks within {status.lateness_p99_ms:.1f} ms, at most {status.lateness_max_ms:.1f} ms\n"
            f"Overruns since the session was loaded: {status.overruns}"
        )

    def _connect(self) -> None:
        # Another scale needs another form at the same width.
        theme.signals().changed.connect(self._fit)
        self._scene.menu().aboutToShow.connect(self.scenes_opening)
        self._scene.menu().triggered.connect(self._scene_triggered)
        self._policy.menu().triggered.connect(self._policy_triggered)
        self._device.clicked.connect(self.device_asked)
        self._cameras.clicked.connect(self.cameras_asked)
        self._panel.clicked.connect(self.panel_asked)
        self._help.clicked.connect(self.help_asked)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        theme.space(row, (16, 0, 8, 0), 4)
        # Otherwise the layout would keep the window as wide as the longest texts.
        row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        row.addWidget(self._captions[0])
        row.addWidget(self._scene)
        row.addSpacing(theme.px(16))
        row.addWidget(self._captions[1])
        row.addWidget(self._policy)
        row.addStretch(1)
        for button in (self.operator, self._device, self._rate, self._cameras, self._panel, self._help):
            row.addWidget(button)
        self._rate.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._rate.setText("– Hz")
        # It only shows something: Tab should not stop here.
        self._rate.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        theme.set_role(self._rate, "quiet")
        theme.set_icon(self._rate, "mdi6.timer-outline", "secondary")
        theme.set_icon(self._cameras, "mdi6.cctv", "secondary")
        theme.set_icon(self._panel, "mdi6.dock-right", "secondary")
        theme.set_icon(self._help, "mdi6.keyboard-settings-outline", "secondary")
        self._cameras.setAccessibleName("Cameras")
        self._panel.setAccessibleName("Learn panel")
        self._help.setAccessibleName("Shortcuts")

    def _scene_triggered(self, action: QAction) -> None:
        robot = action.property(_ROBOT)
        if action.property(_ADD):
            self.scene_add_asked.emit()
        elif robot is None:
            self.scene_chosen.emit(action.data())
        elif robot:
            self.robot_chosen.emit(robot)
        else:
            self.robots_asked.emit()

    def _policy_triggered(self, action: QAction) -> None:
        if action.data():
            self.policy_chosen.emit(action.data())
        else:
            self.policies_asked.emit()


def _menu_button(parent: QWidget, tooltip: str) -> QToolButton:
    button = QToolButton(parent)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setToolTip(tooltip)
    # The menu's tooltips, off by default, explain each choice.
    menu = QMenu(button)
    menu.setToolTipsVisible(True)
    button.setMenu(menu)
    return button


def _plain_button(parent: QWidget, tooltip: str) -> QToolButton:
    button = QToolButton(parent)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    button.setToolTip(tooltip)
    return button


def _caption(text: str) -> QLabel:
    label = QLabel(text)
    theme.set_role(label, "secondary")
    return label


def _choice(menu: QMenu, group: QActionGroup, text: str, data: str, *, checked: bool) -> QAction:
    action = menu.addAction(text)
    action.setData(data)
    action.setCheckable(True)
    action.setChecked(checked)
    group.addAction(action)
    return action
