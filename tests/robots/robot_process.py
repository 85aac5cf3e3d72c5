"""A stand-in robot in a process of its own."""

import json
import os
import signal
import subprocess
import sys


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

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
