"""Recorded videos as a LeRobot data set has them: one picture for each step, several episodes in a file.

A recorded video has the times at which its pictures were taken. Here each step gets the newest picture that was taken
before it, on the grid of the data set's rate, and every second picture is a key, so that readers can jump.
"""

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import msgspec
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from mile_desktop.cameras.errors import VideoError
from mile_desktop.cameras.replay import RecordedVideo
from mile_desktop.cameras.settings import VIDEOS
from mile_desktop.cameras.source import Pixels
from mile_desktop.cameras.video_files import VIDEO_SUFFIX, camera_of, videos_in
from mile_desktop.interchange import lerobot_format as lerobot
from mile_desktop.interchange.dataset_export import DatasetExport
from mile_desktop.interchange.errors import InterchangeCancelledError
from mile_desktop.interchange.export_folder import ExportFolder
from mile_desktop.interchange.picture_statistics import PictureStatistics
from mile_desktop.interchange.pieces import Piece
from mile_desktop.interchange.recorded_episodes import Progress
from mile_desktop.priority import leave_real_time
from mile_desktop.storage.durable import PART_SUFFIX
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.workspace import Workspace

KEY = "observation.images."
# the encoder prints a page about itself otherwise
os.environ.setdefault("SVT_LOG", "1")
_ENCODERS = {
    "libsvtav1": ("av1", {"g": "2", "crf": "30", "preset": "12"}),
    "libx264": ("h264", {"g": "2", "crf": "23", "preset": "fast", "bf": "0"}),
}
"""Encoder → codec and options; the first one that PyAV has is used. AV1 as LeRobot's default; H.264 without pictures
that are shown in another order than decoded, so that files can be joined packet by packet."""
_FEWEST, _POWER = 100, 0.75
"""Pictures for statistics: n^0.75, at least 100 (as LeRobot samples them)."""
_LATE_S = 1.0
"""A video that ends longer before its episode, or that has a longer gap, is reported."""
_FROM, _SHARE = 0.4, 0.4
"""Part of the export's progress: where the videos begin, and how much they take (``lerobot_writer``)."""
_MB = 2**20


class _Inside(msgspec.Struct, frozen=True):
    histogram: list[list[int]]
    count: int
    height: int
    width: int
    early_s: float
    """How long the video ends before the episode."""
    old_steps: int = 0
    """Steps before that whose newest picture does not show what the steps before them did."""
    oldest_s: float = 0.0
    """How much older than the step before the oldest of these pictures is."""


@dataclass(frozen=True, slots=True)
class VideoPlace:
    """Where the pictures of one episode lie."""

    chunk: int
    file: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class CameraVideos:
    """All videos of one camera."""

    key: str
    """Name of the feature."""
    height: int
    width: int
    codec: str
    places: tuple[VideoPlace, ...]
    """In the order of the episodes, as ``statistics``."""
    statistics: tuple[PictureStatistics, ...]


def write_videos(
    export: DatasetExport, folder: ExportFolder, pieces: Sequence[Piece], fps: int
) -> tuple[CameraVideos, ...]:
    """Write the videos of the cameras that recorded every episode; say which cameras are left out, and why.

    Raises
    ------
    InterchangeCancelledError
        Finished videos stay, as pieces.
    OSError
        The disk is full; the same.
    """
    note = export.progress.note
    recorded = [_recorded(export.workspace, piece) for piece in pieces]
    found: list[CameraVideos] = []
    for camera in sorted(set().union(*recorded)):
        missing = sum(camera not in each for each in recorded)
        if missing:
            # LeRobot expects every feature in every episode, and an invented picture would be learned from.
            note(f"The camera {camera} is left out, because {missing} of {len(pieces)} episodes have no video.")
            continue
        try:
            found.append(_write_camera(export, folder, pieces, camera, fps=fps))
        except (VideoError, av.error.FFmpegError) as error:
            # A full disk is no fault of this camera: with less to write, the export would end well without its video.
            number = getattr(error, "errno", None)
            if number in {errno.ENOSPC, errno.EDQUOT}:
                raise OSError(number, os.strerror(number), str(folder.target)) from error
            note(f"The camera {camera} is left out: {error}")
    return tuple(found)


