"""The video of a scene that draws itself, recorded by the viewer as a capture process records a camera."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mile_desktop.cameras.source import Picture

if TYPE_CHECKING:
    from mile_desktop.cameras.recorder import VideoRecorder


class SceneVideo:
    """Begins with the first picture that is offered; used by the viewer's one thread.

    The recorder is imported only then: few scenes draw themselves, and FFmpeg takes memory in every viewer.

    Parameters
    ----------
    show_error
        Called with one sentence when a video ends early; on the recorder's thread.
    """

    def __init__(self, show_error: Callable[[str], None]) -> None:
        self._show_error = show_error
        self._recorder: VideoRecorder | None = None

    def offer(self, picture: Picture) -> None:
        """Take a picture for the running video, or for one that begins soon; never waits."""
        if self._recorder is None:
            from mile_desktop.cameras.recorder import VideoRecorder  # noqa: PLC0415 - see the class

            self._recorder = VideoRecorder(self._show_error)
        self._recorder.offer(picture)

    def start(self, path: str, since: float) -> None:
        """Begin a video with the pictures since ``since`` (``time.monotonic()``, s); nothing if none was offered."""
        if self._recorder is not None:
            self._recorder.start(Path(path), since)

    def stop(self) -> None:
        """End the video."""
        if self._recorder is not None:
            self._recorder.stop()

    def close(self) -> None:
        """Write what waits, and end the recorder's thread."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None
