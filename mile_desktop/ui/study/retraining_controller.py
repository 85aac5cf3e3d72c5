"""Retrains a participant's policy between two rounds of a block, and offers a way on where that fails."""

import time

from PySide6.QtCore import QObject, Signal

from mile_desktop.errors import UserError
from mile_desktop.study.plan import PlannedStep
from mile_desktop.study.session import ParticipantSession
from mile_desktop.ui.application import Application
from mile_desktop.ui.study.bar import StudyBar
from mile_desktop.ui.study.episode_runner import StudyEpisodeRunner
from mile_desktop.ui.study.model import training_prompt
from mile_desktop.ui.study.results_controller import ResultsController


class RetrainingController(QObject):
    """Owns the step of a session in which the robot learns; window's thread only."""

    ended = Signal()
    """The session is at its next step."""

    def __init__(
        self, application: Application, bar: StudyBar, runner: StudyEpisodeRunner, results: ResultsController
    ) -> None:
        super().__init__(application)
        self._application = application
        self._bar = bar
        self._runner = runner
        self._results = results
        self._session: ParticipantSession | None = None
        self._began = 0.0
        self._why_not = ""
        results.trained.connect(self._trained)
        results.training_progressed.connect(self._show)
        results.not_trained.connect(self._failed)

    def begin_session(self, session: ParticipantSession | None) -> None:
        """Retrain for another session; None: for none."""
        self._results.stop_learning()
        self._session = session

    @property
    def step(self) -> PlannedStep | None:
        """The step that is retrained now; None: the session is at another kind of step."""
        step = self._session.step if self._session is not None else None
        return step if step is not None and step.kind == "training" else None

    def train(self) -> None:
        """Begin, or try again after a failure."""
        if self._session is not None and self.step is not None:
            self._began = self._began or time.monotonic()
            self._show(0.0)
            self._results.learn(self._session.code)

    def skip(self) -> None:
        """Go on with the robot as it was; the experimenter decides that."""
        session, step = self._session, self.step
        if session is not None and step is not None:
            with self._application.errors_shown():
                self._results.stop_learning()
                session.skip_training(self._why_not or "The experimenter went on.")
                self._end(step)

    def _trained(self, policy_id: str) -> None:
        session, step = self._session, self.step
        if session is not None and step is not None:
            try:
                session.trained(policy_id)
            except UserError as error:
                # The disk refuses the study's own file: the line offers another try instead of a bar that stands still.
                self._failed(str(error))
                return
            self._end(step)

    def _end(self, step: PlannedStep) -> None:
        # The time limit of a block is for supervising: nobody can supervise while the robot learns.
        self._runner.leave_out(step.block, time.monotonic() - self._began)
        self._began, self._why_not = 0.0, ""
        self.ended.emit()

    def _failed(self, reason: str) -> None:
        if self.step is not None:
            self._why_not = reason
            self._show(None)
            text = f"The robot was not retrained: {reason} Try again, or choose Experimenter, Go on without retraining."
            self._application.window.say("error", text)

    def _show(self, share: float | None) -> None:
        if self._session is not None and self.step is not None:
            self._bar.show_prompt(training_prompt(self._session, self.step, share))
