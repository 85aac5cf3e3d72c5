"""``mile-desktop serve-robot``: one of our scenes in place of a robot, in another process or on another machine."""

import argparse
import multiprocessing
import signal
import threading
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from mile_desktop.channels.shared import StateSlot
from mile_desktop.commands.command import Command, CommandError, Report, add_scene_argument
from mile_desktop.processes import robot_cameras
from mile_desktop.robots.description import RobotCamera
from mile_desktop.robots.driver import Measurement
from mile_desktop.robots.network import ServerSockets
from mile_desktop.robots.server import DEFAULT_PORT, RobotServer
from mile_desktop.robots.simulated import SimulatedRobot
from mile_desktop.rollout.priority import be_eager, enter_real_time
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.viewer.cameras_plan import CamerasPlan

_CAMERAS_READY_S = 30.0
_ENDS_S = 3.0
_LARGEST_PORT = 65535


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_scene_argument(parser)
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, metavar="N", help="0: any free one (%(default)s)")
    parser.add_argument("--bind", default="127.0.0.1", metavar="HOST", help="address to serve at (%(default)s)")
    parser.add_argument("--keys", type=Path, metavar="DIR", help="the robot's keys, as `robot-keys DIR` makes them")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="of the first start (%(default)s)")
    parser.add_argument("--watchdog", type=_seconds, default=0.25, metavar="S", help="hold after silence (%(default)s)")
    parser.add_argument("--cameras", type=int, default=2, metavar="N", help="of the scene's; 0: none (%(default)s)")
    parser.add_argument("--camera-rate", type=float, default=15.0, metavar="HZ", help="pictures a second (%(default)s)")
    parser.add_argument("--camera-size", type=_size, default=(640, 480), metavar="WxH", help="in pixels (640x480)")


def _port(text: str) -> int:
    """Read a port whose next one is left for the pictures, for argparse."""
    if not (text.isdigit() and int(text) < _LARGEST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is no port; choose 0 to {_LARGEST_PORT - 1}")
    return int(text)


def _seconds(text: str) -> float:
    """Read a watchdog's time, for argparse."""
    seconds = float(text)
    if not 0.1 <= seconds <= 5.0:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.1 and 5 s")
    return seconds


def _size(text: str) -> tuple[int, int]:
    """Read ``640x480``, for argparse."""
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and 16 <= int(width) <= 3840 and 16 <= int(height) <= 2160):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write e.g. 640x480")
    return int(width), int(height)


def _run(options: argparse.Namespace, report: Report) -> None:
    if not 0.5 <= options.camera_rate <= 60.0:
        raise CommandError(f"A camera rate of {options.camera_rate:g} Hz is not possible; choose 0.5 to 60.")
    ServerSockets(options.bind, options.keys).close()  # says what is wrong before anything is started
    cameras = _cameras(options)
    robot = SimulatedRobot(options.scene, cameras=cameras, seed=options.seed, watchdog_s=options.watchdog)
    with ExitStack() as stack:
        slot = stack.enter_context(StateSlot.create())
        frames_port = _start_cameras(options, cameras, slot.name, stack) if cameras else 0
        server = RobotServer(
            robot,
            bind=options.bind,
            port=options.port,
            keys=options.keys,
            frames_port=frames_port,
            on_measured=partial(_show, slot),
        )
        _serve(server, robot, options, report)


def _serve(server: RobotServer, robot: SimulatedRobot, options: argparse.Namespace, report: Report) -> None:
    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end.set())
    address = f"tcp://{options.bind}:{server.port}"

    def say() -> None:
        fields = {"address": address, "port": server.port, "scene": options.scene, "public_key": server.public_key}
        key = f"\nIts public key, for the windows: {server.public_key}" if server.public_key else ""
        be_eager()
        enter_real_time()  # a robot's own controller is not kept waiting by other programs either
        report.say(fields, f"{robot.describe().name} is served at {address}; Ctrl+C ends it.{key}")

    server.serve(end, on_ready=say)


def _show(slot: StateSlot, measured: Measurement) -> None:
    slot.write(measured.scene_state, 0, timestamp=measured.at)


def _cameras(options: argparse.Namespace) -> tuple[RobotCamera, ...]:
    width, height = options.camera_size
    viewpoints = scene_info(options.scene).cameras[: max(0, options.cameras)]
    return tuple(
        RobotCamera(name=each.name, title=each.title, width=width, height=height, rate_hz=options.camera_rate)
        for each in viewpoints
    )


def _start_cameras(options: argparse.Namespace, cameras: tuple[RobotCamera, ...], slot: str, stack: ExitStack) -> int:
    """Start the process that draws and sends; return the port of its frames."""
    plan = CamerasPlan(
        scene=options.scene,
        cameras=tuple(camera.name for camera in cameras),
        size=options.camera_size,
        rate_hz=options.camera_rate,
        state_slot=slot,
        bind=options.bind,
        port=options.port + 1 if options.port else 0,
        keys=options.keys,
    )
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=robot_cameras, args=(theirs, plan), name="robot cameras", daemon=True)
    process.start()
    theirs.close()
    stack.callback(process.join, _ENDS_S)
    stack.callback(ours.close)
    try:
        if ours.poll(_CAMERAS_READY_S):
            return int(ours.recv_bytes())
    except EOFError:
        raise CommandError("The cameras could not be started; --cameras 0 serves the robot without them.") from None
    raise CommandError(f"The cameras were not ready within {_CAMERAS_READY_S:.0f} s; serve with --cameras 0.")


SERVE_ROBOT = Command("serve-robot", "serve a scene as a stand-in for a robot", _add_arguments, _run)
