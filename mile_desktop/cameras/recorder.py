"""Records a camera's frames as a video, on its own thread in the capture process."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mile_desktop.cameras.errors import VideoError
from mile_desktop.cameras.source import Picture
from mile_desktop.cameras.video import VideoWriter
from mile_desktop.channels.watched_thread import WatchedThread

_log = logging.getLogger(__name__)

_RECENT_S = 0.6
"""Frames of this time are kept, so that a video starts with its episode although the command arrives later."""
_RECENT_BYTES = 32 * 1024 * 1024
_WAITING_BYTES = 96 * 1024 * 1024
"""Limit of frames that wait for the encoder; further ones are not recorded, but counted."""


@dataclass(frozen=True, slots=True)
class _Begin:
    path: Path


@dataclass(frozen=True, slots=True)
class _End:
    quit: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """The video that is being written."""

    file: str = ""
    """Name of the MP4; empty while none is written."""
    pictures: int = 0
    missed: int = 0
    """Frames that were dropped because the encoder was too slow."""


class VideoRecorder:
    """``offer`` is called on the capture thread and never waits; the rest is for the process's main thread.

    Parameters
    ----------
    show_error
        Called on the recorder's thread with one sentence when a video ends before its episode.
    """

    def __init__(self, show_error: Callable[[str], None]) -> None:
        self._show_error = show_error
        self._recent: deque[Picture] = deque()
        self._items: deque[_Begin | Picture | _End] = deque()
        self._waiting_bytes = 0
        self._recording = False
        self._missed = 0
        self._writer: VideoWriter | None = None
        self._target: Path | None = None
        self._changed = threading.Condition()
        self._thread = WatchedThread(self._run, "video recorder", on_failure=self._stopped)
        self._thread.start()

    def offer(self, picture: Picture) -> None:
        """Take a frame for the running video, or for one that starts soon; never waits."""
        with self._changed:
            # Also while nothing is recorded: the command to record arrives after the episode has begun.
            self._recent.append(picture)
            self._forget_old(picture.timestamp)
            if self._recording:
                self._queue(picture)

    def start(self, path: Path, since: float) -> None:
        """Begin a video with the pictures taken since ``since`` (``time.monotonic()``, s); ends one that runs."""
        with self._changed:
            if self._recording:
                # In the queue and not at once: the pictures before it belong to the video before.
                self._items.append(_End())
            self._items.append(_Begin(path))
            self._recording, self._missed = True, 0
            for picture in self._recent:
                if picture.timestamp >= since:
                    self._queue(picture)
            self._changed.notify()

    def stop(self) -> None:
        """End the video with the pictures offered so far."""
        with self._changed:
            if self._recording:
                self._recording = False
                self._items.append(_End())
                self._changed.notify()

    def close(self, timeout_s: float = 2.0) -> bool:
        """Write the waiting frames and end the thread; return whether that was done within ``timeout_s``."""
        with self._changed:
            self._recording = False
            self._items.append(_End(quit=True))
            self._changed.notify()
        return self._thread.join(timeout_s)

    @property
    def recorded(self) -> Recorded:
        """What is being written now."""
        writer = self._writer
        return Recorded() if writer is None else Recorded(writer.path.name, writer.written, self._missed)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _forget_old(self, now: float) -> None:
        # Counted each time. There are few pictures, and a counter could drift from the truth.
        size = sum(picture.pixels.nbytes for picture in self._recent)
        while self._recent and (now - self._recent[0].timestamp > _RECENT_S or size > _RECENT_BYTES):
            size -= self._recent.popleft().pixels.nbytes

    def _queue(self, picture: Picture) -> None:
        # Limited by size and not by number, because cameras differ by a factor of a hundred in size.
        if self._waiting_bytes + picture.pixels.nbytes > _WAITING_BYTES:
            self._missed += 1
            return
        self._waiting_bytes += picture.pixels.nbytes
        self._items.append(picture)
        self._changed.notify()

    def _next(self) -> _Begin | Picture | _End:
        with self._changed:
            self._changed.wait_for(self._has_items)
            item = self._items.popleft()
            if isinstance(item, Picture):
                self._waiting_bytes -= item.pixels.nbytes
            return item

    def _has_items(self) -> bool:
        return bool(self._items)

    def _run(self) -> None:
        while True:
            item = self._next()
            try:
                self._handle(item)
            # The episode goes on without this video. The next command to record tries again.
            except VideoError as error:
                self._writer = self._target = None
                self._show_error(str(error))
            except Exception as error:  # noqa: BLE001 - any other end of this thread would lose every later video
                _log.exception("A video could not be written")
                writer, self._writer, self._target = self._writer, None, None
                if writer is not None:
                    writer.abandon()
                self._show_error(
                    f"The video ends here ({type(error).__name__}: {error}). The episode goes on without it."
                )
            if isinstance(item, _End) and item.quit:
                return

    def _stopped(self) -> None:
        """Say that no video can be recorded any more, and keep no pictures for one."""
        with self._changed:
            self._recording = False
            self._items.clear()
            self._waiting_bytes = 0
        self._show_error(f"Videos cannot be recorded any more ({self._thread.failure}); restart the camera.")

    def _handle(self, item: _Begin | Picture | _End) -> None:
        match item:
            case _Begin(path=path):
                self._target = path
            case _End():
                # Cleared before closing, so that an error in it leaves no half-closed writer.
                writer, self._writer, self._target = self._writer, None, None
                if writer is not None:
                    writer.close()
            case Picture() if self._writer is not None:
                self._writer.write(item)
            # The file is made with the first picture, which sets its size.
            case Picture() if self._target is not None:
                self._writer = VideoWriter(self._target, item)
            case Picture():
                return  # the video ended early after an error that was shown
