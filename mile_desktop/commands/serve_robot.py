"""``mile-desktop serve-robot``: one of our scenes in place of a robot, in another process or on another machine."""

import argparse
import signal
import threading
from pathlib import Path

from mile_desktop.commands.command import Command, Report, add_scene_argument
from mile_desktop.robots.serving import DEFAULT_PORT, RobotServer
from mile_desktop.robots.simulated import SimulatedRobot


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_scene_argument(parser)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, metavar="N", help="0: any free one (%(default)s)")
    parser.add_argument("--bind", default="127.0.0.1", metavar="HOST", help="address to serve at (%(default)s)")
    parser.add_argument("--keys", type=Path, metavar="DIR", help="the robot's keys, as `robot-keys DIR` makes them")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="of the first start (%(default)s)")


def _run(options: argparse.Namespace, report: Report) -> None:
    robot = SimulatedRobot(options.scene, seed=options.seed)
    server = RobotServer(robot, bind=options.bind, port=options.port, keys=options.keys)
    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end.set())
    address = f"tcp://{options.bind}:{server.port}"

    def say() -> None:
        fields = {"address": address, "port": server.port, "scene": options.scene, "public_key": server.public_key}
        key = f"\npublic key: {server.public_key}" if server.public_key else ""
        report.say(fields, f"{robot.describe().name} is served at {address}; Ctrl+C ends it.{key}")

    server.serve(end, on_ready=say)


SERVE_ROBOT = Command("serve-robot", "serve a scene as a stand-in for a robot", _add_arguments, _run)
