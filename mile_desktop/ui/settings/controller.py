"""Connects the Settings page with the open workspace and the loaded scene; the rest goes through the preferences."""

from pathlib import Path

from PySide6.QtCore import QObject

from mile_desktop.rollout.messages import SessionLoaded
from mile_desktop.scenes.catalogue import scenes
from mile_desktop.ui.application import Application
from mile_desktop.ui.settings.page import LimitedScene, SettingsPage
from mile_desktop.ui.shell.preferences import Preferences, time_limit_of


class SettingsController(QObject):
    """Owns the Settings page; everything runs on the window's thread."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._application = application
        self._before = application.preferences.value
        self.page = SettingsPage(application.preferences)
        application.window.add_page("settings", self.page)
        self.page.workspace_chosen.connect(self._open_workspace)
        application.worker.session_loaded.connect(self._session_loaded)
        application.preferences.changed.connect(self._preferences_changed)

    def _open_workspace(self, folder: str) -> None:
        self._application.open_workspace(Path(folder))

    def _session_loaded(self, session: SessionLoaded) -> None:
        """Send the session its time limit: a new one, and one of a restarted worker, begins with the scene's own."""
        title = next((each.title for each in scenes() if each.name == session.scene), session.scene)
        self.page.show_scene(LimitedScene(session.scene, title, session.max_steps / session.rate_hz))
        self._application.worker.send(time_limit_of(self._application.preferences.value, session.scene))

    def _preferences_changed(self, value: Preferences) -> None:
        before, self._before = self._before, value
        session = self._application.worker.session
        if session is None:
            return  # it is sent when one is loaded
        if time_limit_of(before, session.scene) != (limit := time_limit_of(value, session.scene)):
            self._application.worker.send(limit)
