"""What the window does when something is broken: says it in one sentence, with a way out."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject

from mile_desktop.registry.names import INITIAL
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.storage.errors import WorkspaceDamagedError, WorkspaceError
from mile_desktop.storage.rebuild import rebuild_catalogue
from mile_desktop.ui.workspace_session import WorkspaceSession

if TYPE_CHECKING:
    from mile_desktop.ui.application import Application

"""The bundled policy, which is always there."""

RESTART = "Restart"
RESTART_VIEW = "Restart the view"
CHOOSE_WORKSPACE = "Choose a workspace"
REBUILD = "Rebuild the catalogue"


class ErrorPresenter(QObject):
    """Hears of everything that breaks and offers what helps; everything runs on the window's thread."""

    def __init__(self, application: "Application") -> None:
        super().__init__(application)
        self._application = application
        self._damaged: Path | None = None
        application.worker.fault.connect(self._fault)
        application.worker.died.connect(self._worker_lost)
        application.worker.silent.connect(self._worker_silent)
        application.worker.heard_again.connect(self._worker_heard)
        application.viewer.died.connect(self._viewer_lost)
        application.window.messages.way_out_chosen.connect(self._take_way_out)

    def show_error(self, error: WorkspaceError, folder: Path | None = None) -> None:
        """Say what is wrong with the workspace in ``folder`` (the open one), with a way out."""
        if isinstance(error, WorkspaceDamagedError):
            self._damaged = folder or (self._application.workspace.folder if self._application.workspace else None)
            self._application.window.say("error", str(error), REBUILD)
        else:
            self._application.window.say("error", str(error), CHOOSE_WORKSPACE)

    def recover(self, workspace: WorkspaceSession) -> None:
        """Turn what killed processes left behind into episodes, and say so."""
        try:
            recovered = workspace.recover()
        except WorkspaceError as error:
            self.show_error(error)
            return
        for record in recovered:
            self._application.window.say(
                "info", f"An episode of {record.steps} steps was recovered; it is marked as such."
            )
        if recovered:
            self._application.episodes_changed.emit()

    def restart_worker(self) -> None:
        """Start the rollout worker anew; what the old one left open becomes an episode."""
        if self._application.workspace is not None:
            self.recover(self._application.workspace)
        self._application.worker.restart()

    # ── what is heard ───────────────────────────────────────────────────────────────────────────────────────────────

    def _fault(self, fault: m.Fault) -> None:
        """Say what could not be loaded; the bundled policy takes the place of one that is at fault."""
        if not fault.policy_at_fault or self._application.policy_asked == INITIAL:
            self._application.window.say("error", fault.text, RESTART)
            return
        self._application.window.say("error", f"{fault.text} The bundled policy is loaded instead.")
        self._application.load(INITIAL)

    def _worker_lost(self, reason: str) -> None:
        self._application.window.say("error", f"{reason} Nothing moves. What was recorded is safe.", RESTART)
        if self._application.worker.status is not None:
            gone = msgspec.structs.replace(
                self._application.worker.status,
                phase=Phase.STOPPED,
                reason=reason,
                rate_hz=0.0,
                alert=False,
                asking=False,
            )
            self._application.supervise.handle(gone)

    def _worker_silent(self, reason: str) -> None:
        self._application.window.say("error", f"{reason} What was recorded is safe.", RESTART)

    def _worker_heard(self) -> None:
        self._application.window.say("info", "The rollout worker answers again.")

    def _viewer_lost(self, reason: str) -> None:
        self._application.window.say("error", reason, RESTART_VIEW)

    # ── ways out ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _take_way_out(self, name: str) -> None:
        ways: dict[str, Callable[[], object]] = {
            CHOOSE_WORKSPACE: partial(self._application.window.show_page, "settings"),
            RESTART: self.restart_worker,
            RESTART_VIEW: self._application.viewer.restart,
            REBUILD: self._rebuild,
        }
        if name in ways:
            ways[name]()

    def _rebuild(self) -> None:
        folder, self._damaged = self._damaged, None
        if folder is None or self._application.is_busy("The catalogue can be rebuilt when the episode has ended."):
            return
        if self._application.workspace is not None and self._application.workspace.holds(folder):
            # the database's files are about to be exchanged: nobody may have them open
            self._application.worker.close()
            self._application.close_workspace()
        try:
            report = rebuild_catalogue(folder)
        except WorkspaceError as error:
            self.show_error(error, folder)
        else:
            found = f"The catalogue was rebuilt: {report.episodes} episodes, {report.policies} policies."
            self._application.window.say(
                "warning" if report.problems else "success", " ".join((found, *report.problems))
            )
        if not self._application.worker.alive:
            self._application.worker.start()
        self._application.open_workspace(folder)
