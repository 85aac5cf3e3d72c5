"""Checks the recorded data of the scene in the background and shows what it found in the Learn panel."""

from PySide6.QtCore import QObject

from mile_desktop.learning.data_hygiene import DoubtfulSpan
from mile_desktop.learning.step_problem import StepProblem
from mile_desktop.storage.browse import takeovers_by_operator
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.command_client import CommandClient
from mile_desktop.ui.learn.data_part import DataPart, FoundProblem

_Checked = tuple[str, str, int, int]
"""Workspace, scene, episodes and human steps: what is checked again only when one of them changes."""


class DataController(QObject):
    """Runs ``mile-desktop check-data`` at the lowest priority; everything runs on the window's thread.

    Reading all episodes takes too long for the window's thread, and the symmetry needs the simulator.
    """

    def __init__(self, application: Application, part: DataPart) -> None:
        super().__init__(application)
        self._application = application
        self._part = part
        self._job = CommandClient(self)
        self._checked: _Checked | None = None
        self._job.said.connect(self._found)
        self._job.failed.connect(self._failed)
        self._job.finished.connect(self.check)
        application.episodes_changed.connect(self.check)
        application.episodes_changed.connect(self._show_operators)
        application.workspace_opened.connect(self._start_over)
        application.window.closing.connect(self._job.close)

    @property
    def running(self) -> bool:
        """Whether a check is running."""
        return self._job.running

    def check(self) -> None:
        """Check now if the data has changed since the last check; a running check is followed by another one."""
        workspace = self._application.workspace
        # A study leaves the processor to the robot, and nobody looks at the Learn panel.
        if workspace is None or self._job.running or self._application.guided:
            return
        scene = self._application.scene
        with self._application.errors_shown():
            summary = workspace.summary(scene)
            wanted = (str(workspace.folder), scene, summary.episodes, summary.human_steps)
            self._part.show_human_steps(summary.human_steps)
            if wanted == self._checked:
                return
            # New episodes alone leave the old counts on screen until the new ones arrive; those of another scene must
            # go at once.
            if self._checked is not None and self._checked[:2] != wanted[:2]:
                self._part.clear()
            # Set when the check starts and not when it ends: one that fails is not started again until the data
            # changes.
            self._checked = wanted
            if not summary.takeovers:
                self._part.clear()
                return
            if not self._part.has_result:
                self._part.show_checking()
            self._job.start("check-data", "--workspace", str(workspace.folder), "--scene", scene, "--background")

    def _show_operators(self) -> None:
        workspace = self._application.workspace
        if workspace is None:
            return
        with self._application.errors_shown():
            found = takeovers_by_operator(workspace.workspace, self._application.scene)
            self._part.operators.show_takeovers(found)

    def _found(self, fields: dict[str, object]) -> None:
        if "symmetry" in fields:
            refused = fields["refused"]
            sentences = [str(each) for each in refused] if isinstance(refused, list) else []
            self._part.show_symmetry(str(fields["symmetry"]), sentences)
            return
        problem, places = StepProblem(str(fields["problem"])), fields["places"]
        found = places if isinstance(places, list) else []
        spans = tuple(DoubtfulSpan(problem, str(name), int(first), int(steps)) for name, first, steps in found)
        self._part.show_problem(FoundProblem(problem, int(str(fields["steps"])), spans, int(str(fields["simulated"]))))

    def _failed(self, text: str) -> None:
        self._application.window.say("warning", f"The recorded data was not checked: {text}")

    def _start_over(self, _: object) -> None:
        self._job.cancel()
        self._checked = None
        self._part.clear()
        self.check()
