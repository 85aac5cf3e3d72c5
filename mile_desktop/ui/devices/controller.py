"""Connects the Devices page with the rollout worker, which reads the gamepad."""

from PySide6.QtCore import QObject

from mile_desktop.paths import pad_profiles
from mile_desktop.rollout import messages as m
from mile_desktop.ui.application import Application
from mile_desktop.ui.devices.page import DevicesPage


class DevicesController(QObject):
    """Owns the Devices page; everything runs on the window's thread."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._worker = application.worker
        self.page = DevicesPage(pad_profiles())
        application.window.add_page("devices", self.page)
        application.worker.pad_state.connect(self.page.show_pad)
        # The timer that saves would not run any more.
        application.window.closing.connect(self.page.save)
        self.page.profile_changed.connect(self._send_profile)
        self.page.watch_requested.connect(self._watch)
        self.page.rumble_requested.connect(self._rumble)
        self.page.message.connect(application.window.say)

    def _send_profile(self, profile: str) -> None:
        self._worker.send(m.SetPad(profile=profile))

    def _watch(self, enabled: bool) -> None:
        self._worker.send(m.WatchPad(enabled=enabled))

    def _rumble(self) -> None:
        self._worker.send(m.TestRumble())
