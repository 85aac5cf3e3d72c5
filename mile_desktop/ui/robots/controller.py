"""Connects the remembered robots, their dialog, their bar and the menu of scenes."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from mile_desktop.robots.address import CameraEndpoint
from mile_desktop.robots.driver import RobotError
from mile_desktop.robots.modes import NOT_ARMED
from mile_desktop.rollout import messages as m
from mile_desktop.ui.application import Application
from mile_desktop.ui.robots.robot_bar import RobotBar
from mile_desktop.ui.robots.robot_store import FILE_NAME, RobotStore
from mile_desktop.ui.shell.alarm_bar import Alarm

if TYPE_CHECKING:
    from mile_desktop.ui.robots.dialog import RobotsDialog

_ALARM = "robot"


class RobotsController(QObject):
    """Offers robots besides scenes and shows the state of the one that is driven.

    The robot itself belongs to the rollout worker. Other pages learn from the signals what the robot brings along.
    Everything runs on the window's thread.
    """

    cameras_connected = Signal(object, bool)
    """Addresses of the robot's cameras by name, and whether the robot must hold while one of them is stale."""
    cameras_disconnected = Signal()
    """A scene is loaded in place of the robot."""
    scene_drawn_changed = Signal(bool)
    """Whether there is a picture of a scene; a robot without a model has only its cameras."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._application = application
        self._status: m.RobotStatus | None = None
        self._shown_problem = ""
        self._dialog: RobotsDialog | None = None
        self.store = RobotStore(application.preferences.path.with_name(FILE_NAME), self)
        self.bar = RobotBar()
        self._connect()
        self._offer()
        if self.store.problem:
            application.window.say("warning", self.store.problem)

    @property
    def dialog(self) -> "RobotsDialog":
        """The dialog, made when it is first asked for."""
        if self._dialog is None:
            from mile_desktop.ui.robots.dialog import RobotsDialog  # noqa: PLC0415 - brings ZeroMQ, which few need

            self._dialog = RobotsDialog(self.store, self._application.window)
            self._dialog.use_requested.connect(self.drive)
            self._dialog.escape_pressed.connect(self._escape)
        return self._dialog

    def _escape(self) -> None:
        # The dialog is on top, so the first Esc closes it; while an episode runs, it stops the robot as well.
        self._application.stop_episode()
        self.dialog.hide()

    def open_dialog(self) -> None:
        """Show the dialog, ready for a new robot."""
        self.dialog.open_for_new()

    def drive(self, address: str) -> None:
        """Drive the remembered robot at ``address``; it is disarmed until a person arms it."""
        robot = self.store.robot(address)
        if robot is not None:
            self._application.load_robot(robot)

    def _connect(self) -> None:
        application, header = self._application, self._application.window.header
        header.robot_chosen.connect(self.drive)
        header.robots_asked.connect(self.open_dialog)
        application.window.install_actions({"arm": self.bar.arm, "disarm": self.bar.disarm, "robots": self.open_dialog})
        application.window.closing.connect(self._close)
        application.worker.robot_status_changed.connect(self._show_status)
        application.worker.session_loaded.connect(self._session_loaded)
        application.worker.fault.connect(self._forget_status)
        application.worker.died.connect(self._forget_status)
        application.robot_changed.connect(self._robot_changed)
        # Straight to the worker: nothing in between may delay a Disarm.
        self.bar.commanded.connect(application.worker.send)
        self.store.changed.connect(self._offer)
        self.store.problem_occurred.connect(self._warn)

    def _offer(self, _: object = None) -> None:
        driven = self._application.robot
        self._application.window.header.set_robots(self.store.robots, driven.address if driven else "")

    def _robot_changed(self) -> None:
        self._offer()
        self._forget_status()
        if self._application.robot is None:
            self.cameras_disconnected.emit()
            self.scene_drawn_changed.emit(True)

    def _session_loaded(self, session: m.SessionLoaded) -> None:
        if not session.robot:
            self._forget_status()
            return
        self.scene_drawn_changed.emit(bool(session.robot_scene))
        self.cameras_connected.emit(_named(session.robot_cameras), not session.robot_scene)

    def _show_status(self, status: m.RobotStatus) -> None:
        before, self._status = self._status, status
        self.bar.show_status(status)
        self._show_stop_problem(status.stop_problem)
        # The first status is no change that a person needs to hear of.
        if before is None:
            return
        if before.up and not status.up:
            self._application.window.say("error", status.problem)
        elif status.up and not before.up:
            how = "Resume when it is safe to go on." if status.armed else f"It is disarmed. {status.obstacle}"
            self._application.window.say("info", f"{status.name} answers again. {how}")
        elif before.armed and not status.armed and status.obstacle not in {"", NOT_ARMED}:
            # not by a person here: the robot's side has a reason of its own, for example that a process of it died
            self._application.window.say("warning", f"{status.name} is disarmed. {status.obstacle}")
        elif before.may_drive and not status.may_drive:
            self._application.window.say("warning", f"{status.driver or 'Another window'} drives {status.name} now.")

    def _show_stop_problem(self, problem: str) -> None:
        alarms = self._application.window.alarms
        if not problem:
            alarms.clear(_ALARM)
        elif self._shown_problem != problem:
            alarms.raise_alarm(_ALARM, Alarm("Stop did not reach the robot", problem))
        self._shown_problem = problem

    def _forget_status(self, _: object = None) -> None:
        self._status = None
        self._show_stop_problem("")
        # A bar with old values would look like a robot that is well.
        self.bar.forget()

    def _warn(self, text: str) -> None:
        self._application.window.say("warning", text)

    def _close(self) -> None:
        if self._dialog is not None:
            self._dialog.close()
            # A thread that still emits while the window is deleted would end the program with a crash.
            self._dialog.probe.close()


def _named(addresses: tuple[str, ...]) -> dict[str, str]:
    """Return name → address of a robot's cameras; a stand-in's scene may have viewpoints of the same names."""
    found = {}
    for address in addresses:
        try:
            found[f"Robot {CameraEndpoint.of(address).camera}"] = address
        except RobotError:
            continue  # a name that cannot be written in an address: there is no way to ask for it
    return found
