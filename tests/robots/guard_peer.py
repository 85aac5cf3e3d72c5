"""A guarded robot's side whose driver logs; the test kills it: ``python -m tests.robots.guard_peer LOG rescue``."""

import os
import sys
import threading
import time
from functools import partial
from pathlib import Path

from mile_desktop.arrays import Float32Array
from mile_desktop.robots.guard import GuardedRobotServer
from tests.robots.served import PATIENT
from tests.robots.toy import ToyRobot


class LoggedRobot(ToyRobot):
    """Writes who told it what, and when."""

    def __init__(self, log: str) -> None:
        super().__init__(time.monotonic, PATIENT)
        self._log = Path(log)

    def _note(self, what: str) -> None:
        with self._log.open("a") as file:
            file.write(f"{os.getpid()} {time.monotonic():.3f} {what}\n")

    def connect(self) -> None:
        self._note("connect")

    def act(self, action: Float32Array) -> None:
        super().act(action)
        self._note("act")

    def hold(self) -> None:
        self._note("hold")


def main(log: str, rescue: str) -> None:
    spare = partial(LoggedRobot, log) if rescue == "rescue" else None
    server = GuardedRobotServer(LoggedRobot(log), port=0, rescue=spare)
    server.serve(threading.Event(), on_ready=lambda: print(server.port, flush=True))  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
