"""A video of what a window shows, for a talk or a bug report: one MP4 (H.264), written on a thread of its own."""

import contextlib
import errno
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Self

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from mile_desktop.cameras.errors import VideoError
from mile_desktop.channels.watched_thread import WatchedThread

Pixels = NDArray[np.uint8]
"""uint8[height, width, 4]: blue, green, red and a fourth value that is not used, as Qt keeps pictures in memory."""

_WAITING = 8
"""Pictures that may wait for the encoder: a third of a second of pauses, and 30 MB for the largest view."""
_MS = 1000
_NOMINAL_RATE = 20
_HYBRID_FROM = (61, 7, 0)
"""Version of libavformat (FFmpeg 7.1) from which a file of fragments becomes an ordinary MP4 at its end."""
_CODEC = {"preset": "superfast", "tune": "zerolatency", "crf": "21", "g": "40", "threads": "1"}
"""One thread, because a policy drives beside it. No look-ahead: a disk that refuses is noticed with the first picture,
and a video of fragments with pictures out of order would begin 0.3 s late. 21: text of 12 px stays readable."""


@dataclass(frozen=True, slots=True)
class ClipEnd:
    """What became of a video."""

    path: Path
    seconds: float
    """Time between its first and its last picture."""
    pictures: int
    missed: int
    """Pictures that were left out because the encoder was too slow; the one before each is shown longer."""
    problem: str = ""
    """Why it ended early, as a sentence; empty where it is complete."""


class ClipRecorder:
    """Writes one video; ``offer`` and ``stop`` are called on the window's thread and never wait.

    While it is recorded the file consists of fragments, so that it can be played up to its last second after a crash.

    Parameters
    ----------
    path
        Of the MP4; its folder exists, and it is replaced.
    ended
        Called once on the recorder's thread, when the file is closed.
    """

    def __init__(self, path: Path, ended: Callable[[ClipEnd], None]) -> None:
        self._path = path
        self._ended = ended
        self._waiting: deque[tuple[Pixels, float]] = deque()
        self._changed = threading.Condition()
        self._open = True
        self._missed = self._written = 0
        self._first_s = self._last_s = 0.0
        self._thread = WatchedThread(self._run, "video of the view", on_failure=self._failed)
        self._thread.start()

    def offer(self, pixels: Pixels, at_s: float) -> None:
        """Add the picture of time ``at_s`` (s, of any clock that only rises); it must not be changed afterwards.

        All pictures have the size of the first one.
        """
        with self._changed:
            if not self._open:
                return
            if len(self._waiting) >= _WAITING:
                self._missed += 1
                return
            self._waiting.append((pixels, at_s))
            self._changed.notify()

    def stop(self) -> None:
        """Write what waits, and close the file; ``ended`` is called when that is done."""
        with self._changed:
            self._open = False
            self._changed.notify()

    def join(self, timeout_s: float) -> bool:
        """Wait until the file is closed; return whether it is within ``timeout_s``."""
        return self._thread.join(timeout_s)

    # ── the thread ───────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        problem = ""
        try:
            self._write_all()
        except (OSError, av.error.FFmpegError) as error:
            problem = str(_as_error(self._path, error))
        self._report(problem)

    def _write_all(self) -> None:
        first = self._next()
        if first is None:
            return
        with _Mp4(self._path, first[0].shape[1], first[0].shape[0]) as file:
            self._first_s = first[1]
            item: tuple[Pixels, float] | None = first
            while item is not None:
                file.write(item[0], item[1] - self._first_s)
                # After the picture is in the file: what cannot be written does not count.
                self._written, self._last_s = self._written + 1, item[1]
                item = self._next()

    def _next(self) -> tuple[Pixels, float] | None:
        """Wait for a picture; None after the last one."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or not self._open)
            return self._waiting.popleft() if self._waiting else None

    def _report(self, problem: str) -> None:
        with self._changed:
            self._open = False
            self._waiting.clear()
        seconds = self._last_s - self._first_s
        self._ended(ClipEnd(self._path, seconds, self._written, self._missed, problem))

    def _failed(self) -> None:
        # A bug, whose traceback is in the log; without an end the window would show "recording" for ever.
        self._report(f"The video ends here ({self._thread.failure}).")


class _Mp4:
    """The file; closed at the end of the ``with`` block, also by an error."""

    def __init__(self, path: Path, width: int, height: int) -> None:
        # H.264 halves the colours' resolution, so an odd row or column is cut off.
        self._width, self._height = max(2, width - width % 2), max(2, height - height % 2)
        self._path = path
        self._last_ms = -1

    def __enter__(self) -> Self:
        # The format is named: the file may be given by a name without an ending.
        self._container: OutputContainer = av.open(str(self._path), "w", format="mp4", options=_container_options())
        self._stream: VideoStream = self._container.add_stream("libx264", rate=_NOMINAL_RATE, options=dict(_CODEC))
        self._stream.width, self._stream.height = self._width, self._height
        self._stream.pix_fmt = "yuv420p"
        # Each picture has its own time: a busy window draws fewer than it should, and the video must not run faster.
        self._stream.time_base = self._stream.codec_context.time_base = Fraction(1, _MS)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            for packet in self._stream.encode(None):
                self._container.mux(packet)
            self._container.close()
            return
        # It is closed because it cannot be written; the first error is the one to report.
        with contextlib.suppress(OSError, av.error.FFmpegError):
            self._container.close()

    def write(self, pixels: Pixels, at_s: float) -> None:
        """Add a picture, ``at_s`` after the first one."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[: self._height, : self._width]), format="bgra")
        # Times must rise, also where two pictures came within one millisecond.
        self._last_ms = max(self._last_ms + 1, round(at_s * _MS))
        frame.pts, frame.time_base = self._last_ms, Fraction(1, _MS)
        for packet in self._stream.encode(frame):
            self._container.mux(packet)


def _container_options() -> dict[str, str]:
    hybrid = av.library_versions["libavformat"] >= _HYBRID_FROM
    fragments = "hybrid_fragmented" if hybrid else "frag_keyframe+empty_moov+default_base_moof"
    return {"movflags": fragments, "frag_duration": "1000000", "flush_packets": "1"}


def _as_error(path: Path, error: Exception) -> VideoError:
    number = getattr(error, "errno", None)
    if number in {errno.ENOSPC, errno.EDQUOT}:
        return VideoError(f"The disk is full, so the video {path} ends here. Make room, then record again.")
    return VideoError(f"The video {path} cannot be written ({getattr(error, 'strerror', None) or error}).")
