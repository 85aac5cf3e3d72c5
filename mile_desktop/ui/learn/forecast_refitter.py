"""Keeps the forecast up to date: after every episode it is refitted in the background."""

from PySide6.QtCore import QObject

from mile_desktop.rollout import messages as m
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.command_client import CommandClient


class ForecastRefitter(QObject):
    """Refits after episodes, one at a time, at the lowest priority; everything runs on the window's thread.

    ``mile-desktop forecast`` runs in its own process. The new forecast is used from the next episode on.
    """

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._application = application
        self._job = CommandClient(self)
        self._again = False
        self._said = ""
        self._job.said.connect(self._found)
        self._job.failed.connect(self._failed)
        self._job.finished.connect(self._go_on)
        application.worker.episode_closed.connect(self._episode_closed)
        application.workspace_opened.connect(self._stop)
        application.window.closing.connect(self._job.close)

    @property
    def running(self) -> bool:
        """Whether a forecast is being refitted."""
        return self._job.running

    def _episode_closed(self, episode: m.EpisodeClosed) -> None:
        # In a study every participant must meet the same forecast, not one that learned from those before.
        if not (episode.discarded or self._application.guided):
            self.refit()

    def refit(self) -> None:
        """Refit now, or once more when the running refit has ended."""
        # Several episodes during one refit need only one more: it reads all of them.
        self._again = self._job.running
        workspace = self._application.workspace
        if workspace is None or self._job.running:
            return
        with self._application.errors_shown():
            # Without a takeover there is nothing to forecast, and the command would only fail.
            if workspace.summary(self._application.scene).takeovers:
                common = ["--workspace", str(workspace.folder), "--scene", self._application.scene, "--background"]
                self._job.start("forecast", *common, "--policy", self._application.preferences.value.policy)

    def cancel(self) -> None:
        """End the refit; the forecast stays as it is."""
        self._again = False
        self._job.cancel()

    def _found(self, fields: dict[str, object]) -> None:
        # A refit that is refused leaves the old forecast, which the worker has already.
        if fields.get("changed"):
            self._application.worker.send(m.ReloadInterventionModel())

    def _failed(self, text: str) -> None:
        """Show the first failure only: it would come again after every episode."""
        if text != self._said:
            self._application.window.say("warning", f"The forecast was not refitted: {text}")
        self._said = text
        self._go_on()

    def _go_on(self) -> None:
        if self._again:
            self.refit()

    def _stop(self, _: object) -> None:
        self.cancel()
