"""Starts and stops the cameras' videos with the episodes."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from mile_desktop.cameras.settings import VIDEOS
from mile_desktop.rollout.messages import EpisodeClosed, StepTaken
from mile_desktop.storage.ids import checked_id
from mile_desktop.ui.cameras.capture_controller import CaptureController
from mile_desktop.ui.clients.rollout_client import RolloutClient

_BEFORE_S = 0.1
"""The video begins this long before the first step, so that it contains the picture that the first action saw."""


class RecordingController(QObject):
    """Tells every capture process when to record; runs on the window's thread.

    Parameters
    ----------
    live
        The running cameras.
    worker
        Emits steps and closed episodes.
    folder
        Returns the folder of the open workspace, if any.
    """

    def __init__(self, live: CaptureController, worker: RolloutClient, folder: Callable[[], Path | None]) -> None:
        super().__init__(live)
        self._live = live
        self._folder = folder
        self._episode = ""
        self._since = 0.0
        self._recorded: dict[str, bool] = {}
        worker.step_taken.connect(self._follow)
        worker.episode_closed.connect(self._closed)
        worker.died.connect(self.stop)
        live.cameras_changed.connect(self._update)
        live.settings_changed.connect(self._update)

    def stop(self, _: object = None) -> None:
        """End all videos."""
        self._episode = ""
        self._update()

    def _follow(self, taken: StepTaken) -> None:
        # The first step of an episode and not its start: a robot's episode may wait minutes for the person.
        if taken.episode_id != self._episode:
            self.stop()
            self._episode, self._since = taken.episode_id, taken.timestamp - _BEFORE_S
            self._update()

    def _closed(self, episode: EpisodeClosed) -> None:
        if episode.episode_id == self._episode:
            self.stop()

    def _update(self) -> None:
        """Start and stop recordings so that exactly the cameras with ``record`` do, while an episode is open."""
        folder = self._folder()
        # The last command to each camera is kept. Steps arrive 20 times a second, and cameras may be added or
        # removed in the middle of an episode, so only differences are sent.
        asked: dict[str, bool] = {}
        for client in self._live:
            name = client.settings.name
            wanted = bool(self._episode) and folder is not None and client.settings.record
            if wanted and folder is not None and not self._recorded.get(name):
                # The id comes from another process and becomes part of a path.
                path = folder / VIDEOS / checked_id(self._episode) / f"{client.settings.stem}.mp4"
                client.start_recording(str(path), self._since)
            elif not wanted and self._recorded.get(name):
                client.stop_recording()
            asked[name] = wanted
        self._recorded = asked
