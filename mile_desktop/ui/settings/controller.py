"""Connects the Settings page with the open workspace; every other setting goes through the preferences."""

from pathlib import Path

from PySide6.QtCore import QObject

from mile_desktop.ui.application import Application
from mile_desktop.ui.settings.page import SettingsPage


class SettingsController(QObject):
    """Owns the Settings page; everything runs on the window's thread."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._application = application
        self.page = SettingsPage(application.preferences)
        application.window.add_page("settings", self.page)
        self.page.workspace_chosen.connect(self._open_workspace)

    def _open_workspace(self, folder: str) -> None:
        self._application.open_workspace(Path(folder))
