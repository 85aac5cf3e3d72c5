"""Records the pictures of a scene that draws itself as a video, beside the cameras' videos of the episode."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from mile_desktop.cameras.settings import VIDEOS
from mile_desktop.rollout.messages import EpisodeClosed, StepTaken
from mile_desktop.storage.ids import checked_id
from mile_desktop.ui.clients.rollout_client import RolloutClient
from mile_desktop.ui.clients.viewer_client import ViewerClient
from mile_desktop.viewer.messages import StartVideo, StopVideo, ViewerReady

FILE_NAME = "scene picture.mp4"
"""No camera can have this name: file names of cameras have no blanks."""
_BEFORE_S = 0.1
"""The video begins this long before the first step, so that it contains the picture of the start."""


class SceneVideoController(QObject):
    """Tells the viewer when to record; runs on the window's thread.

    Other scenes need no video, because they are drawn from the recorded states.

    Parameters
    ----------
    folder
        Returns the folder of the open workspace, if any.
    """

    def __init__(
        self, viewer: ViewerClient, worker: RolloutClient, folder: Callable[[], Path | None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._folder = folder
        self._draws_itself = False
        self._episode = ""
        viewer.ready.connect(self._ready)
        worker.step_taken.connect(self._follow)
        worker.episode_closed.connect(self._closed)
        worker.died.connect(self._stop)

    def _ready(self, ready: ViewerReady) -> None:
        # A new scene, or a viewer that was started again: its next step begins another video of the same episode.
        self._draws_itself = ready.draws_itself
        self._episode = ""

    def _follow(self, taken: StepTaken) -> None:
        folder = self._folder()
        if not self._draws_itself or taken.episode_id == self._episode or folder is None:
            return
        self._episode = taken.episode_id
        path = folder / VIDEOS / checked_id(taken.episode_id) / FILE_NAME
        self._viewer.send(StartVideo(path=str(path), since=taken.timestamp - _BEFORE_S))

    def _closed(self, episode: EpisodeClosed) -> None:
        if episode.episode_id == self._episode:
            self._stop()

    def _stop(self, _: object = None) -> None:
        if self._episode:
            self._episode = ""
            self._viewer.send(StopVideo())
