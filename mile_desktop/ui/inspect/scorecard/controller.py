"""Fills the Inspect page's scorecard: runs the command, shows what it found, keeps its threshold the live one."""

import tempfile
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QTimer

from mile_desktop.evaluation.scorecard import Scorecard
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.command_client import CommandClient
from mile_desktop.ui.inspect.controller import InspectController
from mile_desktop.ui.shell.preferences import Preferences

_REST_MS = 250
"""A threshold that is dragged counts elsewhere when it has come to rest."""


class ScorecardController(QObject):
    """Serves the scorecard; everything runs on the window's thread.

    Scores come from ``mile-desktop scorecard`` in a process of its own. The threshold is the live one: moved here or on
    the Supervise page, it moves in both.
    """

    def __init__(self, application: Application, inspecting: InspectController) -> None:
        super().__init__(application)
        self._application = application
        self._job = CommandClient(self)
        self._list: Path | None = None
        self.panel = inspecting.scorecard
        self.panel.set_threshold(application.preferences.value.alert_threshold)
        self.panel.score_requested.connect(self.score)
        self.panel.cancel_requested.connect(self._job.cancel)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._keep_threshold)
        self.panel.threshold_changed.connect(self._threshold_moved)
        self._job.said.connect(self._said)
        self._job.failed.connect(self.panel.show_failure)
        self._job.cancelled.connect(self.panel.show_nothing)
        self._job.running_changed.connect(self._clean_up)
        application.preferences.changed.connect(self._preferences_changed)
        application.window.closing.connect(self._job.close)

    @property
    def running(self) -> bool:
        """Whether episodes are being scored."""
        return self._job.running

    def score(self, scene: str, episode_ids: tuple[str, ...]) -> None:
        """Score the episodes; none: all of the scene."""
        workspace = self._application.workspace
        if workspace is None or self._job.running:
            return
        try:
            with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False, encoding="utf-8") as file:
                file.write("\n".join(episode_ids))
        except OSError as error:
            self.panel.show_failure(f"The list of episodes could not be written: {error}.")
            return
        self._list = Path(file.name)
        common = ["--workspace", str(workspace.folder), "--scene", scene]
        chosen = ["--episodes", f"@{self._list}"] if episode_ids else []
        self._job.start("scorecard", *common, *chosen)
        self.panel.show_progress(0.0, "Starting")

    def _said(self, fields: dict[str, object]) -> None:
        if "progress" in fields:
            self.panel.show_progress(float(str(fields["progress"])), str(fields["text"]))
        else:
            self.panel.show_card(msgspec.convert(fields, Scorecard))

    def _clean_up(self, running: bool) -> None:
        if not running and self._list is not None:
            self._list.unlink(missing_ok=True)
            self._list = None

    def _threshold_moved(self, _: float) -> None:
        self._rest.start()

    def _keep_threshold(self) -> None:
        self._application.preferences.change(alert_threshold=self.panel.threshold)

    def _preferences_changed(self, value: Preferences) -> None:
        if value.alert_threshold != self.panel.threshold and not self._rest.isActive():
            self.panel.set_threshold(value.alert_threshold)
