"""An export: which episodes are written where, and what was written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mile_desktop.interchange.errors import InterchangeCancelledError
from mile_desktop.interchange.features import sizes_of
from mile_desktop.interchange.recorded_episodes import Progress, expect_same_sizes
from mile_desktop.interchange.scene_entries import SceneEntries
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.records import Episode, EpisodeRecord
from mile_desktop.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class DatasetExport:
    """What a ``DatasetWriter`` is asked to write."""

    workspace: Workspace
    records: Sequence[EpisodeRecord]
    """At least one, all of the scene that ``entries`` describes (``recorded_episodes.chosen_records``)."""
    entries: SceneEntries
    target: Path
    """A new folder or file, as the format has it."""
    force: bool = False
    """Replace what an earlier export wrote to ``target``; anything else there is refused all the same."""
    progress: Progress = field(default_factory=Progress)

    def begin_episode(self, number: int, *, share: float = 1.0) -> None:
        """Report that episode ``number`` (from 0) is next; episodes take ``share`` of the whole progress.

        Raises
        ------
        InterchangeCancelledError
            ``progress.cancelled`` was true.
        """
        if self.progress.cancelled():
            raise InterchangeCancelledError
        self.progress.report(share * number / len(self.records), f"Episode {number + 1} of {len(self.records)}")

    def episodes(self) -> Iterator[Episode]:
        """Yield the episodes with their edits, one at a time because a long study does not fit the memory.

        Raises
        ------
        InterchangeError
            The episodes have different sizes.
        InterchangeCancelledError
            ``progress.cancelled`` was true.
        WorkspaceError
            An episode cannot be read.
        """
        first: dict[str, dict[str, int]] = {}
        for number, record in enumerate(self.records):
            self.begin_episode(number)
            episode = read_episode(self.workspace, record.episode_id)
            # Every episode is compared with the first one only: hundreds of sizes need not be kept.
            first = first or {record.episode_id: sizes_of(episode)}
            expect_same_sizes(first | {record.episode_id: sizes_of(episode)})
            yield episode


@dataclass(frozen=True, slots=True)
class WrittenDataset:
    """What was written where."""

    place: Path
    """The folder or file."""
    episodes: int
    steps: int
    reused: int = 0
    """Episodes that an interrupted export had written before."""


DatasetWriter = Callable[[DatasetExport], WrittenDataset]
"""Writes recorded episodes, with their edits, in one format.

Raises
------
InterchangeError
    The target is taken, a package is missing, or the episodes cannot stand in one data set (sizes, rates).
WorkspaceError
    An episode cannot be read.
InterchangeCancelledError
    ``progress.cancelled`` was true. A file that was being written is not left behind; a LeRobot data set keeps its
    finished part for the next export to this target.
"""
