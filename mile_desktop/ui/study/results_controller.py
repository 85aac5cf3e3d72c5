"""Analysis, export and retraining of a study: commands in processes of their own, because they need torch."""

import sys
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from mile_desktop.study.withdrawal import RESULTS
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.command_client import CommandClient, progress_of
from mile_desktop.ui.study.page import OverviewPanel

_REPORT = "report.html"
_RETRY_MS = 500


class ResultsController(QObject):
    """Runs ``mile-desktop study analyse``, ``export`` and ``learn``; everything runs on the window's thread."""

    trained = Signal(str)
    """A retraining is finished; carries the id of the new policy."""
    training_progressed = Signal(float)
    """How much of a retraining is done, 0 to 1."""
    not_trained = Signal(str)
    """A retraining has failed; carries the reason."""

    def __init__(self, application: Application, panel: OverviewPanel) -> None:
        super().__init__(application)
        self._application = application
        self._panel = panel
        self._folder: Path | None = None
        self._job = CommandClient(self)
        self._learner = CommandClient(self)
        self._said = ""
        self._learns = ""
        panel.analyse_asked.connect(self._analyse_or_cancel)
        panel.export_asked.connect(self._choose_target)
        panel.report_asked.connect(self._open_report)
        self._job.said.connect(self._follow)
        self._job.failed.connect(self._failed)
        self._job.finished.connect(self._finished)
        self._job.cancelled.connect(self._cancelled)
        self._learner.said.connect(self._learned)
        self._learner.failed.connect(self.not_trained)
        application.workspace_opened.connect(self._stop)
        application.window.closing.connect(self._job.close)
        application.window.closing.connect(self._learner.close)

    def use_study(self, folder: Path | None) -> None:
        """Work with the study in ``folder``."""
        self._folder = folder
        self._refresh()

    def learn(self, code: str) -> None:
        """Retrain a participant's policy between two rounds; ``trained`` or ``not_trained`` follows."""
        if self._folder is None:
            return
        self._learns = code
        if not self._learner.start_program(_command("learn", str(self._folder), code)):
            # A session that was left and goes on at once: the cancelled training is still ending.
            QTimer.singleShot(_RETRY_MS, self, self._learn_again)

    def _learn_again(self) -> None:
        # Empty when the session was left a second time while this waited.
        if self._learns:
            self.learn(self._learns)

    @property
    def learning(self) -> bool:
        """Whether a retraining runs, or is still ending."""
        return self._learner.running

    def stop_learning(self) -> None:
        """End a retraining: the session was left, and it is trained again when the session goes on."""
        self._learns = ""
        self._learner.cancel()

    def analyse(self) -> None:
        """Analyse the study; the report replaces the last one."""
        if self._folder is not None and self._job.start_program(_command("analyse", str(self._folder))):
            self._panel.show_job("The analysis begins.", running=True)

    def export(self, target: str) -> None:
        """Write the tables of the study."""
        if self._folder is not None and self._job.start_program(_command("export", str(self._folder), target)):
            self._panel.show_job("The tables are being written.", running=True)

    def _analyse_or_cancel(self) -> None:
        if self._job.running:
            self._job.cancel()
        else:
            self.analyse()

    def _choose_target(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._application.window, "New folder for the tables")
        if folder:
            self.export(str(Path(folder) / "study-export"))

    def _open_report(self) -> None:
        if self._folder is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder / RESULTS / _REPORT)))

    def _follow(self, fields: dict[str, object]) -> None:
        if "progress" in fields:
            share, text = progress_of(fields)
            self._panel.show_job(f"{share:.0%}  {text}", running=True)
        self._said = str(fields.get("text", self._said))

    def _finished(self) -> None:
        self._panel.show_job(self._said, running=False)
        self._refresh()

    def _failed(self, text: str) -> None:
        self._panel.show_job(text, running=False)

    def _cancelled(self) -> None:
        self._panel.show_job("Cancelled.", running=False)

    def _learned(self, fields: dict[str, object]) -> None:
        if "policy" in fields and "participant" in fields:
            self.trained.emit(str(fields["policy"]))
        elif "progress" in fields:
            self.training_progressed.emit(float(str(fields["progress"])))

    def _stop(self, _: object) -> None:
        self._job.cancel()
        self.stop_learning()

    def _refresh(self) -> None:
        there = self._folder is not None and (self._folder / RESULTS / _REPORT).is_file()
        self._panel.report.setEnabled(there)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "mile_desktop", "study", "--json", *arguments]
