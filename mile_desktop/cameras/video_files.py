"""Names of recorded videos: one video for each camera and episode, in one file or in several parts.

A recording that is interrupted within an episode (its process is started again, a person switches recording off and on)
goes on in another file: ``front.mp4``, ``front.2.mp4``, ``front.3.mp4``. Together they are the camera's one video.
"""

import re
from pathlib import Path

VIDEO_SUFFIX = ".mp4"

# Names of cameras have only letters, digits and dashes ("front-2" is another camera), so a dot cannot be part of one.
# Earlier versions wrote "front-2" for a part, too. Only for pictures of a scene, whose name has a blank, is that clear.
_PART = re.compile(r"(?P<camera>.+)\.(?P<number>[0-9]{1,4})|(?P<scene>.* .*)-(?P<earlier>[0-9]{1,4})")


def videos_in(folder: Path) -> tuple[Path, ...]:
    """Return the first part of each video in one episode's folder, by name; empty if there is no folder."""
    if not folder.is_dir():
        return ()
    paths = sorted(folder.glob(f"*{VIDEO_SUFFIX}"))
    first: dict[str, Path] = {}
    for path in sorted(paths, key=lambda each: _place(each)[1]):
        first.setdefault(_place(path)[0], path)
    # The lowest number that is there, because the first part may have been deleted to save space.
    return tuple(first[name] for name in sorted(first))


def parts_of(video: Path) -> tuple[Path, ...]:
    """Return all parts of the video whose first part is ``video``, in the order in which they were recorded."""
    camera = camera_of(video)
    found = [path for path in video.parent.glob(f"*{VIDEO_SUFFIX}") if camera_of(path) == camera]
    # A video that was given from elsewhere may not be there; it is still the one to open, and to complain about.
    return tuple(sorted(found, key=lambda each: _place(each)[1])) or (video,)


def camera_of(path: Path) -> str:
    """Return the file name of the camera that ``path`` is a video of."""
    return _place(path)[0]


def free_part(video: Path) -> Path:
    """Return ``video``, or the name of its next part where it is there already."""
    candidate, number = video, 2
    while candidate.exists():
        candidate, number = video.with_name(f"{video.stem}.{number}{video.suffix}"), number + 1
    return candidate


def _place(path: Path) -> tuple[str, int]:
    found = _PART.fullmatch(path.stem)
    if found is None:
        return path.stem, 1
    return found["camera"] or found["scene"], int(found["number"] or found["earlier"])
