"""From the Calibrate button to the intervention model in use: runs the command, shows its result, undoes it."""

from PySide6.QtCore import QObject

from mile_desktop.rollout import messages as m
from mile_desktop.storage.records import InterventionModelRecord
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.command_client import CommandClient, progress_of
from mile_desktop.ui.learn.calibration_card import CalibrationPart
from mile_desktop.ui.learn.calibration_model import CalibrationResult
from mile_desktop.ui.shell.close_question import RunningWork
from mile_desktop.ui.shell.message_line import MessageAction
from mile_desktop.ui.widgets.dates import local_time

_TOPIC = "calibration"


class CalibrationController(QObject):
    """Owns the part of the Learn panel about cost and scale; everything runs on the window's thread.

    Calibration is ``mile-desktop calibrate --propose`` in its own process: supervision continues, and nothing changes
    until the person presses *Use*. Then ``calibrate --accept`` puts the proposal in force from the next episode on.
    """

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._application = application
        self._job = CommandClient(self)
        self._in_use: InterventionModelRecord | None = None
        self.part = CalibrationPart()
        self.part.start_requested.connect(self.calibrate)
        self.part.cancel_requested.connect(self._job.cancel)
        self.part.use_requested.connect(self._use)
        self.part.undo_requested.connect(self._undo)
        self._job.said.connect(self._said)
        self._job.failed.connect(self.part.show_failure)
        self._job.cancelled.connect(self.part.show_nothing)
        application.episodes_changed.connect(self._look)
        application.workspace_opened.connect(self._start_over)
        application.window.install_actions({"calibrate": self.calibrate})
        application.window.closing.connect(self._job.close)

    @property
    def running(self) -> bool:
        """Whether a calibration is running."""
        return self._job.running

    def running_work(self) -> RunningWork | None:
        """Return what runs, for the question before the window closes."""
        return RunningWork("A calibration is running. It ends with the window.") if self.running else None

    def calibrate(self) -> None:
        """Fit cost and scale to the recorded interventions of the scene that is loaded."""
        workspace = self._application.workspace
        if workspace is None or not self.part.can_calibrate:
            return
        if self._job.start("calibrate", "--workspace", str(workspace.folder), "--scene", self._application.scene,
                           "--propose"):  # fmt: skip
            self.part.show_progress(0.0, "Starting")

    def _use(self, model_id: str) -> None:
        workspace = self._application.workspace
        if workspace is None:
            return
        common = ("--workspace", str(workspace.folder), "--scene", self._application.scene)
        if self._job.start("calibrate", *common, "--accept", model_id):
            self.part.show_progress(0.5, "Putting the calibration in force")

    def _said(self, fields: dict[str, object]) -> None:
        if "progress" in fields:
            self.part.show_progress(*progress_of(fields))
            return
        if "accepted" in fields:
            self.part.show_accepted()
            self._look()
            undo = MessageAction("Undo", self._undo, _TOPIC)
            self._application.window.say("success", "The calibration is used from the next episode on.", undo)
            # The worker has the old numbers in memory and does not watch the files.
            self._application.worker.send(m.ReloadInterventionModel())
            return
        self.part.show_result(CalibrationResult.of(fields))

    def _undo(self) -> None:
        workspace = self._application.workspace
        if workspace is None or self._in_use is None:
            return
        self._application.window.messages.withdraw(_TOPIC)
        with self._application.errors_shown():
            workspace.catalogue.remove_intervention_model(self._in_use.model_id)
            # Before the message to the worker: the part must show what is in force when the worker's answer arrives.
            self._look()
            self.part.show_undone()
            self._application.worker.send(m.ReloadInterventionModel())

    def _start_over(self, _: object) -> None:
        # It works on the workspace that was open before.
        self._application.window.messages.withdraw(_TOPIC)
        self._job.cancel()
        self.part.show_nothing()
        self._look()

    def _look(self) -> None:
        workspace = self._application.workspace
        if workspace is None:
            return
        with self._application.errors_shown():
            summary = workspace.summary(self._application.scene)
            self._in_use = workspace.calibration(self._application.scene)
            self.part.show_takeovers(summary.takeovers)
            self.part.show_in_use(_sentence(self._in_use) if self._in_use else "")


def _sentence(calibration: InterventionModelRecord) -> str:
    made = local_time(calibration.created_at)
    return f"Calibrated {made}: cost {calibration.cost:.2f}, σ {calibration.cdf_scale:.2f}."
