"""Lets the inspection process predict p of the shown episode again."""

import numpy as np
from PySide6.QtCore import QObject

from mile_desktop.inspection import messages as i
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.records import InterventionModelRecord
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.clients.inspection_client import InspectionClient
from mile_desktop.ui.inspect.episodes_table_model import table_time
from mile_desktop.ui.inspect.model import Option, PredictionRequest, RecordedEpisode
from mile_desktop.ui.inspect.prediction_bar import PredictionBar
from mile_desktop.ui.inspect.timeline.model import Prediction
from mile_desktop.ui.inspect.timeline.panel import Timeline


class PredictionController(QObject):
    """Owns the choices above the timeline; everything runs on the window's thread.

    The window cannot load a network, so the inspection process computes; only the newest request counts.
    """

    def __init__(self, client: InspectionClient, timeline: Timeline, parent: QObject) -> None:
        super().__init__(parent)
        self._client = client
        self._timeline = timeline
        self._workspace: Workspace | None = None
        self._recording: RecordedEpisode | None = None
        self._job = 0
        self._request: PredictionRequest | None = None
        self.bar = PredictionBar()
        self.bar.request_changed.connect(self.send_request)
        client.predicted_again.connect(self._predicted)
        client.ended.connect(self._ended)

    def show_recording(self, workspace: Workspace | None, recording: RecordedEpisode | None) -> None:
        """Show another recording, and request the prediction for it that the bar names.

        Raises ``WorkspaceError`` as the catalogue.
        """
        self._workspace, self._recording = workspace, recording
        self.offer()
        self.send_request()

    def offer(self) -> None:
        """Offer the models and policies of the workspace. Raises ``WorkspaceError`` as the catalogue."""
        workspace, recording = self._workspace, self._recording
        if workspace is not None and recording is not None:
            scene = recording.episode.record.start.scene
            catalogue = Catalogue(workspace)
            names = {each.policy_id: each.name for each in catalogue.policies(scene)}
            models = [_as_option(each, names) for each in reversed(catalogue.intervention_models(scene))]
            policies = [Option(policy_id, name, policy_id) for policy_id, name in reversed(names.items())]
            self.bar.offer((Option("", "model in use"), *models), policies)

    def send_request(self) -> None:
        """Request what the bar names; an earlier request is cancelled."""
        request, workspace, recording = self.bar.request, self._workspace, self._recording
        # The old curve would stand under the new choice until the answer comes.
        self._timeline.show_prediction(None)
        self._cancel()
        if request is None or workspace is None or recording is None:
            return
        self._job, self._request = self._client.new_job(), request
        self.bar.show_message("computing …")
        self._client.send(
            i.PredictAgain(
                job=self._job,
                workspace=str(workspace.folder),
                episode_id=recording.episode.record.episode_id,
                model=request.model,
                source=request.source,
                policy=request.policy,
            )
        )

    def _cancel(self) -> None:
        if self._job:
            self._client.send(i.CancelJob(job=self._job))
            self._job = 0

    def _predicted(self, answer: i.PredictedAgain) -> None:
        # The process may have answered before it received the cancellation: then the number is an old one.
        if answer.job != self._job or self._request is None:
            return
        self._job = 0
        columns = (answer.probability, answer.low, answer.high, answer.forecast)
        arrays = (i.unpacked(each).astype(np.float64) for each in columns)
        self._timeline.show_prediction(Prediction(self._request.title, *arrays))
        # A model is always good on its own training data; a person must know that here.
        trained = "it was trained on this episode" if answer.trained_on_episode else ""
        self.bar.show_message(" · ".join(part for part in (answer.basis, trained) if part))

    def _ended(self, ended: i.JobEnded) -> None:
        if ended.job == self._job:
            self._job = 0
            self.bar.show_message(ended.problem)


def _as_option(record: InterventionModelRecord, names: dict[str, str]) -> Option:
    policy = names.get(record.policy_id, record.policy_id)
    tip = f"{record.model_id}: {record.takeovers} takeovers, c {record.cost:.3g}, σ {record.cdf_scale:.3g}"
    what = "calibration" if record.run_id is None else "model"
    return Option(record.model_id, f"{what} of {table_time(record.created_at)[5:]} ({policy})", tip)
