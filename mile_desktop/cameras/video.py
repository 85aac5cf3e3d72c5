"""One camera's video of one episode: MP4 (H.264) that a killed writer leaves playable, and the time of every picture.

The MP4 is fragmented: what is on the disk can be played up to the last fragment, half a second at most before the end.
Presentation times are microseconds since the first picture; the table beside it (``<camera>.csv``) has the same
microseconds and the moment on the machine's monotonic clock, which is the clock of the recorded steps.
"""

import contextlib
import errno
from fractions import Fraction
from pathlib import Path
from typing import TextIO

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from mile_desktop.cameras.errors import VideoError
from mile_desktop.cameras.source import Picture, Pixels
from mile_desktop.cameras.video_files import free_part

TIMES_SUFFIX = ".csv"
TIMES_HEADER = "pts_us,timestamp_s"
START_KEY = "comment"
_START_WORD = "monotonic start "
_US = 1_000_000
# Only a hint for the encoder: each picture carries its own time.
_NOMINAL_RATE = 30
# A seek decodes at most so many pictures; more keys would make the file larger.
_PICTURES_BETWEEN_KEYS = 30
_CONTAINER = {
    "movflags": "frag_keyframe+empty_moov+default_base_moof",
    "frag_duration": "500000",
    "flush_packets": "1",
}
# Fast and without look-ahead: the encoder shares the processor with the control loop, and a killed process loses no
# pictures that it held back.
_CODEC = {"preset": "superfast", "tune": "zerolatency", "crf": "23", "g": str(_PICTURES_BETWEEN_KEYS), "threads": "1"}


class VideoWriter:
    """Writes pictures in the order in which they arrive; used by one thread.

    The first picture sets the size; later ones of another size are made to fit, with black bars.

    Parameters
    ----------
    path
        Of the MP4; its folder is made. Where it is there already, the recording goes on in its next part.
    first
        The first picture, which is written too.

    Raises
    ------
    VideoError
        One sentence; the files hold everything that was written before.
    """

    def __init__(self, path: Path, first: Picture) -> None:
        self.path = path
        self.written = 0
        self._start = first.timestamp
        self._last_us = -1
        height, width = (size - size % 2 for size in first.pixels.shape[:2])  # H.264 halves the colours' resolution
        self._size = max(2, width), max(2, height)
        self._container: OutputContainer | None = None
        self._times: TextIO | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.path = free_part(path)
            self._stream = self._open(self.path)
            # Buffered by lines: after a kill, the table ends with a complete line.
            self._times = self.path.with_suffix(TIMES_SUFFIX).open("w", encoding="utf-8", buffering=1)
            self._times.write(TIMES_HEADER + "\n")
        except (OSError, av.error.FFmpegError) as error:
            self.abandon()
            raise _as_video_error(self.path, error) from None
        try:
            self.write(first)
        except BaseException:
            self.abandon()  # no other code has this object, so only this can close its files
            raise

    def write(self, picture: Picture) -> None:
        """Add a picture; raise ``VideoError`` when it cannot be kept."""
        if self._container is None or self._times is None:
            raise VideoError(f"{self.path} was closed; a new recording is needed.")
        # Presentation times have to rise, and two pictures can have the same timestamp.
        pts = max(self._last_us + 1, round((picture.timestamp - self._start) * _US))
        frame = av.VideoFrame.from_ndarray(_fitted(picture.pixels, *self._size), format="rgb24")
        frame.pts, frame.time_base = pts, Fraction(1, _US)
        try:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
            self._times.write(f"{pts},{picture.timestamp:.6f}\n")
        except (OSError, av.error.FFmpegError) as error:
            self.abandon()
            raise _as_video_error(self.path, error) from None
        # After the picture is in the file.
        self._last_us = pts
        self.written += 1

    def close(self) -> None:
        """Finish the file; raise ``VideoError`` when its end cannot be written."""
        container, self._container = self._container, None
        if container is None:
            return
        try:
            for packet in self._stream.encode(None):
                container.mux(packet)
            container.close()
        except (OSError, av.error.FFmpegError) as error:
            # Given back for ``abandon``, which closes it without raising again.
            self._container = container
            self.abandon()
            raise _as_video_error(self.path, error) from None
        self._close_times()

    def abandon(self) -> None:
        """Close the file as it is: everything that was written can be played."""
        container, self._container = self._container, None
        with contextlib.suppress(OSError, av.error.FFmpegError):  # it is being abandoned because it cannot be written
            if container is not None:
                container.close()
        self._close_times()

    def _open(self, path: Path) -> VideoStream:
        container = av.open(str(path), "w", format="mp4", options=dict(_CONTAINER))
        self._container = container
        container.metadata[START_KEY] = f"{_START_WORD}{self._start:.6f} s"
        stream = container.add_stream("libx264", rate=_NOMINAL_RATE, options=dict(_CODEC))
        stream.width, stream.height = self._size
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, _US)
        return stream

    def _close_times(self) -> None:
        times, self._times = self._times, None
        with contextlib.suppress(OSError):  # every line is out already; a full disk has nothing more to lose
            if times is not None:
                times.close()


def start_of(comment: str) -> float | None:
    """Return the monotonic time (s) of a video's first picture from its metadata; None where there is none."""
    if not comment.startswith(_START_WORD):
        return None
    try:
        return float(comment.removeprefix(_START_WORD).removesuffix(" s"))
    except ValueError:
        return None


def _fitted(pixels: Pixels, width: int, height: int) -> Pixels:
    """Return ``pixels`` in exactly this size: cut by a row or column, or made to fit with black bars."""
    tall, wide = pixels.shape[:2]
    # An odd row or column is cut off. Scaling by one pixel would blur the whole picture.
    if 0 <= tall - height <= 1 and 0 <= wide - width <= 1:
        return np.ascontiguousarray(pixels[:height, :width])
    import cv2  # noqa: PLC0415 (a heavy import that only a change of size needs)

    factor = min(width / wide, height / tall)
    inner = max(1, min(width, round(wide * factor))), max(1, min(height, round(tall * factor)))
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    framed = np.zeros((height, width, 3), np.uint8)
    framed[top : top + inner[1], left : left + inner[0]] = cv2.resize(pixels, inner, interpolation=cv2.INTER_AREA)
    return framed


def _as_video_error(path: Path, error: Exception) -> VideoError:
    number = getattr(error, "errno", None)
    if number in {errno.ENOSPC, errno.EDQUOT}:
        return VideoError(f"The disk is full: {path} ends here. The episode goes on; make room for the next video.")
    reason = getattr(error, "strerror", None) or error
    return VideoError(f"{path} cannot be written ({reason}). The episode goes on without it.")
