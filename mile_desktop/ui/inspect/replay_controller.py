"""Recorded videos beside the recorded steps on the Inspect page."""

from pathlib import Path

from PySide6.QtCore import QObject

from mile_desktop.cameras.replay_messages import OpenVideos, ReplayNote, ShowMoment, VideosOpened
from mile_desktop.cameras.settings import VIDEOS
from mile_desktop.cameras.video_files import videos_in
from mile_desktop.channels.shared import Frame
from mile_desktop.processes import video_replay
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.replay_client import ReplayClient
from mile_desktop.ui.inspect.controller import InspectController
from mile_desktop.ui.inspect.model import RecordedEpisode
from mile_desktop.ui.widgets.dates import seconds_text

_OLD_S = 1.0
"""A picture so much older than its step says so."""


class ReplayController(QObject):
    """Shows what the cameras saw at the step that is looked at; everything runs on the window's thread."""

    def __init__(self, application: Application, inspecting: InspectController) -> None:
        super().__init__(inspecting)
        self._application = application
        self._inspecting = inspecting
        self._view = inspecting.page.view
        self._names: tuple[str, ...] = ()
        self._number = 0
        """Of the videos that were asked for last."""
        self._recording: RecordedEpisode | None = None
        self._client: ReplayClient | None = None
        inspecting.recording_shown.connect(self._show_recording)
        inspecting.playback.row_changed.connect(self._show_row)
        application.window.install_actions({"inspect_layout": self._view.cycle_layout})
        application.window.closing.connect(self._close)

    def _show_recording(self, recording: RecordedEpisode | None) -> None:
        """Open the videos of another episode."""
        self._recording = recording
        folder = self._folder(recording)
        paths = tuple(map(str, videos_in(folder))) if folder is not None else ()
        # Most workspaces have no videos: the process starts with the first one.
        if self._client is None:
            if not paths:
                return
            self._client = self._start()
        # Pictures carry this number, so that one of the episode before is recognised.
        self._number += 1
        self._client.send(OpenVideos(paths=paths, number=self._number))
        self._show_row(self._inspecting.playback.state.row)

    def _folder(self, recording: RecordedEpisode | None) -> Path | None:
        workspace = self._application.workspace
        if recording is None or workspace is None:
            return None
        return workspace.folder / VIDEOS / recording.episode.record.start.episode_id

    def _start(self) -> ReplayClient:
        client = ReplayClient(video_replay, self)
        client.frame_ready.connect(self._show_frame)
        client.opened.connect(self._opened)
        client.note.connect(self._say)
        client.died.connect(self._died)
        client.start()
        return client

    def _show_row(self, row: int) -> None:
        if self._client is not None and self._recording is not None and row < len(self._recording):
            timestamp = float(self._recording.episode.timestamp[row])
            self._client.send(ShowMoment(timestamp=timestamp, row=row))

    def _opened(self, opened: VideosOpened) -> None:
        self._names = opened.names
        self._view.forget_cameras()
        self._view.set_cameras(opened.names)

    def _show_frame(self, index: int, frame: Frame) -> None:
        recording = self._recording
        if recording is None or frame.flags != self._number or index >= len(self._names):
            return  # of the episode before
        age_s = float(recording.episode.timestamp[frame.step]) - frame.timestamp
        self._view.show_camera(self._names[index], frame)
        note = f"picture {seconds_text(age_s)} old" if age_s > _OLD_S else ""
        self._view.annotate_camera(self._names[index], note, faded=bool(note))

    def _say(self, note: ReplayNote) -> None:
        self._application.window.say("warning", note.text)

    def _died(self, reason: str) -> None:
        self._application.window.say("warning", f"{reason} It is started again.")
        if self._client is not None:
            self._client.restart()

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
