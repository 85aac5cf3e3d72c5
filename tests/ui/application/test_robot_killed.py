"""Each process of a driven robot, killed and frozen while it moves: the robot holds, and the window says so in time."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import pytest

from mile_desktop.robots.client import NetworkRobot
from mile_desktop.robots.modes import Mode
from mile_desktop.robots.network import ZmqWire
from mile_desktop.robots.protocol import Role
from mile_desktop.robots.remembered import RememberedRobot
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from tests.robots.robot_process import RobotProcess, children_of
from tests.ui.application.conftest import OpenWindow
from tests.ui.application.live_window import LiveWindow, plan

WATCHDOG_S = 1.0
BUSY_S = 1.5
"""Additional time, because other tests may keep the processors busy."""
AT_LAST_S = 60.0


class Driven:
    """A window that drives a robot's side in other processes, and a second client that watches the robot."""

    def __init__(self, live: LiveWindow) -> None:
        self.live = live
        self.robot = RobotProcess(cameras=1, watchdog_s=WATCHDOG_S)
        self.status: m.RobotStatus | None = None
        live.application.worker.robot_status_changed.connect(self._see)
        live.parts.robots.store.remember(
            RememberedRobot(name="Bench arm", address=self.robot.address, task="peg-insertion")
        )
        live.window.header.robot_chosen.emit(self.robot.address)
        live.until(lambda: self.status and self.status.up and live.application.worker.session)
        live.until(lambda: any(not client.stale for client in live.parts.cameras.live))
        self.watcher = NetworkRobot(ZmqWire(self.robot.address), time.monotonic, name="watcher", role=Role.WATCH)
        self.watcher.connect(20.0)
        self._pressed_at = 0.0

    def _see(self, status: m.RobotStatus) -> None:
        self.status = status

    def close(self) -> None:
        self.watcher.close()
        self.robot.end()

    @property
    def processes(self) -> dict[str, int]:
        """Role → process id: of the window's children and of the robot's side."""
        live, found = self.live, {"driver": self.robot.pid}
        for pid in children_of(self.robot.pid):
            # the control process alone has the sockets: it listens at the port
            listens = [each.laddr.port for each in psutil.Process(pid).net_connections() if each.status == "LISTEN"]
            found["control" if self.robot.port in listens else "robot cameras"] = pid
        camera = next(iter(live.parts.cameras.live))
        found |= {"worker": live.application.worker.pid, "viewer": live.application.viewer.pid, "capture": camera.pid}
        return found

    def drive(self) -> None:
        """Do what a person does until the robot moves: reset, arm, tick the checklist, begin, resume."""
        self.live.forget()
        self.live.until(lambda: self.press() and len(self.live.steps) > 3, within_s=AT_LAST_S)

    def press(self) -> bool:
        """Press the next button, at most twice a second; return whether the robot moves."""
        self.watch()
        worker, status, robot = self.live.application.worker, self.live.status, self.status
        if self.live.phase is Phase.AUTONOMOUS and self.watcher.report().mode is Mode.ACTIVE:
            return True
        if time.monotonic() - self._pressed_at < 0.5 or status is None or robot is None or not worker.alive:
            return False
        self._pressed_at = time.monotonic()
        if robot.mode == "disarmed" and not robot.armed:
            worker.send(m.ArmRobot())
        match status.phase:
            case Phase.STOPPED:
                worker.send(m.RequestReset())
            case Phase.IDLE:
                worker.send(m.StartEpisodes())
            case Phase.HOLD:
                worker.send(m.ToggleHold())
            case Phase.RESETTING if robot.checklist:
                worker.send(m.TickChecklist(number=robot.checklist_number, points=robot.checklist))
                worker.send(m.ConfirmReset())
        return False

    def watch(self) -> Mode | None:
        """Return what the robot's side says itself; None while it says nothing."""
        self.watcher.attend(wait=False)
        report = self.watcher.report()
        return report.mode if report.up else None


@pytest.fixture(scope="module")
def driven(open_window: OpenWindow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driven]:
    folder = tmp_path_factory.mktemp("robot-killed")
    live = open_window(folder, plan(folder / "workspace", policy="", speed=1.0))
    live.until_loaded()
    made = Driven(live)
    yield made
    made.close()


