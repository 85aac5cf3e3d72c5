"""A robot in another process: cadence of the control loop, and from the thumb to the robot.

    python -m benchmarks.network_robot [--presses 60] [--json FILE]

The real rollout worker drives ``mile-desktop serve-robot --scene peg-insertion`` at 20 Hz with two cameras (640×480, 15
pictures a second, drawn and compressed in a third process, received here). A virtual SDL pad inside the worker's
process is pressed and let go at random moments. Measured: lateness of every tick; the time from just before the
SDL event until the step with the operator's action begins, in ticks and in ms, and until the robot has confirmed it.
Once directly over loopback, and once through a proxy that delays every piece by 5–15 ms each way.
"""

import argparse
import contextlib
import json
import multiprocessing
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.circumstances import OtherLoad, circumstances, distribution, keep
from benchmarks.probes import worker_of_a_robot
from benchmarks.supervision import cadence
from benchmarks.takeover_latency import BUTTON, Press, Thumb
from mile_desktop.cameras.errors import CameraLostError
from mile_desktop.cameras.robot_camera import RobotCameraSource
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import MOVING
from tests.robots.served import Proxy
from tests.rollout.worker_desk import WorkerDesk

SCENE = "peg-insertion"
CAMERAS = ("main", "wrist")
MANY = 50
_BETWEEN_RESUMES_S = 1.0
_LINKS: dict[str, tuple[float, float]] = {"loopback": (0.0, 0.0), "delayed": (0.005, 0.015)}


