"""Processes of the libzmq cases: ``python -m tests.robots.abort_peers ROLE PORT``; killed by the test."""

import sys
import threading
import time

from mile_desktop.robots.client import NetworkRobot
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


if __name__ == "__main__":
    {"serve": serve, "drive": drive}[sys.argv[1]](int(sys.argv[2]))
