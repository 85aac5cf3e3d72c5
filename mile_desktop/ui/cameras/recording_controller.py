"""Videos begin and end with the episodes."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from mile_desktop.rollout.messages import EpisodeClosed, StepTaken
from mile_desktop.storage.ids import checked_id
from mile_desktop.ui.cameras.capture_controller import CaptureController
from mile_desktop.ui.clients.rollout_client import RolloutClient

VIDEOS = "videos"
_BEFORE_S = 0.1
"""The video begins so much before the first step, so that there is a picture of what the policy saw."""


class RecordingController(QObject):
    """Tells every capture process what to keep; window's thread.

    Parameters
    ----------
    live
        The running cameras.
    worker
        Says when steps are taken and episodes closed.
    folder
        Returns the open workspace's folder; None where there is none.
    """

    def __init__(self, live: CaptureController, worker: RolloutClient, folder: Callable[[], Path | None]) -> None:
        super().__init__(live)
        self._live = live
        self._folder = folder
        self._episode = ""
        self._since = 0.0
        self._asked: dict[str, bool] = {}
        worker.step_taken.connect(self._follow)
        worker.episode_closed.connect(self._closed)
        worker.died.connect(self.stop)
        live.cameras_changed.connect(self._ask)
        live.settings_changed.connect(self._ask)

    def stop(self, _: object = None) -> None:
        """End all videos."""
        self._episode = ""
        self._ask()

    def _follow(self, taken: StepTaken) -> None:
        if taken.episode_id != self._episode:
            self.stop()
            self._episode, self._since = taken.episode_id, taken.timestamp - _BEFORE_S
            self._ask()

    def _closed(self, episode: EpisodeClosed) -> None:
        if episode.episode_id == self._episode:
            self.stop()

    def _ask(self) -> None:
        """Let every camera record that is to, and no other."""
        folder = self._folder()
        asked: dict[str, bool] = {}
        for client in self._live:
            name = client.settings.name
            wanted = bool(self._episode) and folder is not None and client.settings.record
            if wanted and folder is not None and not self._asked.get(name):
                path = folder / VIDEOS / checked_id(self._episode) / f"{client.settings.stem}.mp4"
                client.start_recording(str(path), self._since)
            elif not wanted and self._asked.get(name):
                client.stop_recording()
            asked[name] = wanted
        self._asked = asked
