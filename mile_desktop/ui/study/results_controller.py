"""Analysis, export and retraining of a study: commands in processes of their own, because they need torch."""

import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from mile_desktop.study.withdrawal import RESULTS
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.command_client import CommandClient
from mile_desktop.ui.study.page import OverviewPanel

_REPORT = "report.html"
_RETRY_MS = 500


class ResultsController(QObject):
    """Runs ``mile-desktop study analyse``, ``export`` and ``learn``; everything runs on the window's thread."""

    def __init__(self, application: Application, panel: OverviewPanel) -> None:
        super().__init__(application)
        self._application = application
        self._panel = panel
        self._folder: Path | None = None
        self._job = CommandClient(self)
        self._learner = CommandClient(self)
        self._trained: Callable[[str], None] = _ignore
        self._said = ""
        panel.analyse_asked.connect(self._analyse_or_cancel)
        panel.export_asked.connect(self._choose_target)
        panel.report_asked.connect(self._open_report)
        self._job.said.connect(self._follow)
        self._job.failed.connect(self._failed)
        self._job.finished.connect(self._finished)
        self._job.cancelled.connect(self._cancelled)
        self._learner.said.connect(self._learned)
        self._learner.failed.connect(self._not_learned)
        application.workspace_opened.connect(self._stop)
        application.window.closing.connect(self._job.close)
        application.window.closing.connect(self._learner.close)

    def use_study(self, folder: Path | None) -> None:
        """Work with the study in ``folder``."""
        self._folder = folder
        self._refresh()

    def learn(self, code: str, trained: Callable[[str], None]) -> None:
        """Retrain a participant's policy between two rounds; ``trained`` gets the id of the new one."""
        if self._folder is None:
            return
        self._trained = trained
        if not self._learner.start_program(_command("learn", str(self._folder), code)):
            # A session that was left and goes on at once: the cancelled training is still ending.
            QTimer.singleShot(_RETRY_MS, self, lambda: self.learn(code, trained))

    def stop_learning(self) -> None:
        """End a retraining: the session was left, and it is trained again when the session goes on."""
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
            self._panel.show_job(f"{float(str(fields['progress'])):.0%}  {fields['text']}", running=True)
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
            self._trained(str(fields["policy"]))

    def _not_learned(self, text: str) -> None:
        self._application.window.say("error", f"The policy was not retrained: {text} Leave the session and go on.")

    def _stop(self, _: object) -> None:
        self._job.cancel()
        self._learner.cancel()

    def _refresh(self) -> None:
        there = self._folder is not None and (self._folder / RESULTS / _REPORT).is_file()
        self._panel.report.setEnabled(there)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "mile_desktop", "study", "--json", *arguments]


def _ignore(_: str) -> None:
    """Take no result: nothing was asked for."""
