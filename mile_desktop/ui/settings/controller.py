"""Connects the Settings page and the menu of operators with workspace, worker and the loaded scene."""

from pathlib import Path

from PySide6.QtCore import QObject

from mile_desktop.rollout.messages import NameOperator, SessionLoaded
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
        application.window.header.operator.name_chosen.connect(application.preferences.choose_operator)
        application.preferences.changed.connect(self._preferences_changed)
        self._show_operator(application.preferences.value)

    def _open_workspace(self, folder: str) -> None:
        self._application.open_workspace(Path(folder))

    def _session_loaded(self, session: SessionLoaded) -> None:
        """Send the session its time limit: a new one, and one of a restarted worker, begins with the scene's own."""
        title = next((each.title for each in scenes() if each.name == session.scene), session.scene)
        self.page.show_scene(LimitedScene(session.scene, title, session.max_steps / session.rate_hz))
        self._application.worker.send(time_limit_of(self._application.preferences.value, session.scene))

    def _preferences_changed(self, value: Preferences) -> None:
        before, self._before = self._before, value
        self._show_operator(value)
        session = self._application.worker.session
        if session is None:
            return  # both are sent when one is loaded
        # Every preference emits the same signal.
        if value.operator_name != before.operator_name:
            self._application.worker.send(NameOperator(name=value.operator_name))
        if time_limit_of(before, session.scene) != (limit := time_limit_of(value, session.scene)):
            self._application.worker.send(limit)

    def _show_operator(self, value: Preferences) -> None:
        self._application.window.header.show_operator(value.operator_name, value.operator_names)