@contextlib.contextmanager
def robot() -> Iterator[int]:
    """Serve the scene with its cameras in a process; yield its port."""
    words = ["serve-robot", "--scene", SCENE, "--port", "0", "--json"]
    process = subprocess.Popen([sys.executable, "-m", "mile_desktop", *words], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(json.loads(process.stdout.readline())["port"])
    finally:
        process.terminate()
        process.wait(20)


def look(port: int, camera: str, end: threading.Event, ages: list[float]) -> None:
    """Receive a camera as a capture process does and note how old its pictures are."""
    while not end.is_set():
        try:
            with contextlib.closing(RobotCameraSource(f"robot://127.0.0.1:{port}/{camera}")) as source:
                while not end.is_set():
                    picture = source.read()
                    if picture is not None:
                        ages.append(time.monotonic() - picture.timestamp)
        except CameraLostError:
            continue  # opened again, as a capture process does


class Watching:
    """Reads the worker's messages, confirms every checklist, and presses only while an episode runs."""

    def __init__(self, application: WorkerDesk, thumb: Thumb) -> None:
        self.steps: list[m.StepTaken] = []
        self.held: list[str] = []
        self._application = application
        self._thumb = thumb
        self._waiting = self._must_resume = False
        self._resumed_at = 0.0

    def until_done(self) -> None:
        """Follow until the button has been pressed the required number of times."""
        while not self._thumb.done.is_set():
            self._follow(self._application.process.drain())
            self._application.process.wait(0.005)
            if not self._thumb.is_alive() and not self._thumb.done.is_set():
                raise RuntimeError(f"The thumb found no episode to press in; the robot held: {self.held[-3:]}.")

    def _follow(self, events: list[Any]) -> None:
        for event in events:
            match event:
                case m.StepTaken():
                    self.steps.append(event)
                case m.RobotStatus():
                    self._confirm(event)
                case m.Status():
                    self._see(event)

    def _confirm(self, status: m.RobotStatus) -> None:
        waiting = bool(status.checklist)
        if waiting and not self._waiting:
            self._application.process.send(m.ConfirmReset())
        self._waiting = waiting
        if self._must_resume and status.up and time.monotonic() - self._resumed_at > _BETWEEN_RESUMES_S:
            self._resumed_at = time.monotonic()
            self._application.process.send(m.ToggleHold())

    def _see(self, status: m.Status) -> None:
        if status.phase in MOVING:
            self._thumb.in_episode.set()
        else:
            self._thumb.in_episode.clear()
        if status.must_resume and not self._must_resume:
            self.held.append(status.reason)
        self._must_resume = status.must_resume
        if status.phase.value == "idle":
            self._application.process.send(m.StartEpisodes(episodes=MANY))


def latencies(presses: list[Press], steps: list[m.StepTaken], acts: np.ndarray) -> dict[str, Any]:
    """Return for pressing and letting go the ticks and times until the step, and until the robot had carried it out."""
    moments = np.array([step.timestamp for step in steps])
    report: dict[str, Any] = {}
    for name, down in (("press", True), ("release", False)):
        ticks, action, carried = [], [], []
        for press in (each for each in presses if each.down is down):
            first = int(np.searchsorted(moments, press.moment))
            acted = next((i for i in range(first, len(moments)) if steps[i].intervention is down), None)
            if acted is None or len({step.episode_id for step in steps[max(0, first - 1) : acted + 2]}) > 1:
                continue
            ticks.append(acted - first + 1)
            action.append(moments[acted] - press.moment)
            row = int(np.searchsorted(acts[:, 0], moments[acted]))
            if row < len(acts) and acts[row, 2]:
                carried.append(acts[row, 1] - press.moment)
        report[name] = {
            "ticks": {str(count): ticks.count(count) for count in sorted(set(ticks))},
            "action": distribution(np.array(action) * 1e3, "ms"),
            "carried_out": distribution(np.array(carried) * 1e3, "ms"),
        }
    return report


def measure(presses: int, delays: tuple[float, float]) -> dict[str, Any]:
    here, there = multiprocessing.get_context("spawn").Pipe()
    dice = random.Random(0)
    with tempfile.TemporaryDirectory() as name, robot() as port, Proxy(port, lambda: dice.uniform(*delays)) as proxy:
        folder, end = Path(name), threading.Event()
        ages: list[float] = []
        looking = [threading.Thread(target=look, args=(port, camera, end, ages)) for camera in CAMERAS]
        entry = partial(worker_of_a_robot, pad=there, log=folder)
        with WorkerDesk(folder / "workspace", entry) as application:
            address = f"tcp://127.0.0.1:{proxy.port if delays[1] else port}"
            application.load(robot=address, scene=SCENE, policy="initial", speed=1.0)
            application.process.send(m.ArmRobot())
            status = application.wait_for(m.RobotStatus, lambda each: each.armed)
            for thread in looking:
                thread.start()
            thumb = Thumb(here, presses)
            watching, others, began = Watching(application, thumb), OtherLoad(), time.monotonic()
            thumb.start()
            watching.until_done()
            ended = time.monotonic()
            load = others.cores()
            end.set()
            status = application.latest(m.RobotStatus)
        for thread in looking:
            thread.join()
        acts = np.load(folder / "acts.npy")
        return {
            "seconds": round(ended - began, 1),
            "steps": len(watching.steps),
            "cadence": cadence(folder / "ticks.npy", began, ended),
            "round_trip_ms": round(status.round_trip_ms, 2),
            "clock_error_ms": round(status.clock_error_ms, 2),
            "act_to_answer": distribution((acts[:, 1] - acts[:, 0])[acts[:, 2] > 0] * 1e3, "ms"),
            "answered_within_the_step": round(float(acts[:, 2].mean()), 4),
            "takeover": latencies(thumb.pressed, watching.steps, acts),
            "camera_picture_age": distribution(np.array(ages) * 1e3, "ms"),
            "held_by_itself": watching.held,
            "link_lost": status.lost,
            "load": load,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure cadence and takeovers through a network robot.")
    parser.add_argument("--presses", type=int, default=60)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    report = {"benchmark": "network_robot", "button": BUTTON, "rate_hz": 20.0, "seed": 0, **circumstances()}
    links = {name: measure(options.presses, delays) for name, delays in _LINKS.items()}
    keep({**report, "links": links}, options.json)


if __name__ == "__main__":
    main()
