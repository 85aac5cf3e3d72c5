"""The result of an export."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class WrittenDataset:
    """What was written where."""

    place: Path
    """The folder or file."""
    episodes: int
    steps: int
    reused: int
    """Episodes that an interrupted export had written before."""
