"""Takeover latency under full load: from the button to the robot and to the screen.

    python -m benchmarks.takeover_latency [--presses 200] [--json FILE]

A virtual SDL pad is attached inside the real worker's process and pressed and let go at random moments, while the real
window draws and a retraining runs. Measured from just before the SDL event until the step with the operator's action
begins (and, letting go, the first that is the policy's again); in ticks: 1 means the very next step. Then
until the window has the worker's status, and until the badge is painted.
"""

import argparse
import multiprocessing
import queue
import tempfile
import threading
import time
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer

from benchmarks.busy_window import EndlessTraining, Finish, PaintLog, open_window, record_beforehand
from benchmarks.circumstances import OtherLoad, circumstances, distribution, keep
from benchmarks.probes import worker_with_timed_pad
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.application import Application
from mile_desktop.ui.learn.controller import RetrainController

PERIOD_S = 0.05
EPISODES_BEFOREHAND = 6
MANY = 1_000_000
BUTTON = "rightshoulder"
_POLL_MS = 100
_SHORTEST_S, _LONGEST_S = 0.3, 0.6
_READY_S = 60.0


@dataclass(frozen=True, slots=True)
class Press:
    """One change of the button."""

    moment: float
    down: bool

    @property
    def phase(self) -> str:
        """The phase after the change."""
        return Phase.TAKEOVER.value if self.down else Phase.AUTONOMOUS.value


class Thumb(threading.Thread):
    """Presses and lets go at random moments, never while the scene is being reset."""

    def __init__(self, pad: Connection, presses: int) -> None:
        super().__init__(name="thumb", daemon=True)
        self.pressed: list[Press] = []
        self.done = threading.Event()
        self.in_episode = threading.Event()
        self._pad = pad
        self._presses = presses
        self._random = np.random.default_rng(0)

    def run(self) -> None:
        """Press the given number of times."""
        for _ in range(self._presses):
            for down in (True, False):
                time.sleep(self._random.uniform(_SHORTEST_S, _LONGEST_S))
                if not self.in_episode.wait(_READY_S):
                    return
                self._pad.send_bytes(f"{BUTTON}|{'hold' if down else 'release'}".encode())
                self.pressed.append(Press(float(self._pad.recv_bytes()), down))
        self.done.set()


class Takeovers(QObject):
    """Presses the button while everything runs, and records the times of the effects."""

    def __init__(
        self, application: Application, retraining: RetrainController, finish: Finish, paints: PaintLog, thumb: Thumb
    ) -> None:
        super().__init__(application)
        self.steps: list[m.StepTaken] = []
        self.statuses: list[tuple[float, str]] = []
        self.load: dict[str, float] = {}
        self._application = application
        self._finish = finish
        self._thumb = thumb
        self._paints = paints
        self._training = EndlessTraining(application, retraining)
        self._others = OtherLoad()
        paints.watch(application)
        application.worker.step_taken.connect(self.steps.append)
        application.worker.status_changed.connect(self._status)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._poll)
        self._timer.start(_POLL_MS)

    def _poll(self) -> None:
        if self.load:
            if self._training.stopped:
                self._finish(0)
        elif self._thumb.done.is_set() or (self._thumb.ident and not self._thumb.is_alive()):
            self.load = self._others.cores()
            self._training.stop()
            self._application.worker.send(m.RequestStop())
        elif self._training.running and not self._thumb.ident:
            self._others = OtherLoad()
            self._paints.start()
            self._thumb.start()
        elif not self.steps and self._application.worker.session is not None:
            self._application.worker.send(m.StartEpisodes(episodes=MANY))
            self._training.start()

    def _status(self, status: m.Status) -> None:
        self.statuses.append((time.monotonic(), status.phase.value))
        if status.phase in {Phase.AUTONOMOUS, Phase.TAKEOVER}:
            self._thumb.in_episode.set()
        else:
            self._thumb.in_episode.clear()


def within_an_episode(steps: list[m.StepTaken]) -> bool:
    return len({step.episode_id for step in steps}) == 1


def latencies(presses: list[Press], role: Takeovers, paints: PaintLog) -> dict[str, Any]:
    """Return, for pressing and for letting go, ticks and times; what fell between two episodes is only counted."""
    moments = np.array([step.timestamp for step in role.steps])
    report: dict[str, Any] = {}
    for name, down in (("press", True), ("release", False)):
        ticks, action, status, badge, between = [], [], [], [], 0
        for press in (each for each in presses if each.down is down):
            first = int(np.searchsorted(moments, press.moment))
            acted = next((i for i in range(first, len(moments)) if role.steps[i].intervention is down), None)
            if acted is None or not within_an_episode(role.steps[max(0, first - 1) : acted + 3]):
                between += 1  # before it or right after it another phase is shown
                continue
            ticks.append(acted - first + 1)
            action.append(moments[acted] - press.moment)
            heard = (when for when, phase in role.statuses if when > press.moment and phase == press.phase)
            status.append(next(heard, np.nan) - press.moment)
            badge.append(paints.shown_after(press.moment, press.phase) or np.nan)
        report[name] = {
            "ticks": {str(count): ticks.count(count) for count in sorted(set(ticks))},
            "action": distribution(np.array(action) * 1e3, "ms"),
            "status_in_window": distribution(np.array(status) * 1e3, "ms"),
            "badge_painted": distribution(np.array(badge) * 1e3, "ms"),
            "between_episodes": between,
        }
    return report


def measure(presses: int) -> dict[str, Any]:
    here, there = multiprocessing.get_context("spawn").Pipe()
    thumb = Thumb(here, presses)
    roles: queue.SimpleQueue[Takeovers] = queue.SimpleQueue()
    with tempfile.TemporaryDirectory() as name, PaintLog() as paints:
        record_beforehand(Path(name) / "workspace", EPISODES_BEFOREHAND)
        open_window(
            Path(name),
            lambda parts, finish: roles.put(Takeovers(parts.application, parts.retrain, finish, paints, thumb)),
            partial(worker_with_timed_pad, pad=there),
        )
        role = roles.get_nowait()
        if not thumb.done.is_set():
            raise RuntimeError("The thumb found no episode to press in; run the window by hand to see why.")
        return {**latencies(thumb.pressed, role, paints), "load": role.load}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the latency of takeovers.")
    parser.add_argument("--presses", type=int, default=200)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    report = {"benchmark": "takeover_latency", "period_ms": 1e3 * PERIOD_S, "seed": 0, **circumstances()}
    keep({**report, **measure(options.presses)}, options.json)


if __name__ == "__main__":
    main()
