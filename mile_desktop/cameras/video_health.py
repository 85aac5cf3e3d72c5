"""Whether the recorded videos of a workspace can be played from the first to the last picture."""

from collections.abc import Iterator
from pathlib import Path

from mile_desktop.cameras.errors import VideoError
from mile_desktop.cameras.replay import VideoFile
from mile_desktop.cameras.settings import VIDEOS
from mile_desktop.cameras.video_files import parts_of, videos_in


def damaged_videos(workspace: Path) -> Iterator[tuple[Path, str]]:
    """Open every video and decode its first and its last picture; yield path and sentence of those that fail."""
    for folder in sorted((workspace / VIDEOS).glob("*")):
        # Each part for itself: a video is played without its damaged parts, and here they are what is looked for.
        for path in (part for video in videos_in(folder) for part in parts_of(video)):
            if problem := _problem(path):
                yield path, problem


def _problem(path: Path) -> str:
    try:
        video = VideoFile(path)
    except VideoError as error:
        return str(error)
    try:
        for moment in (video.timestamps[0], video.timestamps[-1]):
            video.frame_at(float(moment))
    except VideoError as error:
        return str(error)
    finally:
        video.close()
    return ""
