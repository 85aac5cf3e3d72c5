"""Asks the inspection process what a model says of the episode that is looked at."""

import numpy as np
from PySide6.QtCore import QObject

from mile_desktop.inspection import messages as i
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.records import InterventionModelRecord
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.clients.inspection_client import InspectionClient
from mile_desktop.ui.inspect.episodes_table_model import local_time
from mile_desktop.ui.inspect.model import RecordedEpisode
from mile_desktop.ui.inspect.prediction_bar import AppraisalBar, Asked, Choice
from mile_desktop.ui.inspect.timeline.panel import Timeline
from mile_desktop.ui.inspect.timeline.probability_plot import Appraisal


class AppraisalController(QObject):
    """Owns the choices above the timeline; everything runs on the window's thread."""

    def __init__(self, client: InspectionClient, timeline: Timeline, parent: QObject) -> None:
        super().__init__(parent)
        self._client = client
        self._timeline = timeline
        self._workspace: Workspace | None = None
        self._recording: RecordedEpisode | None = None
        self._job = 0
        self._asked: Asked | None = None
        self.bar = AppraisalBar()
        self.bar.asked_changed.connect(self.ask)
        client.appraised.connect(self._appraised)
        client.ended.connect(self._ended)

    def look_at(self, workspace: Workspace | None, recording: RecordedEpisode | None) -> None:
        """Turn to another recording, and ask again what was asked of the one before.

        Raises ``WorkspaceError`` as the catalogue.
        """
        self._workspace, self._recording = workspace, recording
        self.offer()
        self.ask()

    def offer(self) -> None:
        """Offer the models and policies there are now. Raises ``WorkspaceError`` as the catalogue."""
        workspace, recording = self._workspace, self._recording
        if workspace is not None and recording is not None:
            scene = recording.episode.record.start.scene
            catalogue = Catalogue(workspace)
            names = {each.policy_id: each.name for each in catalogue.policies(scene)}
            models = [_as_choice(each, names) for each in reversed(catalogue.intervention_models(scene))]
            policies = [Choice(policy_id, name, policy_id) for policy_id, name in reversed(names.items())]
            self.bar.offer((Choice("", "model in use"), *models), policies)

    def ask(self) -> None:
        """Ask what the bar says, or nothing."""
        asked, workspace, recording = self.bar.asked, self._workspace, self._recording
        self._timeline.show_appraisal(None)
        self._cancel()
        if asked is None or workspace is None or recording is None:
            return
        self._job, self._asked = self._client.new_job(), asked
        self.bar.say("computing …")
        self._client.send(
            i.Appraise(
                job=self._job,
                workspace=str(workspace.folder),
                episode_id=recording.episode.record.episode_id,
                model=asked.model,
                source=asked.source,
                policy=asked.policy,
            )
        )

    def _cancel(self) -> None:
        if self._job:
            self._client.send(i.CancelJob(job=self._job))
            self._job = 0

    def _appraised(self, said: i.Appraised) -> None:
        if said.job != self._job or self._asked is None:
            return
        self._job = 0
        columns = (said.probability, said.low, said.high, said.forecast)
        arrays = (i.unpacked(each).astype(np.float64) for each in columns)

        self._timeline.show_appraisal(Appraisal(self._asked.title, *arrays))
        learned = "it has learned from this episode" if said.has_learned else ""
        self.bar.say(" · ".join(words for words in (said.basis, learned) if words))

    def _ended(self, ended: i.JobEnded) -> None:
        if ended.job == self._job:
            self._job = 0
            self.bar.say(ended.problem)


def _as_choice(record: InterventionModelRecord, names: dict[str, str]) -> Choice:
    policy = names.get(record.policy_id, record.policy_id)
    tip = f"{record.model_id}: {record.takeovers} takeovers, c {record.cost:.3g}, σ {record.cdf_scale:.3g}"
    what = "calibration" if record.run_id is None else "model"
    return Choice(record.model_id, f"{what} of {local_time(record.created_at)[5:]} ({policy})", tip)
