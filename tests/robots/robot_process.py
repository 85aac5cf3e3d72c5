"""A stand-in robot in a process of its own."""

import json
import os
import signal
import subprocess
import sys

import psutil


class RobotProcess:
    """``mile-desktop serve-robot`` as people start it."""

    def __init__(self, port: int = 0, *, cameras: int = 0, watchdog_s: float = 1.0) -> None:
        words = ["serve-robot", "--port", str(port), "--cameras", str(cameras), "--watchdog", str(watchdog_s)]
        words += ["--camera-size", "160x120", "--camera-rate", "10", "--json"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mile_desktop", *words], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        told = json.loads(self._process.stdout.readline())
        self.address, self.port = told["address"], told["port"]

    def send(self, number: signal.Signals) -> None:
        os.kill(self._process.pid, number)

    @property
    def pid(self) -> int:
        """The process that owns the driver; the parent of the others."""
        return self._process.pid

    def end(self) -> None:
        others = [psutil.Process(pid) for pid in children_of(self.pid)] if self._process.poll() is None else []
        self._process.kill()
        self._process.wait()
        # the port is free again when the control process has told the windows and ended
        assert not psutil.wait_procs(others, timeout=20.0)[1]
        assert self._process.stdout is not None
        self._process.stdout.close()


def children_of(pid: int) -> set[int]:
    """Return the processes that ``pid`` has started, without Python's resource tracker."""
    found = set()
    for child in psutil.Process(pid).children():
        if child.status() != psutil.STATUS_ZOMBIE and "resource_tracker" not in " ".join(child.cmdline()):
            found.add(child.pid)
    return found
