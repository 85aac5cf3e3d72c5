"""From *Find out why* to a retraining without the cause; the search runs in its own process."""

from dataclasses import replace

from PySide6.QtCore import QObject

from mile_desktop.learning.data_hygiene import TakeoverPlace
from mile_desktop.learning.step_problem import StepProblem
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.command_client import CommandClient, progress_of
from mile_desktop.ui.learn.explanation_part import Remedy
from mile_desktop.ui.learn.model import RetrainRequest
from mile_desktop.ui.learn.page import LearnPanel


class ExplanationController(QObject):
    """Runs ``mile-desktop explain-loss`` for the newest policy; everything runs on the window's thread."""

    def __init__(self, application: Application, panel: LearnPanel) -> None:
        super().__init__(application)
        self._application = application
        self._panel = panel
        self._part = panel.explanation
        self._job = CommandClient(self)
        self._part.explain_requested.connect(self.explain)
        self._part.cancel_requested.connect(self._job.cancel)
        self._part.retrain_requested.connect(self._retrain)
        self._job.said.connect(self._said)
        self._job.failed.connect(self._part.show_failure)
        self._job.cancelled.connect(self._part.clear)
        application.workspace_opened.connect(self._start_over)
        application.window.closing.connect(self._job.close)

    @property
    def running(self) -> bool:
        """Whether the cause is being looked for."""
        return self._job.running

    def explain(self) -> None:
        """Look for what made the newest policy worse."""
        workspace, policy = self._application.workspace, self._panel.trained_policy
        if workspace is None or not policy:
            return
        common = ("--workspace", str(workspace.folder), "--scene", self._application.scene, "--background")
        if self._job.start("explain-loss", *common, "--policy", policy):
            self._part.show_progress(0.0, "Starting")

    def _said(self, fields: dict[str, object]) -> None:
        if "progress" in fields:
            self._part.show_progress(*progress_of(fields))
        elif "explanation" in fields:
            self._part.show_explanation(str(fields["explanation"]), _remedy(fields) if fields["helps"] else None)

    def _retrain(self, remedy: Remedy) -> None:
        self._panel.retrain_requested.emit(without(self._panel.request, remedy))

    def _start_over(self, _: object) -> None:
        self._job.cancel()
        self._part.clear()


def without(request: RetrainRequest, remedy: Remedy) -> RetrainRequest:
    """Return ``request`` with the change that ``remedy`` names."""
    settings = request.settings
    left_out = tuple(dict.fromkeys((*settings.left_out, *remedy.problems)))
    seed = settings.seed if remedy.seed is None else remedy.seed
    return replace(
        request,
        settings=replace(settings, left_out=left_out, seed=seed),
        left_out=(*request.left_out, *remedy.takeovers),
    )


def _remedy(fields: dict[str, object]) -> Remedy:
    places, problems, seed = fields["leave_out"], fields["problems"], fields["seed"]
    return Remedy(
        takeovers=tuple(TakeoverPlace(str(name), int(row)) for name, row in places) if isinstance(places, list) else (),
        problems=tuple(StepProblem(str(each)) for each in problems) if isinstance(problems, list) else (),
        seed=None if seed is None else int(str(seed)),
    )
