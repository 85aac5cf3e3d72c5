"""A participant withdraws, at any moment: the code is asked for, the session ends, and the data are erased."""

from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QInputDialog

from mile_desktop.rollout import messages as m
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.withdrawal import withdraw
from mile_desktop.ui.application import Application
from mile_desktop.ui.study.results_controller import ResultsController

_REST_MS = 200


class WithdrawalController(QObject):
    """Erases a participant; everything runs on the window's thread."""

    erasing = Signal(str)
    """The code of a participant who is erased next; a session of theirs has to end now."""
    erased = Signal()

    def __init__(self, application: Application, results: ResultsController, parent: QObject) -> None:
        super().__init__(parent)
        self._application = application
        self._results = results
        self._study: StudyFolder | None = None
        self._waiting = ""
        """Code of the participant whose episode is still being closed; empty: of none."""
        application.worker.episode_closed.connect(self._on_disk)
        application.worker.died.connect(self._on_disk)

    def use_study(self, study: StudyFolder | None) -> None:
        """Work with ``study``."""
        self._study = study
        self._waiting = ""

    def ask(self, code: str) -> None:
        """Erase only after the code was typed: it cannot be undone. The robot holds meanwhile."""
        worker = self._application.worker
        dialog = QInputDialog(self._application.window)
        dialog.setWindowTitle(f"{code} withdraws")
        dialog.setLabelText(f"Everything that was recorded of {code} is erased for good.\nType the code to confirm:")
        dialog.textValueSelected.connect(partial(self._answered, code))
        dialog.finished.connect(lambda _: worker.send(m.PauseRobot(paused=False)))
        dialog.finished.connect(dialog.deleteLater)
        worker.send(m.PauseRobot(paused=True))
        dialog.open()

    def _answered(self, code: str, text: str) -> None:
        if text.strip() == code:
            self.withdraw(code)
        else:
            said = text.strip() or "nothing"
            self._application.window.say("warning", f"Nothing was erased: found {said}, expected the code {code}.")

    def withdraw(self, code: str) -> None:
        """End the session of a participant, if it is open, and erase them."""
        if self._application.stop_episode():
            # The worker writes the episode after the stop. Erased before that, it would come back as a file.
            self._waiting = code
        else:
            self._end_session(code)

    def _on_disk(self, _: object) -> None:
        code, self._waiting = self._waiting, ""
        if code:
            self._end_session(code)

    def _end_session(self, code: str) -> None:
        self.erasing.emit(code)
        self._erase_at_rest(code)

    def _erase_at_rest(self, code: str) -> None:
        # The episode is on the disk a moment before the worker has come to rest, and a retraining that was cancelled
        # still writes for a moment.
        if self._application.in_episode or self._results.learning:
            QTimer.singleShot(_REST_MS, self, partial(self._erase_at_rest, code))
        else:
            self._erase(code)

    def _erase(self, code: str) -> None:
        workspace = self._application.workspace
        if self._study is None or workspace is None:
            return
        with self._application.errors_shown():
            done = withdraw(self._study, workspace.workspace, code)
            count = "1 episode was" if done.episodes == 1 else f"{done.episodes} episodes were"
            self._application.window.say("success", f"{code} has withdrawn: {count} erased. {' '.join(done.remaining)}")
        self._application.episodes_changed.emit()
        self.erased.emit()
