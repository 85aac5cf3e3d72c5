"""Targets that tests run in real child processes."""

from itertools import count
from pathlib import Path

from mile_desktop.cameras.video import VideoWriter
from tests.cameras.pictures import picture


def write_for_ever(path: str) -> None:
    """Write numbered pictures, 30 a recorded second, until killed."""
    writer = VideoWriter(Path(path), picture(0, 100.0))
    for index in count(1):
        writer.write(picture(index % 256, 100.0 + index / 30))
