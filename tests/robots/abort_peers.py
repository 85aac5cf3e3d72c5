"""Processes of the libzmq cases: ``python -m tests.robots.abort_peers ROLE PORT [BUSY_S]``; killed by the test."""

import sys
import threading
import time

import msgspec

from mile_desktop.robots.address import CameraEndpoint
from mile_desktop.robots.client import NetworkRobot
from mile_desktop.robots.description import RobotCamera
from mile_desktop.robots.driver import RobotError
from mile_desktop.robots.frames import FrameReceiver
from mile_desktop.robots.network import ZmqWire
from mile_desktop.robots.server import RobotServer
from tests.robots.served import PATIENT
from tests.robots.toy import ToyRobot, vector


def serve(port: int) -> None:
    """Serve the toy and say its port."""
    server = RobotServer(ToyRobot(time.monotonic, PATIENT), port=port)
    print(server.port, flush=True)  # noqa: T201 - the test reads it
    server.serve(threading.Event())


def drive(port: int) -> None:
    """Move the robot at 50 Hz and say when it moves."""
    robot = NetworkRobot(ZmqWire(f"tcp://127.0.0.1:{port}"), time.monotonic, name="window that dies")
    robot.connect(20.0)
    robot.arm()
    robot.resume()
    print("drives", flush=True)  # noqa: T201
    while True:
        robot.attend()
        robot.act(vector(1.0, 0.0))
        time.sleep(0.02)


def film(port: int) -> None:
    """Serve the toy with a camera that sends 50 frames a second, and say its port."""
    description = msgspec.structs.replace(
        PATIENT, cameras=(RobotCamera(name="front", width=32, height=24, rate_hz=50.0),)
    )
    server = RobotServer(ToyRobot(time.monotonic, description), port=port)

    def send() -> None:
        while True:
            server.send_frame("front", b"x" * 50_000)
            time.sleep(0.02)

    threading.Thread(target=send, daemon=True).start()
    print(server.port, flush=True)  # noqa: T201
    server.serve(threading.Event())


def watch(port: int, busy_s: float) -> None:
    """Read frames as a camera process does that takes ``busy_s`` for each, and say each, or that the link is lost."""
    receiver = FrameReceiver(CameraEndpoint(f"tcp://127.0.0.1:{port}", "front"))
    try:
        while True:
            if receiver.read(0.5) is not None:
                print("frame", flush=True)  # noqa: T201
            time.sleep(busy_s)
    except RobotError as error:
        print(error, flush=True)  # noqa: T201
    receiver.close()


if __name__ == "__main__":
    role, port, *more = sys.argv[1:]
    {"serve": serve, "drive": drive, "film": film, "watch": watch}[role](int(port), *map(float, more))
