"""From the Learn panel's button to the next policy: starts the trainer, follows it, does what the person decides."""

import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
from PySide6.QtCore import QObject

from mile_desktop.learning.progress import AnyRunEvent, Compared, Failed, Finished, Trained
from mile_desktop.learning.settings import EVALUATION_EPISODES
from mile_desktop.registry.names import INITIAL
from mile_desktop.scenes.catalogue import scenes
from mile_desktop.storage.ids import new_id
from mile_desktop.storage.records import RunRecord
from mile_desktop.storage.run_owner import run_owner_alive
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.trainer_client import TrainerClient, TrainerRunningError
from mile_desktop.ui.learn.model import LearnSummary, RetrainRequest
from mile_desktop.ui.learn.page import LearnPanel
from mile_desktop.ui.shell.close_question import RunningWork
from mile_desktop.ui.shell.message_line import MessageAction
from mile_desktop.ui.workspace_session import PolicyList, WorkspaceSession

_PID_FILE = "trainer.pid"
_MORE = 3
"""Evaluate more: so many times as many starts as before."""
_FIRST_STARTS = EVALUATION_EPISODES
"""Evaluate more where nothing was compared yet."""


class RetrainController(QObject):
    """Owns the Learn panel and the trainer it follows; everything runs on the window's thread.

    The trainer is a process of its own: supervision continues, and a new policy drives only when the person selects it.
    """

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._application = application
        self._previous = ""
        self._trained: Trained | None = None
        self._compared: Compared | None = None
        self.panel = LearnPanel()
        self.trainer = TrainerClient(self)
        self._connect()

    def _connect(self) -> None:
        application, panel = self._application, self.panel
        application.workspace_opened.connect(self._find_running)
        application.policies_changed.connect(self._show_policies)
        application.episodes_changed.connect(self._show_summary)
        self.trainer.event_read.connect(panel.on_event)
        # After the panel: what is done here may refresh the panel, which must know the event by then.
        self.trainer.event_read.connect(self._event)
        self.trainer.running_changed.connect(panel.show_running)
        panel.retrain_requested.connect(self.retrain)
        self._show = MessageAction("Show", application.window.show_panel)
        panel.cancel_requested.connect(self.trainer.cancel)
        panel.use_requested.connect(self._use)
        panel.keep_requested.connect(self._keep)
        panel.evaluate_more_requested.connect(self._evaluate_more)
        panel.go_back_requested.connect(self._go_back)
        self.trainer.running_changed.connect(self._running_changed)
        application.window.install_actions({"retrain": self._retrain_as_shown})
        application.window.closing.connect(self.leave)

    def retrain(self, request: RetrainRequest) -> None:
        """Start a training run from the policy that drives, with the settings of the panel."""
        workspace = self._application.workspace
        if workspace is None:
            return
        with self._application.errors_shown():
            # From the policy that drives, not the newest one: the person may have decided against that.
            parent = workspace.catalogue.promoted(self._application.scene)
            arguments = [*request.arguments(), *(("--parent", parent) if parent else ())]
            self._start("train", new_id("run"), arguments)

    def leave(self) -> None:
        """Stop following; the trainer keeps running and the next window follows it."""
        self.trainer.leave()

    def running_work(self) -> RunningWork | None:
        """Return what runs, for the question before the window closes."""
        if not self.trainer.running:
            return None
        text = "A training is running. It goes on without the window, and the next window finds it again."
        return RunningWork(text, also="Cancel the training, too", end=self.trainer.cancel)

    def _start(self, word: str, run_id: str, arguments: Sequence[str]) -> None:
        workspace = self._application.workspace
        if workspace is None:
            return
        folder = workspace.workspace.run_folder(run_id)
        common = [
            "--workspace",
            str(workspace.folder),
            "--scene",
            self._application.scene,
            "--run-id",
            run_id,
            *(("--background",) if self.trainer.niceness else ()),
        ]
        command = [sys.executable, "-m", "mile_desktop", word, "--json", *common, *arguments]
        try:
            # While another trainer runs, ``start`` raises below, and this run must not leave an empty folder.
            if not self.trainer.running:
                folder.mkdir(parents=True)
            self.trainer.start(command, folder)
            # For the next window, which finds a trainer that is still running by it.
            (folder / _PID_FILE).write_text(str(self.trainer.pid or ""))
        except (OSError, TrainerRunningError) as error:
            self._application.window.say("error", f"The training could not be started: {error}")
        else:
            # A comparison alone belongs to the training before it, whose result stays on the card.
            if word == "train":
                self._trained = self._compared = None

    def _find_running(self, workspace: WorkspaceSession) -> None:
        """Follow a trainer that an earlier window left running; leave the one of the previous workspace."""
        if self.trainer.running:
            self.trainer.leave()
            self.panel.show_running(False)
        for run in self._settle(workspace):
            folder = workspace.workspace.run_folder(run.run_id)
            if self.trainer.running:
                continue
            alive = self.trainer.attach(folder, _read_pid(folder))
            # Also where it has ended meanwhile: its result must not be decided in another scene.
            self.panel.set_run_scene(run.scene)
            if alive:
                self._application.window.say("info", "The training that was started before is still running.")

    def _settle(self, workspace: WorkspaceSession) -> tuple[RunRecord, ...]:
        """Mark runs whose trainer died as failed; return those that still run."""
        running = []
        with self._application.errors_shown():
            for run in workspace.catalogue.runs():
                if run.state != "running":
                    continue
                if _is_running(workspace.workspace.run_folder(run.run_id)):
                    running.append(run)
                else:
                    workspace.catalogue.set_run_state(
                        run.run_id, "failed", message="The trainer ended before it had finished."
                    )
        return tuple(running)

    def _running_changed(self, running: bool) -> None:
        if not running and self._application.workspace is not None:
            # A trainer that crashes reports nothing; its run would otherwise count as running for ever.
            self._settle(self._application.workspace)

    def _retrain_as_shown(self) -> None:
        if not self.trainer.running and self.panel.can_retrain:
            self.retrain(self.panel.request)

    def _event(self, event: AnyRunEvent) -> None:
        match event:
            case Compared():
                self._compared = event
                self._application.refresh_policies()
            case Trained():
                self._trained = event
                self._application.refresh_policies()
            case Finished() if self._compared is not None:
                advice = "use the new policy" if self._compared.suggestion == "use" else "keep the old one"
                self._report_end(f"Retraining is done. {self._compared.reason} Suggestion: {advice}.")
            case Finished():
                self._report_end("Retraining is done.")
            # Most reasons go away by themselves or by one setting, so the way to try again is beside the message.
            case Failed(text=text):
                self._application.window.say("error", text, MessageAction("Retrain", self._retrain_as_shown))

    def _report_end(self, text: str) -> None:
        # A card with a way to the panel would lie over the panel's own buttons where a person looks at it already.
        self._application.window.say("success", text, None if self.panel.isVisible() else self._show)

    def _use(self, policy_id: str) -> None:
        self._application.use_policy(policy_id)

    def _keep(self) -> None:
        self._application.window.say("info", "The policy that drives stays; the new one is on the Policies page.")

    def _go_back(self) -> None:
        if self._previous:
            self._application.use_policy(self._previous)

    def _evaluate_more(self) -> None:
        compared, trained = self._compared, self._trained
        if compared is not None:
            before, after = compared.before_policy, compared.after_policy
            # Crashed starts were planned, too; with them alone there would be nothing to multiply.
            starts = _MORE * max(1, compared.episodes + compared.crashes)
        elif trained is not None:
            before, after, starts = self._parent_of(trained.policy), trained.policy, _FIRST_STARTS
        else:
            return
        pair = ["--before", before, "--after", after, "--episodes", str(starts)]
        self._start("compare", new_id("comparison"), pair)

    def _parent_of(self, policy_id: str) -> str:
        workspace = self._application.workspace
        record = workspace.policy(self._application.scene, policy_id) if workspace is not None else None
        return (record.parent_id if record is not None else None) or INITIAL

    def _show_policies(self, policy_list: PolicyList) -> None:
        self._previous = policy_list.previous
        self.panel.show_scene(self._application.scene)
        self.panel.set_policy_names({entry.policy_id: entry.name for entry in policy_list.entries})
        self._show_summary()

    def _show_summary(self) -> None:
        workspace, scene = self._application.workspace, self._application.scene
        if workspace is None:
            self.panel.show_summary(None)
            return
        with self._application.errors_shown():
            summary = workspace.summary(scene)
            promoted = workspace.catalogue.promoted(scene)
            policy = workspace.policy(scene, promoted) if promoted else None
            self.panel.show_summary(
                LearnSummary(
                    episodes=summary.episodes,
                    steps=summary.steps,
                    takeovers=summary.takeovers,
                    human_steps=summary.human_steps,
                    demonstrations=workspace.demonstrations(scene),
                    new_episodes=summary.new_episodes,
                    policy_name=policy.name if policy else "the start",
                    simulated=any(info.name == scene for info in scenes()),
                    simulated_takeovers=summary.simulated_takeovers,
                    simulated_steps=summary.simulated_steps,
                )
            )


def _read_pid(folder: Path) -> int:
    try:
        return int((folder / _PID_FILE).read_text())
    except (OSError, ValueError):
        return 0


def _is_running(folder: Path) -> bool:
    """Whether the process of the run in ``folder`` is alive: a trainer of ours, of a terminal, or a generation.

    The system reuses process ids, so the command line must also name the run, whose id is unique.
    """
    noted = run_owner_alive(folder)
    if noted is not None:
        return noted
    # A trainer notes itself when it has read its data; until then only the window knows of it.
    pid = _read_pid(folder)
    if not pid:
        return False
    try:
        process = psutil.Process(pid)
        # A process that has ended stays in the table until its parent asks for its result.
        return process.status() != psutil.STATUS_ZOMBIE and any(folder.name in part for part in process.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