@dataclass(frozen=True)
class Case:
    """One process, what is done to it, and what has to be said within ``said_s``."""

    process: str
    number: signal.Signals
    said: tuple[str, ...]
    said_s: float = 1.0
    moves_on: bool = False
    """The robot may go on: the process only draws or films."""


def reported(live: LiveWindow, parts: tuple[str, ...]) -> bool:
    """Whether one message, or the reason beside the phase, contains all ``parts``."""
    texts = [entry.text for entry in live.messages] + ([live.status.reason] if live.status else [])
    return any(all(part in text for part in parts) for text in texts)


CASES = (
    Case("viewer", signal.SIGKILL, ("The viewer was killed by SIGKILL.",), moves_on=True),
    Case("capture", signal.SIGKILL, ("killed by SIGKILL",), moves_on=True),
    Case("viewer", signal.SIGSTOP, ("The viewer has not answered", "restarted"), 4.0, moves_on=True),
    Case("capture", signal.SIGSTOP, ("has not answered",), 4.0, moves_on=True),
    Case("control", signal.SIGSTOP, ("is lost (no message for", "the robot holds"), WATCHDOG_S),
    Case("control", signal.SIGKILL, ("The robot's control process was killed by SIGKILL. The robot was held",), 10.0),
    Case("worker", signal.SIGSTOP, ("The rollout worker has not answered", "may be frozen")),
    Case("worker", signal.SIGKILL, ("The rollout worker was killed by SIGKILL.",)),
    Case("driver", signal.SIGSTOP, ("is lost (no message for", "the robot holds"), WATCHDOG_S),
    Case("driver", signal.SIGKILL, ("The process of the robot's driver died.",)),
)


def test_the_process_of_the_robots_cameras_is_started_again_and_the_robot_goes_on(driven: Driven) -> None:
    live = driven.live
    driven.drive()
    camera = next(iter(live.parts.cameras.live))
    live.until(lambda: (driven.watch(), not camera.stale)[1])
    steps = len(live.steps)
    killed = driven.processes["robot cameras"]
    os.kill(killed, signal.SIGKILL)
    # By its number, and not by a picture that is too old: on a quiet machine the new process sends one before that.
    live.until(lambda: (driven.watch(), driven.processes.get("robot cameras", killed) != killed)[1])
    live.until(lambda: (driven.press(), len(live.steps) > steps + 5)[1])
    live.until(lambda: (driven.press(), not camera.stale)[1])


@pytest.mark.timeout(180)
@pytest.mark.parametrize("case", CASES, ids=lambda each: f"{each.process}-{each.number.name}")
def test_a_process_that_is_killed_or_frozen_while_the_robot_drives_is_said_in_time(driven: Driven, case: Case) -> None:
    live = driven.live
    driven.drive()
    live.until(lambda: (driven.press(), live.application.viewer._is_ready)[1])  # a viewer that loads may be silent
    driven.drive()
    pid, steps = driven.processes[case.process], len(live.steps)
    phases: set[Phase] = set()
    live.application.worker.status_changed.connect(lambda status: phases.add(status.phase))
    os.kill(pid, case.number)
    took_s = live.until(lambda: (driven.watch(), reported(live, case.said))[1], within_s=AT_LAST_S)
    assert took_s < case.said_s + BUSY_S
    if case.moves_on:
        live.until(lambda: len(live.steps) > steps + 5 or live.closed)
        assert Phase.HOLD not in phases, "the robot needs this process for nothing"
        return
    live.until(lambda: driven.watch() is not Mode.ACTIVE)
    if case.number is signal.SIGSTOP:
        os.kill(pid, signal.SIGCONT)
        # The first report may have been begun before the freeze: it says what was true then.
        live.until(lambda: driven.watch() not in {None, Mode.ACTIVE})
        modes: set[Mode | None] = set()
        end = time.monotonic() + WATCHDOG_S
        live.until(lambda: (modes.add(driven.watch()), time.monotonic() > end)[1])
        assert Mode.ACTIVE not in modes, "nothing moves before a person resumes"
    elif case.process == "worker":
        live.choose("Restart")
        live.until(lambda: live.said("was recovered"))
        live.until_loaded()