def _recorded(workspace: Workspace, piece: Piece) -> dict[str, Path]:
    place = workspace.folder / VIDEOS / piece.record.episode_id
    # a name of a feature may hold no "/", and file names hold none
    return {camera_of(path): path for path in videos_in(place)}


def _write_camera(
    export: DatasetExport, folder: ExportFolder, pieces: Sequence[Piece], camera: str, *, fps: int
) -> CameraVideos:
    progress = export.progress
    # The same for every episode of the camera: packets of two codecs cannot be joined in one file.
    encoder = next(name for name in _ENCODERS if name in av.codecs_available)
    parts: list[Path] = []
    inside: list[_Inside] = []
    for number, piece in enumerate(pieces):
        if progress.cancelled():
            raise InterchangeCancelledError
        progress.report(_FROM + _SHARE * number / len(pieces), f"Video {number + 1} of {len(pieces)}, {camera}")
        part = folder.piece(f"{piece.path.stem}-{camera}{VIDEO_SUFFIX}")
        notes = part.with_suffix(".json")
        # the notes are written last, so that they stand for a whole video
        if not notes.exists():
            times = read_episode(export.workspace, piece.record.episode_id).timestamp
            source = _recorded(export.workspace, piece)[camera]
            content = _encode(source, part, times.tolist(), fps, encoder)
            _report_gaps(source, content, progress)
            folder.keep_piece(notes.name, msgspec.json.encode(content))
        parts.append(part)
        inside.append(msgspec.json.decode(notes.read_bytes(), type=_Inside))
    sizes = {(each.height, each.width) for each in inside}
    if len(sizes) > 1:
        raise VideoError(f"its pictures have {len(sizes)} sizes; export the episodes of each size alone.")
    key = KEY + camera
    return CameraVideos(
        key=key,
        height=inside[0].height,
        width=inside[0].width,
        codec=_ENCODERS[encoder][0],
        places=tuple(_join(folder, key, parts, [len(piece.read()) for piece in pieces], fps)),
        statistics=tuple(PictureStatistics(np.array(each.histogram), each.count) for each in inside),
    )


def _report_gaps(source: Path, content: _Inside, progress: Progress) -> None:
    at = f"{source.name} of {source.parent.name}"
    if content.old_steps:
        progress.note(
            f"{at} has a gap of {content.oldest_s:.1f} s; {content.old_steps} steps repeat the last picture before it."
        )
    if content.early_s > _LATE_S:
        progress.note(f"{at} ends {content.early_s:.1f} s early; its last picture is repeated.")


