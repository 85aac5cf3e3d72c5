"""What the window does when something is broken: says it in one sentence, with a way out."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject

from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.storage.errors import WorkspaceDamagedError, WorkspaceError
from mile_desktop.storage.rebuild import rebuild_catalogue
from mile_desktop.ui.workspace_session import WorkspaceSession

if TYPE_CHECKING:
    from mile_desktop.ui.application import Application

INITIAL = "initial"
"""The bundled policy, which is always there."""

RESTART = "Restart"
RESTART_VIEW = "Restart the view"
CHOOSE_WORKSPACE = "Choose a workspace"
REBUILD = "Rebuild the catalogue"


class ErrorPresenter(QObject):
    """Hears of everything that breaks at ``desk`` and offers what helps; everything runs on the window's thread."""

    def __init__(self, desk: "Application") -> None:
        super().__init__(desk)
        self._desk = desk
        self._damaged: Path | None = None
        desk.worker.fault.connect(self._fault)
        desk.worker.died.connect(self._worker_lost)
        desk.worker.silent.connect(self._worker_silent)
        desk.worker.heard_again.connect(self._worker_heard)
        desk.viewer.died.connect(self._viewer_lost)
        desk.window.messages.way_out_chosen.connect(self._take_way_out)

    def complain(self, error: WorkspaceError, folder: Path | None = None) -> None:
        """Say what is wrong with the workspace in ``folder`` (the open one), with a way out."""
        if isinstance(error, WorkspaceDamagedError):
            self._damaged = folder or (self._desk.library.folder if self._desk.library else None)
            self._desk.window.say("error", str(error), REBUILD)
        else:
            self._desk.window.say("error", str(error), CHOOSE_WORKSPACE)

    def recover(self, library: WorkspaceSession) -> None:
        """Turn what killed processes left behind into episodes, and say so."""
        try:
            recovered = library.recover()
        except WorkspaceError as error:
            self.complain(error)
            return
        for record in recovered:
            self._desk.window.say("info", f"An episode of {record.steps} steps was recovered; it is marked as such.")
        if recovered:
            self._desk.episodes_changed.emit()

    def restart_worker(self) -> None:
        """Start the rollout worker anew; what the old one left open becomes an episode."""
        if self._desk.library is not None:
            self.recover(self._desk.library)
        self._desk.worker.restart()

    # ── what is heard ───────────────────────────────────────────────────────────────────────────────────────────────

    def _fault(self, fault: m.Fault) -> None:
        """Say what could not be loaded; the bundled policy takes the place of one that is at fault."""
        if not fault.policy_at_fault or self._desk.policy_asked == INITIAL:
            self._desk.window.say("error", fault.text, RESTART)
            return
        self._desk.window.say("error", f"{fault.text} The bundled policy is loaded instead.")
        self._desk.load(INITIAL)

    def _worker_lost(self, reason: str) -> None:
        self._desk.window.say("error", f"{reason} Nothing moves. What was recorded is safe.", RESTART)
        if self._desk.worker.status is not None:
            gone = msgspec.structs.replace(
                self._desk.worker.status, phase=Phase.STOPPED, reason=reason, rate_hz=0.0, alert=False, asking=False
            )
            self._desk.supervise.handle(gone)

    def _worker_silent(self, reason: str) -> None:
        self._desk.window.say("error", f"{reason} What was recorded is safe.", RESTART)

    def _worker_heard(self) -> None:
        self._desk.window.say("info", "The rollout worker answers again.")

    def _viewer_lost(self, reason: str) -> None:
        self._desk.window.say("error", reason, RESTART_VIEW)

    # ── ways out ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _take_way_out(self, name: str) -> None:
        ways: dict[str, Callable[[], object]] = {
            CHOOSE_WORKSPACE: partial(self._desk.window.show_page, "settings"),
            RESTART: self.restart_worker,
            RESTART_VIEW: self._desk.viewer.restart,
            REBUILD: self._rebuild,
        }
        if name in ways:
            ways[name]()

    def _rebuild(self) -> None:
        folder, self._damaged = self._damaged, None
        if folder is None or self._desk.is_busy("The catalogue can be rebuilt when the episode has ended."):
            return
        if self._desk.library is not None and self._desk.library.holds(folder):
            # the database's files are about to be exchanged: nobody may have them open
            self._desk.worker.close()
            self._desk.close_workspace()
        try:
            report = rebuild_catalogue(folder)
        except WorkspaceError as error:
            self.complain(error, folder)
        else:
            found = f"The catalogue was rebuilt: {report.episodes} episodes, {report.policies} policies."
            self._desk.window.say("warning" if report.problems else "success", " ".join((found, *report.problems)))
        if not self._desk.worker.alive:
            self._desk.worker.start()
        self._desk.open_workspace(folder)
