"""The process that draws a simulated robot's cameras, as the robot's side starts, watches and ends it."""

import dataclasses
import multiprocessing
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Self

from mile_desktop.channels.watched_thread import WatchedThread
from mile_desktop.errors import UserError
from mile_desktop.processes import robot_cameras
from mile_desktop.robots.guard import how_ended
from mile_desktop.viewer.cameras_plan import CamerasPlan

_READY_S = 30.0
_ENDS_S = 3.0
_RESTARTS = 3
"""One that dies more often than this within ``_RESTARTS_WITHIN_S`` is not started again."""
_RESTARTS_WITHIN_S = 60.0


class RobotCamerasError(UserError):
    """The cameras could not be started; says what to do."""


class RobotCameraProcess:
    """Runs the process, and starts it again at the same port when it dies; a context that ends it.

    The robot goes on meanwhile: windows show its last picture as stale, and hold it only where a camera is needed.

    Parameters
    ----------
    plan
        What to draw and where to send it.
    on_problem
        Called with a sentence when the process has died; on the watching thread.

    Raises
    ------
    RobotCamerasError
        It did not start.
    """

    def __init__(self, plan: CamerasPlan, on_problem: Callable[[str], None]) -> None:
        self._plan = plan
        self._on_problem = on_problem
        self._ending = threading.Event()
        self._process, self._connection, self.port = _started(plan)
        # A restart must use the same port: windows have been told this one, and connect again by themselves.
        self._plan = dataclasses.replace(plan, port=self.port)
        self._watch = WatchedThread(self._watch_process, "robot cameras watch", on_failure=self._say_unwatched)
        self._watch.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the process."""
        # Before the pipe is closed: the process ends with the pipe, and the watching thread must not take that for a
        # death.
        self._ending.set()
        # This also ends the process, which watches its end of the pipe.
        self._connection.close()
        self._process.join(_ENDS_S)
        if self._process.is_alive():
            self._process.kill()
        self._watch.join(_ENDS_S)

    def _say_unwatched(self) -> None:
        self._on_problem(
            f"The process of the robot's cameras is not watched any more ({self._watch.failure}). "
            "If its pictures stop, start the robot's side again."
        )

    def _watch_process(self) -> None:
        deaths: list[float] = []
        while True:
            self._process.join()
            if self._ending.is_set():
                return
            now = time.monotonic()
            deaths = [*(each for each in deaths if now - each < _RESTARTS_WITHIN_S), now]
            text = f"The process of the robot's cameras {how_ended(self._process.exitcode)}."
            if len(deaths) > _RESTARTS:
                self._on_problem(f"{text} It is not started again; serve with --cameras 0 if that goes on.")
                return
            self._on_problem(f"{text} It is started again.")
            self._connection.close()
            try:
                self._process, self._connection, _ = _started(self._plan)
            except RobotCamerasError as error:
                self._on_problem(str(error))
                return


def _started(plan: CamerasPlan) -> tuple[SpawnProcess, Connection, int]:
    """Start the process and wait until it sends; return it with its pipe and the port of its frames."""
    # Not a fork: the robot's threads and sockets would be copied into a process that draws.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=robot_cameras, args=(theirs, plan), name="robot cameras", daemon=True)
    process.start()
    # The child has its own end now. With this one open, a child that dies would not end the pipe, and ``poll`` would
    # wait in vain.
    theirs.close()
    try:
        if ours.poll(_READY_S):
            return process, ours, int(ours.recv_bytes())
        text = f"The cameras were not ready within {_READY_S:.0f} s; serve with --cameras 0."
    except EOFError:
        text = "The cameras could not be started; --cameras 0 serves the robot without them."
    process.kill()
    ours.close()
    raise RobotCamerasError(text)