def _encode(source: Path, part: Path, times: list[float], fps: int, encoder: str) -> _Inside:
    """Write one picture for each of ``times`` (s, the clock of the recorded steps)."""
    video = RecordedVideo(source)
    if video.problems:
        video.close()
        raise VideoError(" ".join(video.problems))
    early_s = times[-1] - float(video.timestamps[-1])
    beside = part.with_suffix(part.suffix + PART_SUFFIX)
    # Neighbouring pictures are alike; statistics of all of them would take as long as the encoding.
    every = max(1, len(times) // max(_FEWEST, round(len(times) ** _POWER)))
    statistics = PictureStatistics.empty()
    old: list[float] = []
    try:
        with av.open(str(beside), "w", format="mp4") as container:
            stream: VideoStream | None = None
            for number, time in enumerate(times):
                # before the first picture, the first one stands for it
                picture = video.frame_at(max(time, float(video.timestamps[0])))
                if picture is None:
                    raise VideoError(f"{source} has no picture at {time:.2f} s.")
                # Against the step before: during a hold nothing moves, so an old picture still shows the scene.
                age_s = times[max(0, number - 1)] - picture.timestamp
                if age_s > _LATE_S and time <= video.timestamps[-1]:
                    old.append(age_s)
                pixels = _even(picture.pixels)
                stream = stream or _stream(container, encoder, pixels, fps)
                _write(container, stream, pixels, number, fps)
                if number % every == 0:
                    statistics = statistics.with_picture(pixels)
            if stream is not None:
                container.mux(stream.encode(None))
        beside.replace(part)
    finally:
        video.close()
        beside.unlink(missing_ok=True)
    return _Inside(
        histogram=statistics.histogram.tolist(),
        count=statistics.count,
        height=pixels.shape[0],
        width=pixels.shape[1],
        early_s=early_s,
        old_steps=len(old),
        oldest_s=max(old, default=0.0),
    )


def _even(pixels: Pixels) -> Pixels:
    # yuv420p halves the resolution of colours
    height, width = (size - size % 2 for size in pixels.shape[:2])
    return np.ascontiguousarray(pixels[:height, :width])


def _stream(container: OutputContainer, encoder: str, pixels: Pixels, fps: int) -> VideoStream:
    stream = container.add_stream(encoder, rate=fps, options=dict(_ENCODERS[encoder][1]))
    if not isinstance(stream, VideoStream):
        raise VideoError(f"{encoder} makes no video; install another version of PyAV.")
    stream.height, stream.width = pixels.shape[:2]
    stream.pix_fmt = "yuv420p"
    return stream


def _write(container: OutputContainer, stream: VideoStream, pixels: Pixels, number: int, fps: int) -> None:
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    frame.pts, frame.time_base = number, Fraction(1, fps)
    container.mux(stream.encode(frame))
    if number == 0:
        # SVT-AV1 puts the calling thread and all of its own into the real-time class where the account may do that. A
        # robot's control loop on this computer would then wait for an export.
        leave_real_time()


def _join(folder: ExportFolder, key: str, parts: Sequence[Path], lengths: Sequence[int], fps: int) -> list[VideoPlace]:
    """Put the videos of the episodes one after the other, packet by packet; a new file at the limit."""
    # Episodes are joined packet by packet and not encoded again: that would take minutes and cost sharpness.
    groups: list[list[int]] = []
    size = 0
    for number, part in enumerate(parts):
        size += part.stat().st_size
        if not groups or size > lerobot.VIDEO_FILE_MB * _MB:
            groups.append([])
            size = part.stat().st_size
        groups[-1].append(number)
    places: list[VideoPlace] = []
    for index, group in enumerate(groups):
        chunk, file = divmod(index, lerobot.FILES_A_CHUNK)
        name = lerobot.VIDEO_PATH.format(video_key=key, chunk_index=chunk, file_index=file)
        target = folder.content / name
        target.parent.mkdir(parents=True, exist_ok=True)
        _join_file(target, [parts[number] for number in group], [lengths[number] for number in group], fps)
        first = 0
        for number in group:
            last = first + lengths[number]
            places.append(VideoPlace(chunk, file, first / fps, last / fps))
            first = last
    return places


def _join_file(target: Path, parts: Sequence[Path], lengths: Sequence[int], fps: int) -> None:
    with av.open(str(target), "w", format="mp4") as joined:
        stream: VideoStream | None = None
        before = 0
        for part, length in zip(parts, lengths, strict=True):
            with av.open(str(part)) as container:
                source = container.streams.video[0]
                # opaque: without it PyAV looks for an encoder with the name of the decoder (libdav1d), and finds none
                stream = stream or joined.add_stream_from_template(source, opaque=True)
                shift = round(Fraction(before, fps) / Fraction(source.time_base or Fraction(1, fps)))
                for packet in container.demux(source):
                    if packet.dts is None or packet.pts is None:  # the last, empty packet
                        continue
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = stream
                    joined.mux(packet)
            before += length
