"""Recognises the format of a data set by its files."""

from pathlib import Path

from mile_desktop.interchange.errors import InterchangeError
from mile_desktop.interchange.foreign_dataset import ForeignDataset
from mile_desktop.interchange.lerobot_reader import is_lerobot, read_lerobot


def open_dataset(source: Path) -> ForeignDataset:
    """Open the data set at ``source``; raises ``InterchangeError`` where it is none that can be read."""
    place = source.expanduser()
    if not place.exists():
        raise InterchangeError(f"There is nothing at {place}; check the path.")
    if is_lerobot(place):
        return read_lerobot(place)
    raise InterchangeError(f"{place} is no data set that can be read; expected the folder of a LeRobot data set.")
