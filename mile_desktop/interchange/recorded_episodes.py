"""The episodes of an export: chosen, checked against one another, and identified by their content."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mile_desktop.interchange.errors import InterchangeError
from mile_desktop.operators.no_operator import NO_SUPERVISOR
from mile_desktop.operators.supervisors import SUPERVISORS
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.edit_store import edit_history
from mile_desktop.storage.episodes import find_episode
from mile_desktop.storage.records import EpisodeRecord
from mile_desktop.storage.workspace import Workspace

_PIECE_FORMAT = b"2"
"""Part of every fingerprint: to be raised when the same episode is written in another way."""

OperatorKind = Literal["person", "simulated", "demonstration", "none"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How an export or an import tells what is done, and hears that it shall end; both are called on its thread."""

    report: Callable[[float, str], None] = lambda _share, _text: None
    """Is given the share that is done, in [0, 1], and a short text."""
    note: Callable[[str], None] = lambda _text: None
    """Is given one sentence about something that was left out or is not as expected."""
    cancelled: Callable[[], bool] = lambda: False
    """Whether to end; asked between two episodes."""


def chosen_records(workspace: Workspace, scene: str, episode_ids: Sequence[str]) -> tuple[EpisodeRecord, ...]:
    """Return the records of ``episode_ids``, or of all episodes of ``scene`` outside the bin if there are none.

    Raises
    ------
    UnknownEpisodeError
        The workspace has no episode of an id.
    InterchangeError
        There is no episode, or one is of another scene.
    """
    catalogue = Catalogue(workspace)
    if not episode_ids:
        found = catalogue.episodes(scene)
        if not found:
            raise InterchangeError(f"{scene} has no recorded episode; record one first, or choose another scene.")
        return found
    # Each id once: an episode that was named twice must not count twice in the data set.
    records = tuple(catalogue.episode(each) for each in dict.fromkeys(episode_ids))
    others = [each for each in records if each.start.scene != scene]
    if others:
        raise InterchangeError(
            f"{others[0].episode_id} is an episode of {others[0].start.scene}, not of {scene}; export each scene alone."
        )
    return records


def fingerprint(workspace: Workspace, episode_id: str) -> str:
    """Return a digest of the recording and its edits: of equal digests, the exported steps are equal."""
    digest = hashlib.sha256(_PIECE_FORMAT)
    digest.update(find_episode(workspace, episode_id).read_bytes())
    # Edits lie beside the recording, so the bytes of its file do not change with them.
    digest.update(repr(edit_history(workspace, episode_id).in_force).encode())
    return digest.hexdigest()[:16]


def expect_same_sizes(sizes: Mapping[str, Mapping[str, int]]) -> None:
    """Raise ``InterchangeError`` unless all episodes (id → ``features.sizes_of``) have the same sizes."""
    first, expected = next(iter(sizes.items()))
    for name, found in sizes.items():
        for what, size in found.items():
            if size != expected[what]:
                raise InterchangeError(
                    f"{name} has {size} {what} entries, {first} has {expected[what]}: the scene was changed between "
                    "them. Export the two kinds apart."
                )


def operator_kind(operator: str) -> OperatorKind:
    """Return what kind of operator ``operator`` is."""
    if operator in {"demonstration", "expert"}:
        return "demonstration"
    if operator == NO_SUPERVISOR:
        return "none"
    return "simulated" if operator in SUPERVISORS else "person"
