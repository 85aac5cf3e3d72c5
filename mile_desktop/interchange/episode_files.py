"""Exports with one file for each episode: one episode to a file of its own, several into a folder."""

from collections.abc import Callable, Sequence
from pathlib import Path

from mile_desktop.interchange.errors import InterchangeCancelledError, TargetTakenError
from mile_desktop.interchange.export_file import export_file
from mile_desktop.interchange.recorded_episodes import Progress
from mile_desktop.interchange.written_dataset import WrittenDataset
from mile_desktop.privacy import give_own_rights
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.records import Episode, EpisodeRecord
from mile_desktop.storage.workspace import Workspace


def write_each(
    workspace: Workspace,
    records: Sequence[EpisodeRecord],
    target: Path,
    write: Callable[[Episode, Path], None],
    *,
    suffix: str,
    is_export: Callable[[Path], bool],
    force: bool,
    progress: Progress,
) -> WrittenDataset:
    """Call ``write`` with every episode and the path to write it to; finished files stay if it is cancelled.

    Raises
    ------
    TargetTakenError
        A file is there that must not be replaced, or a file is where the folder should be.
    InterchangeCancelledError, WorkspaceError
        See ``write_mcap``.
    """
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
        place = target if alone else target / f"{record.episode_id}{suffix}"
        episode = read_episode(workspace, record.episode_id)
        with export_file(place, force=force, is_export=is_export) as part:
            write(episode, part)
        steps += len(episode)
    return WrittenDataset(target, len(records), steps, reused=0)
