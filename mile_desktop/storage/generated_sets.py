"""Generated episodes, kept apart from recorded ones: one folder of the workspace for each run that made some.

No query of the catalogue sees them. So they are never counted as a person's, never calibrated or scored on, and never
in a table of recorded episodes. A training reads them only where it was asked to.
"""

import shutil
from pathlib import Path

import msgspec

from mile_desktop.storage import errors
from mile_desktop.storage.durable import sync_folder, write_durably
from mile_desktop.storage.episodes import read_episode_file, write_recording
from mile_desktop.storage.errors import UnknownRecordError, WorkspaceError
from mile_desktop.storage.ids import checked_id
from mile_desktop.storage.records import Episode
from mile_desktop.storage.workspace import EPISODE_SUFFIX, Workspace

GENERATED = "generated"
"""Folder of the workspace; also the key of ``EpisodeStart.extra`` that marks a generated episode with its run's id."""

_SET_FILE = "set.json"
_UNFINISHED = ".part"
_REMOVED = ".removed"
"""Ending of a set that a person removed in the window and can still put back."""


class GeneratedSet(msgspec.Struct, frozen=True, kw_only=True):
    """The generated episodes of one run, and what they came from."""

    set_id: str
    """Id of the run."""
    scene: str
    policy_id: str
    """The policy that was supervised."""
    model_id: str
    """The intervention model that stood in for the person."""
    randomisation: str
    """Label of the ranges from which scenes were drawn."""
    created_at: str
    """UTC, ISO 8601."""
    first_seed: int
    tried: int
    """Episodes that were run; those without success are not kept."""
    episodes: int
    steps: int
    takeovers: int
    corrected_steps: int
    """Steps that the learned human drove."""


def write_set(workspace: Workspace, described: GeneratedSet, episodes: tuple[Episode, ...]) -> Path:
    """Write a whole set, or nothing; raises ``WorkspaceError`` where the disk refuses."""
    folder = set_folder(workspace, described.set_id)
    part = folder.with_name(folder.name + _UNFINISHED)
    with errors.translated(workspace.folder):
        try:
            part.mkdir(parents=True)
            for number, episode in enumerate(episodes):
                write_recording(part / f"{number:04}{EPISODE_SUFFIX}", episode)
            write_durably(part / _SET_FILE, msgspec.json.format(msgspec.json.encode(described), indent=2))
            # Renamed when it is complete: a killed run leaves no set with some of its episodes.
            part.rename(folder)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        sync_folder(folder.parent)
    return folder


def generated_sets(workspace: Workspace, scene: str | None = None) -> tuple[GeneratedSet, ...]:
    """Return the sets of ``scene`` (None: of all), oldest first; raises ``WorkspaceError`` for a damaged one."""
    found = [_described(path) for path in _set_files(workspace) if not path.parent.name.endswith(_REMOVED)]
    return tuple(sorted((each for each in found if scene in {None, each.scene}), key=lambda each: each.created_at))


def every_set(workspace: Workspace) -> tuple[GeneratedSet, ...]:
    """Return the sets of all scenes, also those that can still be put back; raises as ``generated_sets``."""
    return tuple(_described(path) for path in _set_files(workspace))


def read_set(workspace: Workspace, set_id: str) -> tuple[Episode, ...]:
    """Read the episodes of a set; raises ``UnknownRecordError`` where there is none, ``EpisodeFileError``."""
    folder = _existing(workspace, set_id)
    return tuple(read_episode_file(path) for path in sorted(folder.glob(f"*{EPISODE_SUFFIX}")))


def put_set_aside(workspace: Workspace, set_id: str) -> None:
    """Remove a set so that ``put_set_back`` can undo it; raises ``UnknownRecordError`` where there is none."""
    folder = _existing(workspace, set_id)
    aside = folder.with_name(folder.name + _REMOVED)
    with errors.translated(workspace.folder):
        # Of a set that had the same name and was removed before: only one of the two can be put back.
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)


def put_set_back(workspace: Workspace, set_id: str) -> None:
    """Undo ``put_set_aside``; raises ``UnknownRecordError`` where the set was erased, or its name is taken."""
    folder = set_folder(workspace, set_id)
    aside = folder.with_name(folder.name + _REMOVED)
    if not aside.is_dir():
        raise UnknownRecordError(f"The generated episodes of {set_id} were erased meanwhile; generate them again.")
    if folder.exists():
        raise UnknownRecordError(f"There are newer generated episodes with the name {set_id}; remove them first.")
    with errors.translated(workspace.folder):
        aside.rename(folder)


def erase_removed_sets(workspace: Workspace) -> None:
    """Erase what was put aside; nothing can be put back afterwards."""
    with errors.translated(workspace.folder):
        for aside in (workspace.folder / GENERATED).glob(f"*{_REMOVED}"):
            shutil.rmtree(aside)


def remove_set(workspace: Workspace, set_id: str) -> None:
    """Remove a set for good; policies that learned from it stay. Raises ``UnknownRecordError``."""
    folder = _existing(workspace, set_id)
    with errors.translated(workspace.folder):
        # Renamed first: a removal that is killed leaves no set with some of its episodes.
        gone = folder.with_name(folder.name + _UNFINISHED)
        shutil.rmtree(gone, ignore_errors=True)
        folder.rename(gone)
        shutil.rmtree(gone)


def set_folder(workspace: Workspace, set_id: str) -> Path:
    """Return ``generated/<id>``."""
    return workspace.folder / GENERATED / checked_id(set_id)


def _set_files(workspace: Workspace) -> list[Path]:
    found = (workspace.folder / GENERATED).glob(f"*/{_SET_FILE}")
    return [path for path in found if not path.parent.name.endswith(_UNFINISHED)]


def _existing(workspace: Workspace, set_id: str) -> Path:
    folder = set_folder(workspace, set_id)
    if not (folder / _SET_FILE).is_file():
        known = ", ".join(each.set_id for each in generated_sets(workspace)) or "none"
        raise UnknownRecordError(f"There is no set of generated episodes {set_id}; the workspace has {known}.")
    return folder


def _described(path: Path) -> GeneratedSet:
    try:
        return msgspec.json.decode(path.read_bytes(), type=GeneratedSet)
    except (OSError, msgspec.MsgspecError) as error:
        raise WorkspaceError(
            f"{path} does not describe a set of generated episodes ({error}); remove the folder {path.parent}."
        ) from error
