"""The program's real window, with a script in place of the person and a trainer that always runs."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest import mock

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QPaintEvent

from mile_desktop import app
from mile_desktop.channels.shared import Frame
from mile_desktop.learning.progress import AnyRunEvent, Failed, Finished, Progress
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.ui.application import Application
from mile_desktop.ui.composition import Composition
from mile_desktop.ui.learn.controller import RetrainController
from mile_desktop.ui.learn.model import RetrainRequest
from mile_desktop.ui.supervise.scene_view import SceneView

SCENE = "peg-insertion"
SIZE = (1440, 900)
_BEAT_S = 0.005
_POLL_MS = 50

Finish = Callable[[int], None]
Role = Callable[[Composition, Finish], None]


def record_beforehand(workspace: Path, episodes: int) -> None:
    """Record supervised episodes, so that there is something to retrain on from the first moment."""
    words = ["rollout", "--scene", SCENE, "--policy", "initial", "--operator", "segment", "--episodes", str(episodes)]
    command = [sys.executable, "-m", "mile_desktop", *words, "--seed", "0", "--workspace", str(workspace), "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def open_window(folder: Path, role: Role, worker: Callable[..., None], *, operator: str = "none") -> int:
    """Run the program's window offscreen in real time until ``role`` ends it; return the exit status.

    Parameters
    ----------
    folder
        Holds the workspace and the preferences.
    role
            Called with the window's parts when the window has started.
        worker
        Entry function of the rollout worker's process.
    operator
        Simulated supervisor.
    """

    def script(parts: Composition, _: Path, finish: Finish) -> None:
        parts.application.window.ask_before_closing(lambda: True)
        parts.application.window.resize(*SIZE)
        role(parts, finish)

    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    chosen = ["--workspace", str(folder / "workspace"), "--preferences", str(folder / "preferences.json")]
    arguments = [*chosen, "--scene", SCENE, "--policy", "initial", "--operator", operator]
    return app.main(arguments, script=script, worker=worker)


class EndlessTraining(QObject):
    """Presses Retrain, and again when it is done."""

    def __init__(self, application: Application, retraining: RetrainController) -> None:
        super().__init__(application)
        self.finished = 0
        self.problems: list[str] = []
        self.running = False
        """A network is being trained; reading and comparing are over or still to come."""
        self._retraining = retraining
        self._seed = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._again)
        retraining.trainer.event_read.connect(self._follow)

    def start(self) -> None:
        """Start pressing Retrain."""
        self._timer.start()

    def stop(self) -> None:
        """Stop pressing and cancel the running training."""
        self._timer.stop()
        self._retraining.trainer.cancel()

    @property
    def stopped(self) -> bool:
        """True while no trainer runs."""
        return not self._retraining.trainer.running

    def _again(self) -> None:
        if not self._retraining.trainer.running and not self.problems:
            self._seed += 1
            self._retraining.retrain(RetrainRequest(TrainingSettings(seed=self._seed)))

    def _follow(self, event: AnyRunEvent) -> None:
        match event:
            case Progress(stage="policy"):
                self.running = True
            case Finished():
                self.finished += 1
            case Failed(text=text):
                self.problems.append(text)


class LoopWatch(QObject):
    """Measures how long an event that is due every 5 ms has to wait for the event loop."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.waits: list[float] = []
        """Seconds."""
        self.work: list[float] = []
        """Processor seconds that the window's thread took from one turn of this watch to the next."""
        self._due = self._worked = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._turn)

    def start(self) -> None:
        """Start measuring."""
        self.waits.clear()
        self.work.clear()
        self._worked = time.thread_time()
        self._due = time.monotonic() + _BEAT_S
        self._timer.start(round(_BEAT_S * 1000))

    def stop(self) -> None:
        """Stop measuring."""
        self._timer.stop()

    def _turn(self) -> None:
        now, worked = time.monotonic(), time.thread_time()
        self.work.append(worked - self._worked)
        self._worked = worked
        while self._due <= now:
            # one block makes every event wait that came meanwhile
            self.waits.append(now - self._due)
            self._due += _BEAT_S
        self._timer.start(max(1, round((self._due - now) * 1000)))


class PaintLog:
    """Records when the view was painted, how long it took, and what it showed; a context around the whole window."""

    def __init__(self) -> None:
        self.paints: list[tuple[float, float, str]] = []
        """When it was done (s), how long it took (s), phase on the badge."""
        self.frames = 0
        """Frames that came on screen."""
        self._application: Application | None = None
        self._newest = self._painted = 0
        self._patch: Any = None

    def watch(self, application: Application) -> None:
        """Note what comes on the screen of ``application``."""
        self._application = application
        application.viewer.frame_ready.connect(self._see)

    def start(self) -> None:
        """Forget what was painted before."""
        self.paints.clear()
        self.frames = 0

    def _see(self, frame: Frame) -> None:
        self._newest = frame.sequence

    def __enter__(self) -> Self:
        paint = SceneView.paintEvent

        def timed(view: SceneView, event: QPaintEvent) -> None:
            began = time.monotonic()
            paint(view, event)
            self._note(began)

        self._patch = mock.patch.object(SceneView, "paintEvent", timed)
        self._patch.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._patch.stop()

    def _note(self, began: float) -> None:
        status = self._application.worker.status if self._application is not None else None
        now = time.monotonic()
        self.paints.append((now, now - began, status.phase.value if status is not None else ""))
        self.frames += self._newest != self._painted
        self._painted = self._newest

    def shown_after(self, moment: float, phase: str) -> float | None:
        """Return the seconds from ``moment`` until ``phase`` was on screen; None when it never came there."""
        return next((when - moment for when, _, shown in self.paints if when >= moment and shown == phase), None)
