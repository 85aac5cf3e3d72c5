"""Shows errors and notes in the message line, each with the action that helps."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from mile_desktop.errors import UserError
from mile_desktop.rollout import messages as m
from mile_desktop.storage.errors import ONE_EPISODE, ONE_POLICY, WorkspaceDamagedError, WorkspaceError
from mile_desktop.ui.clients.rollout_client import RolloutClient
from mile_desktop.ui.clients.viewer_client import ViewerClient
from mile_desktop.ui.shell.alarm_bar import Alarm
from mile_desktop.ui.shell.main_window import MainWindow
from mile_desktop.ui.shell.message_line import MessageAction
from mile_desktop.ui.workspace_session import Recovery
from mile_desktop.viewer import messages as v

EMERGENCY = "If a robot can move, press its own emergency stop now."
_WORKER = "worker"
_SILENT = "silent worker"
"""Topic of the message about a worker that sends nothing; it is settled when the worker answers again."""


class ErrorPresenter(QObject):
    """Listens to the worker and the viewer and shows what fails; everything runs on the window's thread.

    Parameters
    ----------
    window
        Where the messages are shown.
    worker, viewer
        The processes whose faults and ends are shown.
    restart
        Starts a new rollout worker.
    rebuild
        Rebuilds the catalogue of the workspace in a folder.
    """

    def __init__(
        self,
        window: MainWindow,
        worker: RolloutClient,
        viewer: ViewerClient,
        *,
        restart: Callable[[], None],
        rebuild: Callable[[Path], None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._rebuild = rebuild
        self._restart = MessageAction("Restart", restart)
        self._restart_silent = MessageAction("Restart", restart, _SILENT)
        self._restart_viewer = MessageAction("Restart the view", viewer.restart)
        self._choose_workspace = MessageAction("Choose a workspace", partial(window.show_page, "settings"))
        worker.died.connect(self._worker_died)
        worker.silent.connect(self._worker_silent)
        worker.heard_again.connect(self._worker_answers)
        worker.stop_unheard.connect(self._stop_unheard)
        worker.stop_heard.connect(self._stop_heard)
        worker.refused.connect(self._show_text)
        worker.note.connect(self._show_note)
        viewer.died.connect(self._viewer_died)
        viewer.fault.connect(self._viewer_fault)
        viewer.note.connect(self._show_note)

    def show_error(self, error: UserError, folder: Path | None = None) -> MessageAction | None:
        """Show an error; one that concerns the workspace in ``folder`` as a whole comes with an action: return it."""
        action = None
        if isinstance(error, WorkspaceDamagedError) and folder is not None:
            action = MessageAction("Rebuild the catalogue", partial(self._rebuild, folder))
        # An error of one episode is no reason to leave the workspace.
        elif isinstance(error, WorkspaceError) and not isinstance(error, ONE_EPISODE + ONE_POLICY):
            action = self._choose_workspace
        self._window.say("error", str(error), action)
        return action

    def show_recovery(self, found: Recovery) -> None:
        """Show what a recovery found; the line has room for one sentence, so several problems get one that counts."""
        if found.recovered:
            self._window.say("info", found.recovered)
        for problem in found.problems:
            self._window.say("warning", problem)
        if len(found.problems) > 1:
            text = f"{len(found.problems)} problems were found while episodes were recovered; nothing was deleted."
            self._window.say("warning", text, MessageAction("Show them", self._window.messages.show_history))

    def show_fault(self, text: str, *, bundled_policy_follows: bool) -> None:
        """Show why scene or policy could not be loaded, and what happens now."""
        if bundled_policy_follows:
            self._window.say("error", f"{text} The bundled policy is loaded instead.")
        else:
            self._window.say("error", text, self._restart)

    def _worker_died(self, reason: str) -> None:
        self._window.say("error", f"{reason} Nothing moves. What was recorded is safe.", self._restart)

    def _worker_silent(self, reason: str) -> None:
        self._window.say("error", f"{reason} What was recorded is safe.", self._restart_silent)

    def _worker_answers(self) -> None:
        # A restart would end an episode that goes on again.
        self._window.messages.withdraw(_SILENT)
        self._window.say("info", "The rollout worker answers again.")

    def _stop_unheard(self, reason: str) -> None:
        text = f"{reason} {EMERGENCY} Restart ends the worker, which then commands nothing."
        self._window.alarms.raise_alarm(_WORKER, Alarm("Stop was not answered", text, self._restart))

    def _stop_heard(self) -> None:
        self._window.alarms.clear(_WORKER)

    def _viewer_died(self, reason: str) -> None:
        self._window.say("error", reason, self._restart_viewer)

    def _viewer_fault(self, fault: v.ViewerFault) -> None:
        self._window.say("error", fault.text)

    def _show_text(self, text: str) -> None:
        self._window.say("error", text)

    def _show_note(self, note: m.Note | v.ViewerNote) -> None:
        self._window.say_note(note.level, note.text)
