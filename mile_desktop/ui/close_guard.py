"""Before the window goes: an episode that runs, a training or an evaluation that is at work."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox

from mile_desktop.rollout.phases import IN_EPISODE
from mile_desktop.ui.application import Application
from mile_desktop.ui.evaluate.controller import EvaluateController
from mile_desktop.ui.learn.controller import RetrainController


class CloseGuard(QObject):
    """Asks what is to become of running work; the robot holds still while a question is open."""

    def __init__(self, application: Application, retraining: RetrainController) -> None:
        super().__init__(application)
        self._application = application
        self._retraining = retraining

    def may_close(self) -> bool:
        """Return whether the window may close now; the person is asked where something would end."""
        return self._may_leave_episode() and self._may_leave_evaluation() and self._may_leave_training()

    def _may_leave_episode(self) -> bool:
        status = self._application.worker.status
        running = self._application.worker.alive and status is not None and status.phase in IN_EPISODE
        if not (running and self._application.preferences.value.warn_on_close):
            return True
        self._application.supervise.controls.stop()
        question = "An episode was running; the robot is stopped. Close the window? What was recorded is kept."
        answer = QMessageBox.question(self._application.window, "Close", question)
        return answer is QMessageBox.StandardButton.Yes

    def _may_leave_evaluation(self) -> bool:
        evaluating = self._application.findChild(EvaluateController)
        if evaluating is None or not evaluating.running:
            return True
        question = "An evaluation is at work; it ends with the window, and nothing of it is kept. Close the window?"
        answer = QMessageBox.question(self._application.window, "Close", question)
        return answer is QMessageBox.StandardButton.Yes

    def _may_leave_training(self) -> bool:
        if not self._retraining.trainer.running:
            return True
        box = QMessageBox(self._application.window)
        box.setWindowTitle("Close")
        box.setText("A training is at work.")
        box.setInformativeText("It can go on without the window; the next window finds it again.")
        keep = box.addButton("Let it go on", QMessageBox.ButtonRole.AcceptRole)
        cancel = box.addButton("Cancel the training", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
        box.exec()
        clicked = box.clickedButton()
        if clicked is cancel:
            self._retraining.trainer.cancel()
            return True
        return clicked is keep
