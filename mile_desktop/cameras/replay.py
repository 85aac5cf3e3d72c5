"""Recorded videos: frames by the time at which they were taken."""

import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from mile_desktop.arrays import Float64Array, IntArray
from mile_desktop.cameras.errors import VideoError
from mile_desktop.cameras.source import Picture
from mile_desktop.cameras.video import START_KEY, TIMES_HEADER, TIMES_SUFFIX, start_of
from mile_desktop.cameras.video_files import camera_of, parts_of

_US = 1_000_000
_AHEAD_US = 2 * _US
"""A frame at most this far ahead is reached by decoding all frames in between; others by a seek to a key frame."""
_KEPT = 48
"""Decoded frames that are kept, so that a step back needs no decoding."""

Times = Float64Array


class RecordedVideo:
    """The video of one camera in one episode, all its parts together; used by one thread.

    Parameters
    ----------
    path
        Of the first part.

    Raises
    ------
    VideoError
        If no part can be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = camera_of(path)
        """File name of the camera."""
        parts: list[VideoFile] = []
        problems: list[str] = []
        for part in parts_of(path):
            try:
                parts.append(VideoFile(part))
            except VideoError as error:
                problems.append(str(error))
        if not parts:
            raise VideoError(problems[0])
        self.problems = tuple(problems)
        """A sentence for each part that cannot be read; the others are shown."""
        # By time and not by number: an earlier build and this one may have numbered the parts of one video.
        self._parts = sorted(parts, key=lambda each: float(each.timestamps[0]))
        self._starts = np.array([each.timestamps[0] for each in self._parts])
        self._times = self._together()

    def _together(self) -> Times:
        # A part may begin with pictures that the one before has, too, and the times have to rise.
        # Without the overlap: the part that was begun later saw the newer pictures.
        times = [
            part.timestamps[part.timestamps < end]
            for part, end in zip(self._parts, [*self._starts[1:], np.inf], strict=True)
        ]
        return np.concatenate(times)

    @property
    def timestamps(self) -> Times:
        """float64[n], rising: when each picture was taken, ``time.monotonic()`` of the recording machine, s."""
        return self._times

    def frame_at(self, timestamp: float) -> Picture | None:
        """Return the newest picture taken at or before ``timestamp`` (s): what could be seen then.

        None before the first picture. Raises ``VideoError`` where the file is damaged.
        """
        index = int(np.searchsorted(self._starts, timestamp, side="right")) - 1
        return None if index < 0 else self._parts[index].frame_at(timestamp)

    def close(self) -> None:
        """Close the files."""
        for part in self._parts:
            part.close()


class VideoFile:
    """One part of a video; used by one thread.

    Parameters
    ----------
    path
        Of the MP4. Its table of times is read from the file beside it or, where that is missing, made from the video.

    Raises
    ------
    VideoError
        If it cannot be read or has no picture.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._container = av.open(str(path))
        except (OSError, av.error.FFmpegError) as error:
            raise VideoError(f"{path} cannot be played ({getattr(error, 'strerror', None) or error}).") from None
        if not self._container.streams.video:
            self._container.close()
            raise VideoError(f"{path} has no video in it.")
        self._stream = self._container.streams.video[0]
        if getattr(self._stream, "codec_context", None) is None:  # a codec without a decoder
            self._container.close()
            raise VideoError(f"{path} has no video in it that can be read.")
        # One thread: with several, each keeps frames back, and a single step would have to decode more of them.
        self._stream.codec_context.thread_count = 1
        self._pts, self._times = self._read_times()
        if not len(self._pts):
            self._container.close()
            raise VideoError(f"{path} has no picture in it.")
        self._frames: Iterator[av.VideoFrame] | None = None
        self._reached = -1
        self._kept: OrderedDict[int, Picture] = OrderedDict()

    @property
    def timestamps(self) -> Times:
        """float64[n], rising: when each picture was taken, ``time.monotonic()`` of the recording machine, s."""
        return self._times

    def frame_at(self, timestamp: float) -> Picture | None:
        """Return the newest picture taken at or before ``timestamp`` (s): what could be seen then.

        None before the first picture. Raises ``VideoError`` where the file is damaged.
        """
        # Right side: a frame taken exactly at this moment was visible.
        index = int(np.searchsorted(self._times, timestamp, side="right")) - 1
        if index < 0:
            return None
        wanted = int(self._pts[index])
        picture = self._kept.get(wanted)
        if picture is None:
            picture = self._decode(wanted)
        return picture

    def close(self) -> None:
        """Close the file."""
        self._frames = None
        self._kept.clear()
        self._container.close()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _read_times(self) -> tuple[IntArray, Times]:
        table = self.path.with_suffix(TIMES_SUFFIX)
        rows = _read_table(table) if table.is_file() else []
        if rows:
            pts, times = zip(*rows, strict=True)
            return np.array(pts, np.int64), np.array(times, np.float64)
        return self._times_of_packets()

    def _times_of_packets(self) -> tuple[IntArray, Times]:
        """Make the table from the video itself and the start that its metadata hold."""
        start = start_of(self._container.metadata.get(START_KEY, ""))
        if start is None:
            raise VideoError(f"{self.path} does not say when it was recorded, and {TIMES_SUFFIX} beside it is missing.")
        scale = float(self._stream.time_base or 1) * _US
        packets = self._container.demux(self._stream)
        pts = np.array(sorted(round(packet.pts * scale) for packet in packets if packet.pts is not None), np.int64)
        # Listing the packets has moved the file to its end.
        self._container.seek(0)
        return pts, start + pts / _US

    def _decode(self, wanted: int) -> Picture:
        # A step backwards always needs a seek: frames depend on those before them.
        if self._frames is None or not self._reached < wanted <= self._reached + _AHEAD_US:
            self._wind(wanted)
        newest: Picture | None = None
        for frame in self._frames or ():
            self._reached = round(float(frame.time or 0.0) * _US)
            newest = self._keep(frame)
            if self._reached >= wanted:
                return newest
        # A killed writer may have written times of frames that never reached the disk: the last frame stands for them.
        self._frames = None
        newest = newest or (next(reversed(self._kept.values())) if self._kept else None)
        if newest is None:
            raise VideoError(f"{self.path} is damaged at {wanted / _US:.1f} s; nothing can be shown there.")
        return newest

    def _wind(self, wanted: int) -> None:
        scale = float(self._stream.time_base or 1) * _US
        # To a key frame at or before it. From any other frame the decoder would show damage.
        self._container.seek(round(wanted / scale), stream=self._stream, backward=True, any_frame=False)
        self._frames = self._decode_on()
        # Its order is the order of decoding, which a seek breaks.
        self._kept.clear()

    def _decode_on(self) -> Iterator[av.VideoFrame]:
        """Yield the frames that can be decoded from here; a video that was cut inside a frame ends there."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.error.FFmpegError):
                return
            with contextlib.suppress(av.error.InvalidDataError):  # one damaged frame; the next may be intact
                yield from packet.decode()

    def _keep(self, frame: av.VideoFrame) -> Picture:
        index = int(np.searchsorted(self._pts, self._reached))
        index = min(index, len(self._pts) - 1)
        pixels = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
        picture = Picture(pixels, float(self._times[index]))
        self._kept[self._reached] = picture
        # Oldest first: a person who steps back is near the newest.
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return picture


def _read_table(table: Path) -> list[tuple[int, float]]:
    """Return (µs, s) of each picture; a line that a killed writer left unfinished ends it."""
    # The part after the last line feed is a line that was not finished, or is empty.
    lines = table.read_text(encoding="utf-8").split("\n")[:-1]
    if not lines or lines[0] != TIMES_HEADER:
        return []
    rows: list[tuple[int, float]] = []
    for line in lines[1:]:
        pts, _, timestamp = line.partition(",")
        try:
            row = int(pts), float(timestamp)
        except ValueError:
            break
        # Times must rise, because they are searched by halving.
        if rows and row[0] <= rows[-1][0]:
            break
        rows.append(row)
    return rows
