"""The real rollout worker with timing: main functions for its process, instead of the worker's own."""

import threading
import time
from array import array
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

import numpy as np

from tests.virtual_pad import VirtualPad, sdl_library


def worker_with_tick_log(connection: Connection, state_slot_name: str, *, log: Path) -> None:
    """Run the worker; write one row for each tick to ``log``: when it began (s), lateness (s), how long it worked (s).

    The session keeps its own rhythm; only ``wait`` is timed from outside.
    """
    from mile_desktop.rollout import cadence, session  # noqa: PLC0415 - the process that spawns this needs neither
    from mile_desktop.rollout.worker import run_worker  # noqa: PLC0415

    rows = array("d")

    class TimedCadence(cadence.Cadence):
        def wait(self) -> float:
            done = time.monotonic()
            if rows:
                rows[-1] = done - rows[-3]
            lateness = super().wait()
            rows.extend((time.monotonic(), lateness, 0.0))
            return lateness

    with mock.patch.object(session, "Cadence", TimedCadence):
        try:
            run_worker(connection, state_slot_name)
        finally:
            np.save(log, np.frombuffer(rows).reshape(-1, 3))


def worker_of_a_robot(connection: Connection, state_slot_name: str, *, pad: Connection, log: Path) -> None:
    """Run the worker with a virtual pad; log every tick to ``ticks.npy`` and every act of a robot to ``acts.npy``.

    A row of ``acts.npy``: when the action was sent, when ``act`` returned (s), and whether the robot had
    confirmed it by then.
    """
    from mile_desktop.robots.client import NetworkRobot  # noqa: PLC0415

    rows = array("d")
    act = NetworkRobot.act

    def timed(robot: NetworkRobot, action: np.ndarray) -> None:
        began = time.monotonic()
        act(robot, action)
        rows.extend((began, time.monotonic(), robot.executed is not None))

    sdl_library()
    threading.Thread(target=_press, args=(pad,), name="virtual pad", daemon=True).start()
    with mock.patch.object(NetworkRobot, "act", timed):
        try:
            worker_with_tick_log(connection, state_slot_name, log=log / "ticks.npy")
        finally:
            np.save(log / "acts.npy", np.frombuffer(rows).reshape(-1, 3))


def worker_with_timed_pad(connection: Connection, state_slot_name: str, *, pad: Connection) -> None:
    """Run the worker with a virtual SDL pad that ``pad`` presses: ``control|hold`` or ``control|release``.

    The answer to each is the time (``time.monotonic``) just before the SDL event.
    """
    from mile_desktop.rollout.worker import run_worker  # noqa: PLC0415

    sdl_library()  # on the main thread: two threads must not start SDL at once
    threading.Thread(target=_press, args=(pad,), name="virtual pad", daemon=True).start()
    run_worker(connection, state_slot_name)


def _press(connection: Connection) -> None:
    with VirtualPad("Benchmark Pad") as pad:
        while True:
            try:
                control, what = connection.recv_bytes().decode().split("|")
            except (EOFError, OSError):
                return
            now = time.monotonic()
            if what == "hold":
                pad.hold(control)
            else:
                pad.release(control)
            connection.send_bytes(str(now).encode())
