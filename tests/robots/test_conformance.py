"""One test for every robot's side: a scene of ours, and the documented example around a vendor's SDK."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from mile_desktop.robots.address import CameraEndpoint
from mile_desktop.robots.client import NetworkRobot
from mile_desktop.robots.frames import FrameReceiver
from mile_desktop.robots.modes import Mode
from mile_desktop.robots.network import ZmqWire
from mile_desktop.robots.server import RobotServer
from mile_desktop.robots.simulated import SimulatedRobot
from tests.robots.served import until

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "robot_server.py"
Serve = Callable[[], Iterator[str]]


def scene() -> Iterator[str]:
    server = RobotServer(SimulatedRobot("peg-insertion", watchdog_s=0.5), port=0)
    end = threading.Event()
    thread = threading.Thread(target=server.serve, args=(end,), name="robot server")
    thread.start()
    yield f"tcp://127.0.0.1:{server.port}"
    end.set()
    thread.join()


def example() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, str(EXAMPLE), "0"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.terminate()
    assert process.wait(20) == 0
    process.stdout.close()


@pytest.fixture(params=[scene, example], ids=["scene", "example"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    yield from request.param()


def drive(robot: NetworkRobot, until_mode: Mode, steps: int = 100) -> list[float]:
    """Drive full speed along the first axis until the robot is in a mode; return what it carried out."""
    action = np.zeros(robot.describe().action_size, np.float32)
    action[0] = 1.0
    executed = []
    for _ in range(steps):
        robot.attend()
        if robot.held_by_itself:
            robot.resume()  # the machine was busier than the robot's patience
        robot.act(action)
        if robot.executed is not None:
            executed.append(float(robot.executed[0]))
        if robot.report().mode is until_mode and len(executed) > 3:
            return executed
        time.sleep(0.05)
    raise AssertionError(f"it never was {until_mode}; {robot.report()}, {robot.held_by_itself}")


def test_every_robots_side_keeps_to_the_protocol(address: str) -> None:
    robot = NetworkRobot(ZmqWire(address), time.monotonic, name="conformance")
    robot.connect(20.0)
    told = robot.describe()
    assert robot.read_state().values.shape == (len(told.measures),)
    assert robot.report().mode is Mode.DISARMED
    assert "arm it" in robot.resume()

    assert robot.arm() == ""
    assert robot.report().mode is Mode.HOLDING
    before = robot.read_state().values.copy()
    for _ in range(3):
        robot.attend()
        time.sleep(0.05)
    assert np.allclose(robot.read_state().values, before, atol=1e-3), "armed is not moving"

    assert robot.resume() == ""
    executed = drive(robot, Mode.ACTIVE)
    assert max(executed) <= told.slowest + 0.3, "slowly at first"
    assert not np.allclose(robot.read_state().values, before, atol=1e-5)

    time.sleep(told.watchdog_s + 0.3)
    until(lambda: (robot.attend(), robot.report().mode is Mode.HOLDING)[1])
    assert "held by itself" in robot.held_by_itself
    assert robot.resume() == ""
    drive(robot, Mode.ACTIVE)

    robot.stop()
    until(lambda: (robot.attend(), robot.report().mode is Mode.STOPPED)[1])
    assert robot.resume() != ""
    assert robot.leave_stop() == ""
    assert robot.report().mode is Mode.DISARMED
    robot.close()
    for camera in told.cameras:
        check_camera(CameraEndpoint(address, camera.name), (camera.height, camera.width, 3))


def check_camera(place: CameraEndpoint, shape: tuple[int, int, int]) -> None:
    frames = FrameReceiver(CameraEndpoint.of(place.url))
    first = next(frame for _ in range(100) if (frame := frames.read(0.2)) is not None)
    assert cv2.imdecode(np.frombuffer(first.jpeg, np.uint8), cv2.IMREAD_COLOR).shape == shape
    assert 0.0 <= time.monotonic() - first.taken_at < 5.0
    second = next(frame for _ in range(100) if (frame := frames.read(0.2)) is not None)
    assert second.seq > first.seq
    frames.close()
