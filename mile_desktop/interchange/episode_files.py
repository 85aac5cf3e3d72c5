"""Exports with one file for each episode: one episode to a file of its own, several into a folder."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mile_desktop.interchange.episode_story import EpisodeStory, Still, stills_of, story_of
from mile_desktop.interchange.errors import InterchangeCancelledError, InterchangeError, TargetTakenError
from mile_desktop.interchange.export_file import export_file
from mile_desktop.interchange.recorded_episodes import Progress
from mile_desktop.interchange.scene_entries import SceneEntries
from mile_desktop.interchange.written_dataset import WrittenDataset
from mile_desktop.privacy import give_own_rights
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.records import Episode, EpisodeRecord
from mile_desktop.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class EpisodeFormat:
    """A format with one file for each episode; an instance is a ``dataset_formats.DatasetWriter``."""

    package: str
    """Name of the package that writes it, as pip knows it."""
    extra: str
    """Optional dependency of this program that installs the package."""
    load: Callable[[], Any]
    """Imports the package and returns it."""
    suffix: str
    mark: bytes
    """Is within the first ``mark_within`` bytes of every file that this program wrote, and in few others."""
    mark_within: int
    write_story: Callable[[Any, EpisodeStory, Iterator[Still], Path], None]
    """Writes one episode with the package; the pictures are made while they are read."""

    def __call__(
        self,
        workspace: Workspace,
        records: Sequence[EpisodeRecord],
        entries: SceneEntries,
        target: Path,
        *,
        force: bool = False,
        progress: Progress | None = None,
    ) -> WrittenDataset:
        """Write ``target`` for one episode, else one file for each episode in the folder ``target``.

        Raises
        ------
        InterchangeError
            A target is taken, the package is missing, or a video cannot be read.
        WorkspaceError
            An episode cannot be read.
        InterchangeCancelledError
            ``progress.cancelled`` was true; the file that was being written is not left behind.
        """
        package, told = self._loaded(), progress or Progress()

        def write(episode: Episode, path: Path) -> None:
            self.write_story(package, story_of(episode, entries), stills_of(workspace, episode, told.note), path)

        return _write_each(self, workspace, records, target, write, force=force, progress=told)

    def is_export(self, path: Path) -> bool:
        """Return whether this program wrote the file."""
        with path.open("rb") as file:
            return self.mark in file.read(self.mark_within)

    def _loaded(self) -> Any:  # noqa: ANN401 - an optional package
        try:
            return self.load()
        except ModuleNotFoundError as error:
            raise InterchangeError(
                f"The package {self.package} is not installed; install it with `pip install "
                f"'mile-desktop[{self.extra}]'` and export again."
            ) from error


def _write_each(
    kind: EpisodeFormat,
    workspace: Workspace,
    records: Sequence[EpisodeRecord],
    target: Path,
    write: Callable[[Episode, Path], None],
    *,
    force: bool,
    progress: Progress,
) -> WrittenDataset:
    """Call ``write`` with every episode and the path to write it to; finished files stay if it is cancelled."""
    alone = len(records) == 1
    if not alone and target.expanduser().is_file():
        raise TargetTakenError(f"{target} is a file, and {len(records)} episodes need a folder; choose another name.")
    if not alone and not target.expanduser().exists():
        target.expanduser().mkdir(parents=True)
        give_own_rights(target.expanduser())  # a folder for other programs, as every export
    steps = 0
    for number, record in enumerate(records):
        if progress.cancelled():
            raise InterchangeCancelledError
        progress.report(number / len(records), f"Episode {number + 1} of {len(records)}")
        place = target if alone else target / f"{record.episode_id}{kind.suffix}"
        # One at a time: a long study does not fit the memory.
        episode = read_episode(workspace, record.episode_id)
        with export_file(place, force=force, is_export=kind.is_export) as part:
            write(episode, part)
        steps += len(episode)
    return WrittenDataset(target, len(records), steps, reused=0)
