"""Control cadence and responsiveness of the window while it supervises, draws and retrains.

    python -m benchmarks.supervision [--minutes 10] [--json FILE]

The real window, offscreen, with its real processes: a simulated supervisor corrects the shipped policy at 20 Hz in real
time, the viewer draws, and one retraining follows the other. Every tick of the worker is timed; the window is timed by
an event that is due every 5 ms; the badge from the tick that changed the phase to the end of the painting that shows
it.
"""

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer

from benchmarks.busy_window import EndlessTraining, Finish, LoopWatch, PaintLog, open_window, record_beforehand
from benchmarks.circumstances import OtherLoad, circumstances, distribution, keep
from benchmarks.probes import worker_with_tick_log
from mile_desktop.rollout import messages as m
from mile_desktop.ui.application import Application
from mile_desktop.ui.learn.controller import RetrainController

RATE_HZ = 20.0
EPISODES_BEFOREHAND = 6
MANY = 1_000_000
_POLL_MS = 100
_WARM_UP_LIMIT_S = 120.0


class Supervision(QObject):
    """Starts everything, measures for a given time, ends."""

    def __init__(
        self,
        application: Application,
        retraining: RetrainController,
        finish: Finish,
        paints: PaintLog,
        seconds: float,
        *,
        retrain: bool,
    ) -> None:
        super().__init__(application)
        self.began = self.ended = 0.0
        self.changes: list[tuple[float, str]] = []
        """Times of the worker's first step in each new phase, with the phase."""
        self.report: dict[str, Any] = {}
        self._application = application
        self._finish = finish
        self._paints = paints
        self._seconds = seconds
        self._retrain = retrain
        self._training = EndlessTraining(application, retraining)
        self._loop = LoopWatch(self)
        self._others = OtherLoad()
        self._opened = time.monotonic()
        self._steps = self._episodes = 0
        self._phase = ""
        paints.watch(application)
        application.worker.step_taken.connect(self._step)
        application.worker.episode_closed.connect(self._closed)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._poll)
        self._timer.start(_POLL_MS)

    def _poll(self) -> None:
        now = time.monotonic()
        if self.ended:
            if self._training.stopped:
                self._finish(0)
        elif self.began:
            if now - self.began >= self._seconds:
                self._end(now)
        elif self._training.running or (self._steps and not self._retrain):
            self._begin(now)
        elif not self._steps and self._application.worker.session is not None:
            self._application.worker.send(m.StartEpisodes(episodes=MANY))
            if self._retrain:
                self._training.start()
        elif now - self._opened > _WARM_UP_LIMIT_S:
            self._finish(1)

    def _begin(self, now: float) -> None:
        self.began = now
        self._steps = self._episodes = 0
        self.changes.clear()
        self._others = OtherLoad()
        self._paints.start()
        self._loop.start()

    def _end(self, now: float) -> None:
        self.ended = now
        self._loop.stop()
        passed = now - self.began
        self.report = {
            "seconds": round(passed, 1),
            "steps": self._steps,
            "episodes": self._episodes,
            "retrainings_finished": self._training.finished,
            "training_problems": self._training.problems,
            "window": {
                "event_wait": distribution(np.array(self._loop.waits) * 1e3, "ms"),
                "processor_per_turn": distribution(np.array(self._loop.work) * 1e3, "ms"),
                "view_paint": distribution([took * 1e3 for _, took, _ in self._paints.paints], "ms"),
                "frames_per_s": round(self._paints.frames / passed, 1),
            },
            "load": self._others.cores(),
        }
        self._training.stop()
        self._application.worker.send(m.RequestStop())

    def _step(self, taken: m.StepTaken) -> None:
        self._steps += 1
        if taken.phase.value != self._phase:
            self._phase = taken.phase.value
            self.changes.append((taken.timestamp, self._phase))

    def _closed(self, _: m.EpisodeClosed) -> None:
        self._episodes += 1


def cadence(log: Path, began: float, ended: float) -> dict[str, Any]:
    """Return the lateness of the worker's ticks between two moments."""
    rows = np.load(log)
    rows = rows[(rows[:, 0] >= began) & (rows[:, 0] < ended)]
    lateness, period = rows[:, 1], 1.0 / RATE_HZ
    worst = np.argsort(lateness)[-5:][::-1]
    return {
        "lateness": distribution(lateness * 1e3, "ms"),
        "late_over_2_ms": int((lateness > 0.002).sum()),
        "late_over_10_ms": int((lateness > 0.010).sum()),
        "overruns": int((lateness > period / 2).sum()),
        "missed": int((lateness // period).sum()),
        "work": distribution(rows[:-1, 2] * 1e3, "ms"),
        "worst": [
            {
                "at_s": round(float(rows[each, 0] - began), 2),
                "late_ms": round(float(lateness[each]) * 1e3, 2),
                "work_before_ms": round(float(rows[each - 1, 2]) * 1e3, 2),
            }
            for each in worst
        ],
    }


def measure(minutes: float, *, retrain: bool = True) -> dict[str, Any]:
    roles: list[Supervision] = []
    with tempfile.TemporaryDirectory() as name, PaintLog() as paints:
        folder = Path(name)
        record_beforehand(folder / "workspace", EPISODES_BEFOREHAND)
        log = folder / "ticks.npy"
        status = open_window(
            folder,
            lambda parts, finish: roles.append(
                Supervision(parts.application, parts.retrain, finish, paints, 60.0 * minutes, retrain=retrain)
            ),
            partial(worker_with_tick_log, log=log),
            operator="segment",
        )
        role = roles[0]
        if status or not role.report:
            raise RuntimeError("The window did not start; run it by hand to see why.")
        shown = [paints.shown_after(*change) for change in role.changes]
        return {
            **role.report,
            "cadence": cadence(log, role.began, role.ended),
            "badge": distribution([1e3 * each for each in shown if each is not None], "ms"),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure supervision under full load.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--without-retraining", action="store_true", help="for comparison")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    report = {"benchmark": "supervision", "rate_hz": RATE_HZ, **circumstances()}
    keep({**report, **measure(options.minutes, retrain=not options.without_retraining)}, options.json)


if __name__ == "__main__":
    main()
