"""Recorded moments that a call names: shown in Inspect from any page."""

from PySide6.QtCore import QObject

from mile_desktop.storage.browse import EpisodeFilter, find_episodes
from mile_desktop.storage.edits import read_history
from mile_desktop.ui.application import Application
from mile_desktop.ui.inspect.controller import InspectController

_PAGE = "inspect"


class MomentsController(QObject):
    """Opens moments; everything runs on the window's thread."""

    def __init__(self, application: Application, inspect_controller: InspectController) -> None:
        super().__init__(application)
        self._application = application
        self._inspect = inspect_controller

    def show_moment(self, episode_id: str, step: int) -> None:
        """Show one step of a recorded episode; ``step`` counts from the trimmed beginning, as learning counts."""
        workspace = self._inspect.workspace
        if workspace is None:
            return
        with self._application.errors_shown():
            known = (*find_episodes(workspace, EpisodeFilter()), *find_episodes(workspace, EpisodeFilter(deleted=True)))
            if episode_id not in known:
                text = f"{episode_id} is no longer in this workspace, so the moment cannot be shown."
                self._application.window.say("warning", text)
                return
            trim = read_history(workspace.edits_path(episode_id), episode_id).trim
            self._application.window.show_page(_PAGE)
            self._inspect.go_to(episode_id, step + (0 if trim is None else trim.first))
