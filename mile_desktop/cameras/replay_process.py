"""The replay process: decodes recorded videos, so that the window does not have to."""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

from mile_desktop.cameras.errors import VideoError
from mile_desktop.cameras.replay import RecordedVideo
from mile_desktop.cameras.replay_messages import Command, OpenVideos, ReplayNote, ShowMoment, VideosOpened
from mile_desktop.cameras.source import Pixels
from mile_desktop.cameras.transform import fitting
from mile_desktop.channels.endpoint import Endpoint
from mile_desktop.channels.messages import Shutdown
from mile_desktop.channels.shared import FrameRing

_WAIT_S = 0.5
_NICENESS = 5


def run_replay(connection: Connection, ring_names: tuple[str, ...]) -> None:
    """Run the process; it ends on ``Shutdown`` or when the window is gone.

    Parameters
    ----------
    connection
        Takes ``replay_messages.Command`` and sends ``replay_messages.Event``.
    ring_names
        Names of the ``FrameRing``s for the pictures, one for each video that can be shown at the same time.
    """
    if sys.platform != "win32":
        os.nice(_NICENESS)
    with ExitStack() as stack:
        endpoint = stack.enter_context(Endpoint[Command](connection, Command))
        rings = [stack.enter_context(FrameRing.attach(name)) for name in ring_names]
        replay = Replay(endpoint, rings)
        stack.callback(replay.close)
        while not endpoint.closed and replay.turn():
            endpoint.wait(_WAIT_S)


class Replay:
    """Holds the open videos; belongs to the loop of the process. If several moments wait, only the newest is shown."""

    def __init__(self, endpoint: Endpoint[Command], rings: Sequence[FrameRing]) -> None:
        self._endpoint = endpoint
        self._rings = rings
        self._videos: list[RecordedVideo] = []
        self._number = 0

    def turn(self) -> bool:
        """Handle the commands that have arrived; return False if the process must end."""
        wanted: ShowMoment | None = None
        for command in self._endpoint.receive():
            match command:
                case Shutdown():
                    return False
                case OpenVideos(paths=paths, number=number):
                    self._open(paths)
                    self._number = number
                    # A moment of the videos before means nothing for the new ones.
                    wanted = None
                case ShowMoment():
                    wanted = command
        if wanted is not None:
            self._show(wanted)
        return True

    def close(self) -> None:
        """Close the files."""
        for video in self._videos:
            video.close()
        self._videos.clear()

    def _open(self, paths: Sequence[str]) -> None:
        # All are opened again, also those that stay: their order decides which ring each of them gets.
        self.close()
        problems: list[str] = []
        for path in paths[: len(self._rings)]:
            try:
                video = RecordedVideo(Path(path))
                self._videos.append(video)
                problems += video.problems
            except VideoError as error:
                problems.append(str(error))
        if len(paths) > len(self._rings):
            problems.append(f"Only {len(self._rings)} of {len(paths)} videos are shown.")
        # The answer before the problems: the window shows them beside the videos that could be opened.
        self._endpoint.send(VideosOpened(names=tuple(video.name for video in self._videos)))
        for problem in problems:
            self._endpoint.send(ReplayNote(text=problem))

    def _show(self, wanted: ShowMoment) -> None:
        for ring, video in zip(self._rings, self._videos, strict=False):
            try:
                picture = video.frame_at(wanted.timestamp)
            except VideoError as error:
                # One damaged video must not take the others' pictures away.
                self._endpoint.send(ReplayNote(text=str(error)))
                continue
            if picture is not None:
                pixels = _limited(picture.pixels, ring)
                ring.write(pixels, timestamp=picture.timestamp, step=wanted.row, flags=self._number)


def _limited(pixels: Pixels, ring: FrameRing) -> Pixels:
    height, width = pixels.shape[:2]
    if width <= ring.max_width and height <= ring.max_height:
        return pixels
    import cv2  # noqa: PLC0415 (a heavy import that only videos from elsewhere need)

    return cv2.resize(pixels, fitting(width, height, ring.max_width, ring.max_height))  # type: ignore[return-value]
