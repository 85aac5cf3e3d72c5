"""From the Learn panel's button to the next policy: starts the trainer, follows it, acts on the person's word."""

import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject

from mile_desktop.learning.progress import AnyRunEvent, Compared, Failed, Finished, Trained
from mile_desktop.storage.errors import WorkspaceError
from mile_desktop.storage.ids import new_id
from mile_desktop.ui.desk import Desk
from mile_desktop.ui.learn.model import LearnSummary, Settings
from mile_desktop.ui.learn.panel import LearnPanel
from mile_desktop.ui.learn.trainer_client import TrainerClient, TrainerRunningError
from mile_desktop.ui.library import Library, Shelf

_PID_FILE = "trainer.pid"
_MORE = 3
"""Evaluate more: so many times as many starts as before."""


class Retraining(QObject):
    """Owns the Learn panel and the trainer it follows; everything runs on the window's thread.

    The trainer is a process of its own: supervision goes on, and a new policy drives only when the person says so.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._previous = ""
        self._compared: Compared | None = None
        self.panel = LearnPanel()
        self.trainer = TrainerClient(self)
        self._connect()

    def _connect(self) -> None:
        desk, panel = self._desk, self.panel
        desk.library_opened.connect(self._find_running)
        desk.shelf_changed.connect(self._show_shelf)
        desk.episodes_changed.connect(self._show_summary)
        self.trainer.event_read.connect(panel.on_event)
        self.trainer.event_read.connect(self._event)
        self.trainer.running_changed.connect(panel.show_running)
        panel.retrain_requested.connect(self.retrain)
        panel.cancel_requested.connect(self.trainer.cancel)
        panel.use_requested.connect(self._use)
        panel.keep_requested.connect(self._keep)
        panel.evaluate_more_requested.connect(self._evaluate_more)
        panel.go_back_requested.connect(self._go_back)

    def retrain(self, settings: dict[str, object]) -> None:
        """Start a training run from the policy that drives, with what the panel says."""
        if self._desk.library is None:
            return
        self._compared = None
        parent = self._desk.library.catalogue.promoted(self._desk.scene)
        chosen = Settings(**settings)  # type: ignore[arg-type]
        arguments = [*chosen.arguments(), *(("--parent", parent) if parent else ())]
        self._start("train", new_id("run"), arguments)

    def leave(self) -> None:
        """Follow no more; the trainer goes on for the next window."""
        self.trainer.leave()

    def _start(self, word: str, run_id: str, arguments: Sequence[str]) -> None:
        library = self._desk.library
        if library is None:
            return
        folder = library.run_folder(run_id)
        common = ["--workspace", str(library.folder), "--scene", self._desk.scene, "--run-id", run_id, "--background"]
        command = [sys.executable, "-m", "mile_desktop", word, "--json", *common, *arguments]
        try:
            self.trainer.start(command, folder)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _PID_FILE).write_text(str(self.trainer.pid or ""))
        except (OSError, TrainerRunningError) as error:
            self._desk.window.say("error", f"The training could not be started: {error}")

    def _find_running(self, library: Library) -> None:
        """Follow a trainer that an earlier window left at work; one that died is marked as failed."""
        for run in library.catalogue.runs():
            if run.state != "running":
                continue
            folder = library.run_folder(run.run_id)
            pid = _read_pid(folder)
            if not self.trainer.running and pid and self.trainer.attach(folder, pid):
                self._desk.window.say("info", "The training that was at work is still going on.")
            elif not (self.trainer.running and self.trainer.run_folder == folder):
                library.catalogue.set_run_state(run.run_id, "failed", message="The trainer ended before it was done.")

    def _event(self, event: AnyRunEvent) -> None:
        match event:
            case Compared():
                self._compared = event
                self._desk.refresh_shelf()
            case Trained():
                self._desk.refresh_shelf()
            case Finished() if self._compared is not None:
                advice = "use the new policy" if self._compared.suggestion == "use" else "keep the old one"
                self._desk.window.say("success", f"Retraining is done. {self._compared.reason} Suggestion: {advice}.")
            case Finished():
                self._desk.window.say("success", "Retraining is done.")
            case Failed(text=text):
                self._desk.window.say("error", text)

    def _use(self, policy_id: str) -> None:
        self._desk.use_policy(policy_id)

    def _keep(self) -> None:
        self._desk.window.say("info", "The policy that drives stays; the new one is on the Policies page.")

    def _go_back(self) -> None:
        if self._previous:
            self._desk.use_policy(self._previous)

    def _evaluate_more(self) -> None:
        compared = self._compared
        if compared is None:
            return
        starts = str(_MORE * max(1, compared.episodes + compared.crashes))
        pair = ["--before", compared.before_policy, "--after", compared.after_policy, "--episodes", starts]
        self._start("compare", new_id("comparison"), pair)

    def _show_shelf(self, shelf: Shelf) -> None:
        self._previous = shelf.previous
        self.panel.set_policy_names({entry.policy_id: entry.name for entry in shelf.entries})
        self._show_summary()

    def _show_summary(self) -> None:
        library, scene = self._desk.library, self._desk.scene
        if library is None:
            self.panel.show_summary(None)
            return
        try:
            summary = library.summary(scene)
            promoted = library.catalogue.promoted(scene)
            policy = library.policy(scene, promoted) if promoted else None
        except WorkspaceError as error:
            self._desk.window.say("error", str(error))
            return
        self.panel.show_summary(
            LearnSummary(
                episodes=summary.episodes,
                steps=summary.steps,
                takeovers=summary.takeovers,
                human_steps=summary.human_steps,
                demonstrations=library.demonstrations(scene),
                new_episodes=summary.new_episodes,
                policy_name=policy.name if policy else "the start",
            )
        )


def _read_pid(folder: Path) -> int:
    try:
        return int((folder / _PID_FILE).read_text())
    except (OSError, ValueError):
        return 0
