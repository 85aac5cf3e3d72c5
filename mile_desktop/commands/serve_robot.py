"""``mile-desktop serve-robot``: a simulated scene in place of a robot, on this machine or on another."""

import argparse
import signal
import threading
from contextlib import ExitStack
from functools import partial

from mile_desktop.channels.shared import StateSlot
from mile_desktop.commands.command import Report
from mile_desktop.commands.robot_camera_process import RobotCameraProcess
from mile_desktop.commands.shift_notes import note_what_has_no_effect
from mile_desktop.priority import be_eager, control_thread_real_time
from mile_desktop.robots.description import RobotCamera
from mile_desktop.robots.driver import Measurement
from mile_desktop.robots.guard import GuardedRobotServer, write_error
from mile_desktop.robots.network import ServerSockets
from mile_desktop.robots.simulated import SimulatedRobot
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.shift import DrawnShift, Shift, read_shift
from mile_desktop.viewer.cameras_plan import CamerasPlan


def run(options: argparse.Namespace, report: Report) -> None:
    """Serve until the process is interrupted."""
    ServerSockets(options.bind, options.keys).close()  # fails here with a message, before anything is loaded
    cameras = _cameras(options)
    shift = read_shift(options.shift) if options.shift else None
    note_what_has_no_effect(shift, scene_info(options.scene), report, pictures=bool(cameras))
    robot = SimulatedRobot(options.scene, cameras=cameras, seed=options.seed, watchdog_s=options.watchdog, shift=shift)
    with ExitStack() as stack:
        slot = stack.enter_context(StateSlot.create())
        frames_port = _start_cameras(options, cameras, slot.name, stack, shift) if cameras else 0
        server = GuardedRobotServer(
            robot,
            bind=options.bind,
            port=options.port,
            keys=options.keys,
            frames_port=frames_port,
            on_measured=partial(_show, slot),
            on_start=_prefer_control,
        )
        _serve(server, robot, options, report)


def _serve(server: GuardedRobotServer, robot: SimulatedRobot, options: argparse.Namespace, report: Report) -> None:
    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Only a flag: the server ends between two messages and holds the robot before it goes.
        signal.signal(number, lambda *_: end.set())
    address = f"tcp://{options.bind}:{server.port}"

    def say() -> None:
        fields = {"address": address, "port": server.port, "scene": options.scene, "public_key": server.public_key}
        key = f"\nIts public key, for the windows: {server.public_key}" if server.public_key else ""
        # Only now: loading, and the cameras started before, keep ordinary priority.
        _prefer_control()
        report.say(fields, f"{robot.describe().name} is served at {address}; Ctrl+C ends it.{key}")

    server.serve(end, on_ready=say)


def _prefer_control() -> None:
    """Give the calling thread priority: a robot's own controller is not kept waiting by other programs either."""
    be_eager()
    control_thread_real_time()


def _show(slot: StateSlot, measured: Measurement) -> None:
    # The cameras draw from this state; the thread that drives the robot never waits for a picture.
    slot.write(measured.scene_state, 0, timestamp=measured.at)


def _cameras(options: argparse.Namespace) -> tuple[RobotCamera, ...]:
    width, height = options.camera_size
    viewpoints = scene_info(options.scene).cameras[: options.cameras]
    return tuple(
        RobotCamera(name=each.name, title=each.title, width=width, height=height, rate_hz=options.camera_rate)
        for each in viewpoints
    )


def _start_cameras(
    options: argparse.Namespace, cameras: tuple[RobotCamera, ...], slot: str, stack: ExitStack, shift: Shift | None
) -> int:
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
        # Drawn once: a camera does not move between two episodes.
        turned=shift.draw(options.seed) if shift else DrawnShift(),
    )
    return stack.enter_context(RobotCameraProcess(plan, write_error)).port
