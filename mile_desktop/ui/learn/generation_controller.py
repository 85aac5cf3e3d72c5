"""From the button *Generate data* to a set of generated episodes: runs the command and shows the sets that exist."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject

from mile_desktop.scenes.catalogue import scenes
from mile_desktop.storage.generated_sets import (
    GENERATED,
    GeneratedSet,
    erase_removed_sets,
    generated_sets,
    put_set_aside,
    put_set_back,
)
from mile_desktop.storage.records import SHIFT
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.command_client import CommandClient, progress_of
from mile_desktop.ui.learn.data_part import DataPart
from mile_desktop.ui.learn.generation_part import ALL, GenerationPart, SetLine
from mile_desktop.ui.shell.close_question import RunningWork
from mile_desktop.ui.shell.message_line import MessageAction
from mile_desktop.ui.widgets.dates import local_time
from mile_desktop.ui.workspace_session import WorkspaceSession

_REMOVAL = "removal of generated data"
"""Topic of the message whose Undo puts sets back."""


class GenerationController(QObject):
    """Owns the part of the Learn panel about generated data; everything runs on the window's thread.

    ``mile-desktop generate`` runs in a process of its own that ends with the window. The tick that lets a training
    learn from the result is in the part about the data.
    """

    def __init__(self, application: Application, data: DataPart) -> None:
        super().__init__(application)
        self._application = application
        self._data = data
        self._job = CommandClient(self)
        self.part = GenerationPart()
        self.part.start_requested.connect(self.generate)
        self.part.cancel_requested.connect(self._job.cancel)
        self.part.remove_requested.connect(self._remove)
        self._job.said.connect(self._said)
        self._job.failed.connect(self.part.show_failure)
        self._job.cancelled.connect(self._cancelled)
        self._job.finished.connect(self._finished)
        application.episodes_changed.connect(self.look)
        # A training fits the model that generation needs.
        application.policies_changed.connect(self.look)
        application.workspace_opened.connect(self._start_over)
        application.window.closing.connect(self._job.close)

    @property
    def running(self) -> bool:
        """Whether episodes are being generated."""
        return self._job.running

    def running_work(self) -> RunningWork | None:
        """Return what runs, for the question before the window closes."""
        return RunningWork("Data is being generated. It ends with the window.") if self.running else None

    def generate(self) -> None:
        """Generate for the policy that drives the scene that is loaded."""
        if self.part.can_generate and self._run("--background"):
            self.part.show_progress(0.0, "Starting")

    def _remove(self, asked: str) -> None:
        """Remove one set or all of the scene. It is a rename, so it needs no process, and can be undone."""
        workspace = self._application.workspace
        if workspace is None:
            return
        with self._application.errors_shown():
            known = [each.set_id for each in generated_sets(workspace.workspace, self._application.scene)]
            removed = known if asked == ALL else [asked]
            for set_id in removed:
                put_set_aside(workspace.workspace, set_id)
            undo = MessageAction("Undo", partial(self._put_back, workspace, removed), _REMOVAL)
            count = "" if len(removed) == 1 else f" ({len(removed)} sets)"
            self._application.window.say("info", f"Removed generated data{count}.", undo)
        self.part.show_result("")
        self._application.episodes_changed.emit()

    def _put_back(self, workspace: WorkspaceSession, set_ids: Sequence[str]) -> None:
        if workspace is self._application.workspace:
            with self._application.errors_shown():
                for set_id in set_ids:
                    put_set_back(workspace.workspace, set_id)
            self._application.episodes_changed.emit()

    def _run(self, *arguments: str) -> bool:
        workspace = self._application.workspace
        if workspace is None:
            return False
        common = ("--workspace", str(workspace.folder), "--scene", self._application.scene)
        return self._job.start("generate", *common, *arguments)

    def _said(self, fields: dict[str, object]) -> None:
        if "progress" in fields:
            self.part.show_progress(*progress_of(fields))
        else:
            self.part.show_result(
                f"{fields['episodes']} of {fields['tried']} episodes ended in success and were kept, with "
                f"{fields['corrected_steps']} steps by the model of you."
            )

    def _finished(self) -> None:
        # Every page that lists episodes looks again, this part included.
        self._application.episodes_changed.emit()

    def _cancelled(self) -> None:
        self.part.show_result("Cancelled; nothing was kept.")

    def look(self, _: object = None) -> None:
        """Show the generated sets of the loaded scene."""
        workspace, scene = self._application.workspace, self._application.scene
        if workspace is None:
            return
        with self._application.errors_shown():
            simulated = any(info.name == scene for info in scenes())
            model = workspace.catalogue.latest_intervention_model(scene)
            self.part.show_possible(simulated and model is not None and model.takeovers > 0)
            sets = generated_sets(workspace.workspace, scene)
            episodes = sum(each.episodes for each in sets)
            names = {each.policy_id: each.name for each in workspace.catalogue.policies(scene)}
            self.part.show_sets([_line(each, names.get(each.policy_id, each.policy_id)) for each in sets])
            self._data.show_generated(episodes)
            shifted = sum(SHIFT in each.start.extra for each in workspace.catalogue.episodes(scene))
            self._data.show_shifted(shifted)

    def _start_over(self, workspace: WorkspaceSession) -> None:
        # It works on the workspace that was open before.
        self._job.cancel()
        self.part.show_nothing()
        # What an earlier window removed: its Undo ended with it.
        with self._application.errors_shown():
            erase_removed_sets(workspace.workspace)
        self._application.window.messages.withdraw(_REMOVAL)
        self.look()


def _line(each: GeneratedSet, policy: str) -> SetLine:
    title = f"Generated {local_time(each.created_at)} for {policy}: {each.episodes} episodes, {each.steps} steps"
    tip = (
        f"{each.episodes} of {each.tried} episodes ended in success and were kept, with {each.takeovers} takeovers and "
        f"{each.corrected_steps} steps by the model of you. Scenes drawn from {each.randomisation}. Kept apart from "
        f"your episodes, in {GENERATED}/{each.set_id}"
    )
    return SetLine(each.set_id, title, tip)
