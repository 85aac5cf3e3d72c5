"""The faults of a soak: children killed or frozen, the database locked, cameras and a robot's side that go away."""

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PySide6.QtCore import QObject, QTimer

from mile_desktop.cameras.settings import CameraSettings
from mile_desktop.robots.remembered import RememberedRobot
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import IN_EPISODE
from mile_desktop.ui.composition import Composition

_SCENE = "peg-insertion"
_EVERY_S = (20.0, 50.0)
"""Time between two faults, at random."""
_FROZEN_MS = 1500
_LOCKED_MS = 3000
_WORKER_EVERY_S = 900.0
"""The worker is killed seldom: its growth needs long lives to be seen."""
_ROBOT_EVERY_S = 240.0
_ROBOT_TURN_S = 60.0


class FaultInjector(QObject):
    """Injects one fault after the other, and does what the message of a fault offers (Restart)."""

    def __init__(self, parts: Composition, folder: Path, seed: int, parent: QObject) -> None:
        super().__init__(parent)
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self._parts = parts
        self._application = parts.application
        self._folder = folder
        self._random = random.Random(f"faults {seed}")
        now = time.monotonic()
        # Not before the window, its scene and both cameras are there.
        self._next_at = now + 30.0
        self._worker_at, self._robot_at = now, now
        self._robot: subprocess.Popen[str] | None = None
        self._lock: sqlite3.Connection | None = None
        # A person needs a moment to read the message before they press Restart.
        self._application.worker.died.connect(lambda _: QTimer.singleShot(1500, self._restart_worker))
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._turn)

    def start(self) -> None:
        """Add two cameras and begin."""
        pictures = self._folder / "pictures"
        pictures.mkdir()
        for number in range(20):
            picture = np.full((240, 320, 3), 12 * number, np.uint8)
            cv2.imwrite(str(pictures / f"{number:03}.png"), picture)
        cameras = [CameraSettings(name=name, address=str(pictures), rate_hz=10.0) for name in ("Left", "Right")]
        self._parts.cameras.store.set_cameras(cameras)
        self._timer.start(500)

    def stop(self) -> None:
        """End what this started."""
        self._timer.stop()
        self._unlock()
        self._end_robot()

    def roles(self) -> dict[str, int]:
        """Return role → process id of the window's children; 0 where there is none."""
        found = {
            "rollout worker": self._application.worker.pid,
            "viewer": self._application.viewer.pid,
            "inspection": self._parts.inspect.client.pid,
        }
        return found | {f"camera {each.settings.name}": each.pid for each in self._parts.cameras.live}

    def _turn(self) -> None:
        now = time.monotonic()
        # Before the next fault: a robot that is left late would take time from the lives of scenes, which are measured.
        if self._application.robot is not None and now - self._robot_at > _ROBOT_TURN_S:
            self._leave_robot()
        if now < self._next_at:
            return
        self._next_at = now + self._random.uniform(*_EVERY_S)
        name, fault = self._random.choice(self._faults(now))
        if fault():
            self.counts[name] += 1

    def _faults(self, now: float) -> list[tuple[str, Callable[[], bool]]]:
        live = [each.pid for each in self._parts.cameras.live]
        faults: list[tuple[str, Callable[[], bool]]] = [
            ("cameras killed", lambda: _send(self._random.choice(live) if live else 0, signal.SIGKILL)),
            ("viewers killed", lambda: _send(self._application.viewer.pid, signal.SIGKILL)),
            ("inspections killed", lambda: _send(self._parts.inspect.client.pid, signal.SIGKILL)),
            ("trainers killed", lambda: _send(self._parts.retrain.trainer.pid or 0, signal.SIGKILL)),
            ("workers frozen", self._freeze_worker),
            ("locks of the database", self._lock_database),
        ]
        # These two come by the clock and not by chance, so that every run has them and worker lives are long enough.
        if now - self._worker_at > _WORKER_EVERY_S:
            faults = [("workers killed", self._kill_worker)]
        elif self._application.robot is None and now - self._robot_at > _ROBOT_EVERY_S:
            faults = [("robots driven", self._drive_robot)]
        elif self._robot is not None and self._application.robot is not None:
            faults.append(("robot links dropped", self._drop_robot))
        return faults

    # ── processes ────────────────────────────────────────────────────────────────────────────────────────────────

    def _kill_worker(self) -> bool:
        self._worker_at = time.monotonic()
        return _send(self._application.worker.pid, signal.SIGKILL)

    def _restart_worker(self) -> None:
        if self._timer.isActive():
            self._application.restart_worker()

    def _freeze_worker(self) -> bool:
        # The timer before the signal, and with this process id: a restart in between must not leave one stopped.
        pid = self._application.worker.pid
        QTimer.singleShot(_FROZEN_MS, self, lambda: _send(pid, signal.SIGCONT))
        return _send(pid, signal.SIGSTOP)

    # ── the database ─────────────────────────────────────────────────────────────────────────────────────────────

    def _lock_database(self) -> bool:
        self._unlock()
        # No timeout: this thread is the window's, and waiting would stop the window that is observed.
        lock = sqlite3.connect(self._folder / "workspace" / "workspace.db", isolation_level=None, timeout=0.0)
        try:
            lock.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:  # the program writes in this moment
            lock.close()
            return False
        self._lock = lock
        QTimer.singleShot(_LOCKED_MS, self, self._unlock)
        return True

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # ── a robot ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _drive_robot(self) -> bool:
        """Serve a stand-in and drive it in place of the scene, as soon as the running episode has ended."""
        status = self._application.worker.status
        if status is None or status.phase in IN_EPISODE:
            # Nothing is loaded while an episode runs. It is tried again at once, as a person would.
            self._application.worker.send(m.RequestStop())
            self._next_at = time.monotonic() + 0.5
            return False
        address = self._start_robot(0)
        robot = RememberedRobot(name="Stand-in", address=address, task=_SCENE, scene=_SCENE)
        self._parts.robots.store.remember(robot)
        self._application.load_robot(robot)
        self._robot_at = time.monotonic()
        return True

    def _leave_robot(self) -> None:
        if self._application.in_episode:
            self._application.worker.send(m.RequestStop())
            return
        self._robot_at = time.monotonic()
        # The scene first: the worker leaves the robot in order, and its side is ended only afterwards.
        self._application.load_scene(_SCENE)
        self._end_robot()

    def _drop_robot(self) -> bool:
        """Kill the robot's side in the middle of its work, and start it again at the same address."""
        robot = self._application.robot
        if robot is None:
            return False
        # The same port, as after a restart of the robot's computer: the window must find it by itself.
        self._end_robot()
        self._start_robot(int(robot.address.rpartition(":")[2]))
        return True

    def _start_robot(self, port: int) -> str:
        words = ["serve-robot", "--scene", _SCENE, "--port", str(port), "--cameras", "0", "--watchdog", "1.0", "--json"]
        command = [sys.executable, "-m", "mile_desktop", *words]
        self._robot = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        assert self._robot.stdout is not None
        # The line comes when the sockets are open, so the window can connect at once.
        return str(json.loads(self._robot.stdout.readline())["address"])

    def _end_robot(self) -> None:
        if self._robot is not None:
            self._robot.kill()
            self._robot.wait()
            assert self._robot.stdout is not None
            self._robot.stdout.close()
            self._robot = None


def _send(pid: int, number: signal.Signals) -> bool:
    """Send a signal; return whether there was a process for it."""
    if not pid:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False
