"""Between the Inspect page's selection and its scorecard: runs the command, shows what it found, goes to steps."""

import tempfile
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject

from mile_desktop.evaluation.scorecard import Scorecard
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.errors import WorkspaceError
from mile_desktop.ui.desk import Desk
from mile_desktop.ui.inspect.inspecting import Inspecting
from mile_desktop.ui.inspect.scorecard import ScorecardPanel
from mile_desktop.ui.job_client import JobClient
from mile_desktop.ui.preferences import Preferences


class ScorecardKeeping(QObject):
    """Owns the scorecard; everything runs on the window's thread.

    Scores come from ``mile-desktop scorecard`` in a process of its own. The threshold is the live one: moved here or on
    the Supervise page, it moves in both.
    """

    def __init__(self, desk: Desk, inspecting: Inspecting) -> None:
        super().__init__(desk)
        self._desk = desk
        self._inspecting = inspecting
        self._job = JobClient(self)
        self._list: Path | None = None
        self.panel = ScorecardPanel()
        self.panel.set_threshold(desk.preferences.value.alert_threshold)
        inspecting.page.add_tab(self.panel, "Scorecard")
        self.panel.score_requested.connect(self.score)
        self.panel.cancel_requested.connect(self._job.cancel)
        self.panel.step_chosen.connect(self._go_to)
        self.panel.threshold_changed.connect(self._threshold_changed)
        self._job.said.connect(self._said)
        self._job.failed.connect(self.panel.show_failure)
        self._job.cancelled.connect(self.panel.show_nothing)
        self._job.running_changed.connect(self._clean_up)
        inspecting.page.episodes.selection_changed.connect(self._selection_changed)
        desk.preferences.changed.connect(self._preferences_changed)
        desk.window.closing.connect(self._job.close)

    @property
    def running(self) -> bool:
        """Whether episodes are being scored."""
        return self._job.running

    def score(self, scene: str, episode_ids: tuple[str, ...]) -> None:
        """Score the episodes."""
        library = self._desk.library
        if library is None or self._job.running:
            return
        try:
            with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False, encoding="utf-8") as file:
                file.write("\n".join(episode_ids))
        except OSError as error:
            self.panel.show_failure(f"The list of episodes could not be written: {error}.")
            return
        self._list = Path(file.name)
        common = ["--workspace", str(library.folder), "--scene", scene]
        self._job.start("scorecard", *common, "--episodes", f"@{self._list}")
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

    def _selection_changed(self) -> None:
        library, chosen = self._desk.library, self._inspecting.page.episodes.selected
        if library is None or not chosen:
            self.panel.show_selection("", ())
            return
        catalogue = Catalogue(library.workspace)
        try:
            scene = catalogue.episode(chosen[0]).start.scene
            if len(chosen) == 1:  # one is always chosen, the one that is looked at: then all of its scene are meant
                chosen = tuple(record.episode_id for record in catalogue.episodes(scene))
        except WorkspaceError as error:
            self._desk.trouble.complain(error)
            return
        self.panel.show_selection(scene, chosen)

    def _go_to(self, episode_id: str, row: int) -> None:
        page = self._inspecting.page
        if not page.episodes.choose(episode_id):
            page.episodes.clear_filter()
            self._inspecting.refresh()
            page.episodes.choose(episode_id)
        self._inspecting.look()
        page.show_episode_tab()
        self._inspecting.playing.go(row)

    def _threshold_changed(self, threshold: float) -> None:
        self._desk.preferences.change(alert_threshold=threshold)

    def _preferences_changed(self, value: Preferences) -> None:
        if value.alert_threshold != self.panel.threshold:
            self.panel.set_threshold(value.alert_threshold)
