"""The two processes of a robot's side, killed and frozen while the robot moves: the robot holds, and this is said."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mile_desktop.robots.client import NetworkRobot
from mile_desktop.robots.driver import RobotError
from mile_desktop.robots.guard import GuardedRobotServer
from mile_desktop.robots.modes import Mode
from mile_desktop.robots.network import ZmqWire
from tests.robots.robot_process import children_of
from tests.robots.served import PATIENT, until
from tests.robots.toy import ToyRobot, vector

HELD_WITHIN_S = 0.5


class Guarded:
    """A toy robot owned by this process, its network in a child, and a window that drives it."""

    def __init__(self) -> None:
        self.toy = ToyRobot(time.monotonic, PATIENT)
        self.said: list[str] = []
        self.held_at: list[float] = []
        hold = self.toy.hold

        def noted() -> None:
            self.held_at.append(time.monotonic())
            hold()

        self.toy.hold = noted  # type: ignore[method-assign]
        self.server = GuardedRobotServer(self.toy, port=0, on_problem=self.said.append)
        self.end = threading.Event()
        self.errors: list[RobotError] = []
        self.thread = threading.Thread(target=self._serve, name="guarded robot")
        self.thread.start()
        self.robot = NetworkRobot(ZmqWire(f"tcp://127.0.0.1:{self.server.port}"), time.monotonic, name="window")
        self.robot.connect(20.0)

    def _serve(self) -> None:
        try:
            self.server.serve(self.end)
        except RobotError as error:
            self.errors.append(error)

    @property
    def control_pid(self) -> int:
        """Process id; 0 while a new one is being started."""
        return self.server._process.pid or 0

    def kill_control(self) -> None:
        """Kill it, and wait until another one takes its place or none will."""
        boot = self.robot._link._boot
        os.kill(self.control_pid, signal.SIGKILL)
        until(lambda: (self.turn(), self.errors or self.robot._link._boot != boot)[1])

    def drive(self) -> None:
        assert self.robot.arm() == ""
        assert self.robot.resume() == ""
        acted = len(self.toy.acted)
        until(lambda: (self.turn(), len(self.toy.acted) > acted + 3)[1])

    def turn(self) -> None:
        self.robot.attend()
        self.robot.act(vector(1.0, 0.0))
        time.sleep(0.01)

    def close(self) -> None:
        self.robot.close()
        self.end.set()
        self.thread.join()


@pytest.fixture
def guarded() -> Iterator[Guarded]:
    made = Guarded()
    yield made
    made.close()
    assert made.toy.told[-1] == "close"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV], ids=lambda each: each.name)
def test_a_control_process_that_dies_while_the_robot_moves_is_followed_by_a_hold(
    guarded: Guarded, number: signal.Signals
) -> None:
    guarded.drive()
    guarded.held_at.clear()
    old, killed_at = guarded.control_pid, time.monotonic()
    os.kill(old, number)
    until(lambda: guarded.held_at)
    assert guarded.held_at[0] - killed_at < HELD_WITHIN_S
    acted = len(guarded.toy.acted)

    until(lambda: (guarded.turn(), "arm it again" in guarded.robot.obstacle)[1])
    assert len(guarded.toy.acted) == acted, "nothing moves before a person arms it again"
    assert guarded.said[0].startswith(f"The robot's control process was killed by {number.name}. The robot was held")
    assert guarded.robot.obstacle == (
        f"{guarded.said[0]} Check the robot, then arm it again. The robot is not armed; arm it first."
    )
    assert guarded.control_pid != old
    guarded.drive()


def test_a_control_process_that_freezes_while_the_robot_moves_is_held_and_its_late_actions_are_refused(
    guarded: Guarded,
) -> None:
    guarded.drive()
    guarded.held_at.clear()
    frozen_at = time.monotonic()
    os.kill(guarded.control_pid, signal.SIGSTOP)
    until(lambda: guarded.held_at)
    assert guarded.held_at[0] - frozen_at < PATIENT.watchdog_s + HELD_WITHIN_S
    acted = len(guarded.toy.acted)
    os.kill(guarded.control_pid, signal.SIGCONT)
    until(lambda: (guarded.turn(), guarded.robot.held_by_itself)[1])
    assert len(guarded.toy.acted) == acted
    assert "The robot's side was frozen for" in guarded.said[0]
    until(lambda: (guarded.turn(), guarded.robot.report().up)[1])
    assert guarded.robot.resume() == ""
    until(lambda: (guarded.turn(), len(guarded.toy.acted) > acted)[1])


def test_a_control_process_that_dies_again_and_again_is_given_up_with_a_sentence(guarded: Guarded) -> None:
    for _ in range(4):
        guarded.kill_control()
    assert len(guarded.said) == 4
    assert "4 times within a minute and is not started again" in str(guarded.errors[0])


def test_a_control_process_that_dies_while_it_starts_is_started_again(guarded: Guarded) -> None:
    old = guarded.control_pid
    os.kill(old, signal.SIGKILL)
    until(lambda: guarded.control_pid not in {0, old})
    guarded.kill_control()
    assert not guarded.errors
    assert [each.count("SIGKILL") for each in guarded.said] == [1, 1]


def test_a_driver_that_cannot_hold_is_stopped_and_one_that_cannot_stop_is_said(guarded: Guarded) -> None:
    guarded.drive()

    def broken() -> None:
        raise RuntimeError("no bus")

    hold, guarded.toy.hold = guarded.toy.hold, broken  # type: ignore[method-assign]
    guarded.kill_control()
    assert guarded.toy.told[-1] == "stop"
    assert "It could not be held (no bus) and was stopped." in guarded.said[0]
    stop, guarded.toy.stop = guarded.toy.stop, broken  # type: ignore[method-assign]
    guarded.kill_control()
    assert "could neither be held (no bus) nor stopped (no bus); use its own emergency stop" in guarded.said[1]
    guarded.toy.hold, guarded.toy.stop = hold, stop  # type: ignore[method-assign]


def test_sockets_that_cannot_be_opened_are_said_and_no_process_is_left(guarded: Guarded) -> None:
    before = children_of(os.getpid())
    with pytest.raises(RobotError, match="cannot be served at"):
        GuardedRobotServer(ToyRobot(time.monotonic), port=guarded.server.port)
    assert children_of(os.getpid()) == before


def test_a_driver_that_cannot_connect_raises_in_the_serving_process() -> None:
    toy = ToyRobot(time.monotonic)

    def unplugged() -> None:
        raise RobotError("The arm is not plugged in.")

    toy.connect = unplugged  # type: ignore[method-assign]
    with pytest.raises(RobotError, match="not plugged in"):
        GuardedRobotServer(toy, port=0).serve(threading.Event())


@pytest.mark.parametrize(("rescue", "told"), [("rescue", "The robot was held"), ("none", "use its own emergency stop")])
def test_the_death_of_the_drivers_process_is_said_and_a_second_driver_holds(
    tmp_path: Path, rescue: str, told: str
) -> None:
    log = tmp_path / "robot.log"
    words = [sys.executable, "-m", "tests.robots.guard_peer", str(log), rescue]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    robot = NetworkRobot(ZmqWire(f"tcp://127.0.0.1:{process.stdout.readline().strip()}"), time.monotonic, name="window")
    robot.connect(20.0)
    assert robot.arm() == ""
    assert robot.resume() == ""

    def turn(condition: Callable[[], object]) -> Callable[[], object]:
        def once() -> object:
            robot.attend()
            robot.act(vector(1.0, 0.0))
            return condition()

        return once

    until(turn(lambda: log.read_text().count("act") > 3))
    control = children_of(process.pid)
    process.kill()
    killed_at = time.monotonic()
    process.wait()
    process.stdout.close()
    until(turn(lambda: told in robot.obstacle))
    assert "The process of the robot's driver died." in robot.obstacle
    if rescue == "rescue":
        owner, moment, what = log.read_text().splitlines()[-1].split()
        assert (int(owner), what) == (next(iter(control)), "hold")
        assert float(moment) - killed_at < HELD_WITHIN_S
    until(turn(lambda: not robot.report().up))
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in control))
    robot.close()
    assert robot.report().mode is Mode.DISARMED
