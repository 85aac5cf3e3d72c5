"""Runs ``mile-desktop scorecard`` for the Inspect page, shows its result, and links its threshold to the live one."""

import tempfile
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject

from mile_desktop.evaluation.scorecard import Scorecard
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.command_client import CommandClient, progress_of
from mile_desktop.ui.inspect.controller import InspectController
from mile_desktop.ui.inspect.scorecard.bar import LEAST_DIFFERENCE
from mile_desktop.ui.shell.preferences import Preferences


class ScorecardController(QObject):
    """Owns the scorecard; everything runs on the window's thread.

    Scores come from ``mile-desktop scorecard`` in a process of its own, because they need networks. The threshold here
    is for looking: the live alarm keeps its own until the person presses *Use for the alarm*.
    """

    def __init__(self, application: Application, inspect_controller: InspectController) -> None:
        super().__init__(application)
        self._application = application
        self._job = CommandClient(self)
        self._list_file: Path | None = None
        self.panel = inspect_controller.scorecard
        self.panel.set_threshold(application.preferences.value.alert_threshold)
        self.panel.score_requested.connect(self.score)
        self.panel.cancel_requested.connect(self._job.cancel)
        self.panel.threshold_changed.connect(self._compare_with_live)
        self.panel.bar.apply_requested.connect(self._apply)
        self._live = application.preferences.value.alert_threshold
        self._compare_with_live()
        self._job.said.connect(self._handle_output)
        self._job.failed.connect(self.panel.show_failure)
        self._job.cancelled.connect(self.panel.show_idle)
        self._job.running_changed.connect(self._clean_up)
        application.preferences.changed.connect(self._preferences_changed)
        application.workspace_opened.connect(self._job.cancel)  # its scores are of episodes that are no longer shown
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
        # in a file, because thousands of ids do not fit on a command line
        try:
            with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False, encoding="utf-8") as file:
                file.write("\n".join(episode_ids))
        except OSError as error:
            self.panel.show_failure(f"The list of episodes could not be written: {error}.")
            return
        self._list_file = Path(file.name)
        common = ["--workspace", str(workspace.folder), "--scene", scene]
        selection = ["--episodes", f"@{self._list_file}"] if episode_ids else []
        self._job.start("scorecard", *common, *selection)
        self.panel.show_progress(0.0, "Starting")

    def _handle_output(self, fields: dict[str, object]) -> None:
        if "progress" in fields:
            self.panel.show_progress(*progress_of(fields))
        else:
            self.panel.show_card(msgspec.convert(fields, Scorecard))

    def _clean_up(self, running: bool) -> None:
        if not running and self._list_file is not None:
            # Only once the command has ended: it may read the file late.
            self._list_file.unlink(missing_ok=True)
            self._list_file = None

    def _compare_with_live(self, _: object = None) -> None:
        self.panel.bar.show_live_threshold(self._live)

    def _apply(self) -> None:
        """Use the threshold for the live alarm; it is set by hand from now on."""
        threshold = round(self.panel.threshold, 2)
        before = self._application.preferences.value
        self._application.preferences.change(alert_threshold=threshold, alert_line="by hand")
        self._application.window.say(
            "info",
            f"The alarm is raised above {threshold:.2f} from now on; before it was {before.alert_threshold:.2f}.",
        )

    def _preferences_changed(self, value: Preferences) -> None:
        if value.alert_threshold != self._live:
            # a person who looks at another threshold here keeps looking at it
            follows = abs(self.panel.threshold - self._live) < LEAST_DIFFERENCE
            self._live = value.alert_threshold
            if follows:
                self.panel.set_threshold(value.alert_threshold)
            self._compare_with_live()
