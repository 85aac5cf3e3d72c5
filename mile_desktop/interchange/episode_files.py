"""Exports with one file for each episode, for Foxglove and Rerun: several episodes make a folder."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from mile_desktop.interchange import mcap_writer, rerun_writer
from mile_desktop.interchange.dataset_export import DatasetExport, WrittenDataset
from mile_desktop.interchange.episode_story import EpisodeStory, Still, stills_of, story_of
from mile_desktop.interchange.errors import InterchangeError, TargetTakenError
from mile_desktop.interchange.export_file import export_file
from mile_desktop.privacy import give_own_rights
from mile_desktop.storage.episodes import read_episode


@dataclass(frozen=True, slots=True)
class EpisodeFormat:
    """A format with one file for each episode; an instance is a ``dataset_export.DatasetWriter``."""

    package: str
    """Name of the optional package that writes it, as pip knows it."""
    extra: str
    """Optional dependency of this program that installs the package."""
    modules: tuple[str, ...]
    """Modules of the package to import; ``write_story`` gets the first one."""
    suffix: str
    mark: bytes
    """Is within the first ``mark_within`` bytes of every file that this program wrote, and in few others."""
    mark_within: int
    write_story: Callable[[Any, EpisodeStory, Iterator[Still], Path], None]
    """Writes one episode with the package; the pictures are made while they are read."""

    def __call__(self, export: DatasetExport) -> WrittenDataset:
        """Write the target for one episode, else one file for each episode in the folder of that name.

        See ``dataset_export.DatasetWriter`` for what it raises. Finished files stay if the export is cancelled.
        """
        package = self._loaded()
        alone = len(export.records) == 1
        if not alone:
            _make_folder(export)
        steps = 0
        for number, record in enumerate(export.records):
            export.begin_episode(number)
            place = export.target if alone else export.target / f"{record.episode_id}{self.suffix}"
            # Not DatasetExport.episodes: each file stands alone, so the episodes may have different sizes.
            episode = read_episode(export.workspace, record.episode_id)
            stills = stills_of(export.workspace, episode, export.progress.note)
            with export_file(place, force=export.force, is_export=self.is_export) as part:
                self.write_story(package, story_of(episode, export.entries), stills, part)
            steps += len(episode)
        return WrittenDataset(export.target, len(export.records), steps)

    def is_export(self, path: Path) -> bool:
        """Return whether this program wrote the file."""
        # The mark and not the package: reading a foreign file of gigabytes to refuse it would take minutes.
        with path.open("rb") as file:
            return self.mark in file.read(self.mark_within)

    def _loaded(self) -> Any:  # noqa: ANN401 - an optional package
        # Before anything is read, so that a missing package is known at once and not after an hour of episodes.
        try:
            package, *_ = [import_module(module) for module in self.modules]
        except ModuleNotFoundError as error:
            raise InterchangeError(
                f"The package {self.package} is not installed; install it with `pip install "
                f"'mile-desktop[{self.extra}]'` and export again."
            ) from error
        return package


write_mcap = EpisodeFormat(
    package="mcap",
    extra="mcap",
    modules=("mcap", "mcap.writer"),
    suffix=".mcap",
    # its header holds the library's name right at the beginning
    mark=mcap_writer.LIBRARY.encode(),
    mark_within=128,
    write_story=mcap_writer.write_story,
)
"""Writes MCAP files."""

write_rerun = EpisodeFormat(
    package="rerun-sdk",
    extra="rerun",
    modules=("rerun",),
    suffix=".rrd",
    # the application's id is in the first message, which says what the recording is
    mark=rerun_writer.APPLICATION.encode(),
    mark_within=4096,
    write_story=rerun_writer.write_story,
)
"""Writes recordings of Rerun."""


def _make_folder(export: DatasetExport) -> None:
    folder = export.target.expanduser()
    if folder.is_file():
        raise TargetTakenError(
            f"{export.target} is a file, and {len(export.records)} episodes need a folder; choose another name."
        )
    if not folder.exists():
        folder.mkdir(parents=True)
        give_own_rights(folder)  # a folder for other programs, as every export
