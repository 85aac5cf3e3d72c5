"""The person of a soak: starts episodes, takes over, resumes, changes pages, retrains and chooses policies."""

import random
import time
from collections import Counter

from PySide6.QtCore import QObject, QTimer

from mile_desktop.learning.progress import AnyRunEvent, Compared, Finished
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.composition import Composition
from mile_desktop.ui.learn.model import RetrainRequest
from mile_desktop.ui.shell.sidebar import PAGES

_TURN_MS = 100
_PRESS_S = 1.0
"""The time between two presses of the same button."""
_PAGE_S = 4.0
_RETRAIN_S = 45.0


class Person(QObject):
    """Uses the window through the same messages as its buttons; everything comes at random times of one seed."""

    def __init__(self, parts: Composition, seed: int, parent: QObject) -> None:
        super().__init__(parent)
        self.counts: Counter[str] = Counter()
        self._parts = parts
        self._worker = parts.application.worker
        self._random = random.Random(f"person {seed}")
        self._pressed_at = self._page_at = self._takeover_at = self._released_at = time.monotonic()
        self._retrained_at = time.monotonic() - _RETRAIN_S / 2.0
        self._driving = False
        self._action = (0.0, 0.0, 0.0, 0.0)
        self._robot: m.RobotStatus | None = None
        self._worker.robot_status_changed.connect(self._see_robot)
        self._worker.session_loaded.connect(self._forget_robot)
        self._worker.episode_closed.connect(lambda _: self.counts.update(["episodes"]))
        parts.retrain.trainer.event_read.connect(self._follow)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._turn)

    def start(self) -> None:
        """Begin."""
        self._timer.start(_TURN_MS)

    def stop(self) -> None:
        """End; a running training is cancelled and the robot stopped."""
        self._timer.stop()
        self._parts.retrain.trainer.cancel()
        self._worker.send(m.RequestStop())

    def _see_robot(self, status: m.RobotStatus) -> None:
        self._robot = status

    def _forget_robot(self, _: object) -> None:
        self._robot = None

    def _turn(self) -> None:
        now = time.monotonic()
        # In every turn, as the keyboard repeats a takeover ten times a second: the worker takes a silent one for lost.
        self._take_over(now)
        if now - self._pressed_at > _PRESS_S:
            self._press(now)
        if now - self._page_at > _PAGE_S:
            self._page_at = now
            self._parts.application.window.show_page(self._random.choice(PAGES).page)
            self.counts["page changes"] += 1
        trainer = self._parts.retrain.trainer
        # Trainings follow each other without a pause, because a running trainer is what disturbs control most.
        if now - self._retrained_at > _RETRAIN_S and not trainer.running and self._parts.retrain.panel.can_retrain:
            self._retrained_at = now
            # Small: the number of trainings matters here, not what they learn.
            settings = TrainingSettings(epochs=2, batch=256, ensemble=2, fit_epochs=10, seed=self._random.randrange(99))
            self._parts.retrain.retrain(RetrainRequest(settings, evaluation_episodes=2))
            self.counts["trainings begun"] += 1

    def _press(self, now: float) -> None:
        """Press the button that brings the robot on, if there is one."""
        status = self._worker.status
        if not self._worker.alive or status is None:
            return
        # Counted from the last press, so that a phase that does not change is not hammered ten times a second.
        self._pressed_at = now
        match status.phase:
            case Phase.IDLE:
                self._arm_if_needed()
                self._worker.send(m.StartEpisodes(episodes=self._random.randint(1, 3)))
            case Phase.HOLD:
                self._arm_if_needed()
                self._worker.send(m.ToggleHold())
            case Phase.STOPPED:
                self._worker.send(m.RequestReset())
            case Phase.RESETTING if self._robot is not None and self._robot.checklist:
                answer = m.TickChecklist(number=self._robot.checklist_number, points=self._robot.checklist)
                # The worker takes ticks only for the question that it asks now.
                self._worker.send(answer)
                self._worker.send(m.ConfirmReset())

    def _arm_if_needed(self) -> None:
        if self._robot is not None and self._robot.up and not self._robot.armed:
            self._worker.send(m.ArmRobot())

    def _take_over(self, now: float) -> None:
        if self._driving:
            # The last message of a takeover says that it is over; without it the worker would wait and then hold.
            self._driving = now < self._released_at
            self._worker.send(m.WindowInput(source="keyboard", takeover=self._driving, action=self._action))
        elif now - self._takeover_at > self._random.uniform(6.0, 60.0):
            self._takeover_at = now
            self._released_at = now + self._random.uniform(0.3, 2.5)
            x, y, z = (self._random.uniform(-0.4, 0.4) for _ in range(3))
            self._action = (x, y, z, 0.0)
            self._driving = True
            self.counts["takeovers by hand"] += 1

    def _follow(self, event: AnyRunEvent) -> None:
        match event:
            case Compared(after_policy=policy) if self._random.random() < 0.5:
                self._parts.retrain.panel.use_requested.emit(policy)
                self.counts["policies chosen"] += 1
            case Finished():
                self.counts["trainings finished"] += 1
