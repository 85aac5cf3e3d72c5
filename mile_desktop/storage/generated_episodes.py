"""Generated episodes in the list of the Inspect page: named, found and read beside recorded ones.

The catalogue has no row of them, so that nothing else can count them by mistake. This module therefore filters and
sorts in memory what ``browse`` lets the database do; a workspace has at most hundreds of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from mile_desktop.storage.browse import (
    LEARNED_BY,
    Column,
    EpisodeFilter,
    EpisodeRow,
    browsed_scenes,
    find_episodes,
    read_rows,
)
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.edit_store import edit_history
from mile_desktop.storage.edits import EditHistory
from mile_desktop.storage.episodes import read_episode_file, read_record, read_recording
from mile_desktop.storage.errors import EpisodeFileError, UnknownEpisodeError
from mile_desktop.storage.generated_sets import GENERATED, GeneratedSet, generated_sets, set_folder
from mile_desktop.storage.operator_names import NO_NAME
from mile_desktop.storage.records import SHIFT_RANGES, Episode, EpisodeRecord
from mile_desktop.storage.workspace import EPISODE_SUFFIX, Workspace

_MOST_SETS = 512
_UNKNOWN_RATE_HZ = 20.0
"""Of a row whose file is damaged; its zero steps last no time at any rate."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a generated episode came from."""

    set_id: str
    policy: str
    """Name of the policy that drove."""
    policy_id: str
    model_id: str
    """The intervention model that stood in for the person."""
    seed: int
    randomisation: str
    """Label of the ranges from which its scene was drawn."""
    ranges: Mapping[str, Sequence[float]]
    """Bounds of what was drawn; empty where the episode was generated before they were kept."""


def is_generated(name: str) -> bool:
    """Whether ``name`` is a name by this module, and no id of a recorded episode."""
    return name.startswith(f"{GENERATED}/")


def set_of(name: str) -> str:
    """Return the id of the set of a generated episode."""
    return name.split("/")[1]


def list_episodes(
    workspace: Workspace, wanted: EpisodeFilter, order: Column = "started_at", *, descending: bool = True
) -> tuple[str, ...]:
    """Return the names of the matching episodes in order, recorded, generated or both; unknown values come last."""
    recorded = () if wanted.source == "generated" else find_episodes(workspace, wanted, order, descending=descending)
    if wanted.source == "recorded":
        return recorded
    rows = [*read_rows(workspace, recorded).values(), *_matching(workspace, wanted)]
    # Two sorts, because the date is the second key and its direction does not follow the first.
    rows.sort(key=lambda row: row.started_at, reverse=True)
    known = [row for row in rows if getattr(row, order) is not None]
    known.sort(key=lambda row: _sort_key(row, order), reverse=descending)
    return tuple(row.episode_id for row in (*known, *(row for row in rows if getattr(row, order) is None)))


def rows_of(workspace: Workspace, names: Sequence[str]) -> dict[str, EpisodeRow]:
    """Return the rows of recorded and generated episodes by name; names that no longer exist are left out."""
    wanted = {each for each in names if is_generated(each)}
    generated = {row.episode_id: row for row in generated_rows(workspace) if row.episode_id in wanted} if wanted else {}
    return read_rows(workspace, [each for each in names if each not in wanted]) | generated


def listed_scenes(workspace: Workspace) -> tuple[str, ...]:
    """Return the names of scenes with recorded or generated episodes, sorted."""
    return tuple(sorted({*browsed_scenes(workspace), *(each.scene for each in generated_sets(workspace))}))


def generated_rows(workspace: Workspace) -> tuple[EpisodeRow, ...]:
    """Return a row for each generated episode; raises ``WorkspaceError`` for a damaged set."""
    names = {each.policy_id: each.name for each in Catalogue(workspace).policies()}
    return tuple(
        _row(described, stem, record, names.get(described.policy_id, described.policy_id))
        for described in generated_sets(workspace)
        for stem, record in _records(set_folder(workspace, described.set_id), described.created_at)
    )


def read_listed(workspace: Workspace, name: str) -> Episode:
    """Read a recorded or a generated episode without edits; raises as ``episodes.read_recording``.

    A generated one gets ``name`` in place of its id: two sets can hold episodes with the same id.
    """
    if not is_generated(name):
        return read_recording(workspace, name)
    path = workspace.folder / f"{name}{EPISODE_SUFFIX}"
    if not path.is_file():
        raise UnknownEpisodeError(f"The generated episode {name} was removed with its set; generate it again.")
    episode = read_episode_file(path)
    start = replace(episode.record.start, episode_id=name)
    return replace(episode, record=replace(episode.record, start=start))


def listed_history(workspace: Workspace, name: str) -> EditHistory:
    """Return the edits of an episode; a generated one never has any. Raises ``EditError``."""
    return EditHistory(name, ()) if is_generated(name) else edit_history(workspace, name)


def lineage_of(workspace: Workspace, record: EpisodeRecord) -> Lineage | None:
    """Return what an episode that ``read_listed`` read came from; None: it was recorded, or its set is gone."""
    start = record.start
    if not is_generated(start.episode_id):
        return None
    described = next((each for each in generated_sets(workspace) if each.set_id == set_of(start.episode_id)), None)
    if described is None:
        return None
    names = {each.policy_id: each.name for each in Catalogue(workspace).policies(start.scene)}
    return Lineage(
        set_id=described.set_id,
        policy=names.get(start.policy_id, start.policy_id),
        policy_id=start.policy_id,
        model_id=described.model_id,
        seed=start.seed,
        randomisation=described.randomisation,
        ranges=dict(start.extra.get(SHIFT_RANGES, {})),
    )


# A set never changes once it is written. Its time of creation tells it from a later one with the same name.
@lru_cache(_MOST_SETS)
def _records(folder: Path, _created_at: str) -> tuple[tuple[str, EpisodeRecord | None], ...]:
    """Return the name of each file and its record; None where the file is damaged."""
    return tuple((path.stem, _record_or_none(path)) for path in sorted(folder.glob(f"*{EPISODE_SUFFIX}")))


def _record_or_none(path: Path) -> EpisodeRecord | None:
    # One damaged file must not hide all the others. Its row says so, and a person who opens it reads the cause.
    try:
        return read_record(path)
    except EpisodeFileError:
        return None


def _row(described: GeneratedSet, stem: str, record: EpisodeRecord | None, policy: str) -> EpisodeRow:
    start = record.start if record is not None else None
    return EpisodeRow(
        episode_id=f"{GENERATED}/{described.set_id}/{stem}",
        scene=described.scene,
        policy_id=described.policy_id,
        policy=policy,
        operator=start.operator if start is not None else "",
        # They run faster than time; what a person looks for is when the set was made.
        started_at=described.created_at,
        seed=start.seed if start is not None else described.first_seed,
        rate_hz=start.rate_hz if start is not None else _UNKNOWN_RATE_HZ,
        outcome=record.outcome if record is not None else "unknown",
        steps=record.steps if record is not None else 0,
        takeovers=record.takeovers if record is not None else 0,
        human_steps=record.human_steps if record is not None else 0,
        mean_p=record.mean_intervention_prob if record is not None else None,
        # Nobody watched, so no alarm could be false or late.
        false_alarms=None,
        misses=None,
        brier=None,
        threshold=None,
        note="" if record is not None else "This file cannot be read.",
        edits=0,
        recovered=False,
        deleted=False,
        generated=described.set_id,
    )


def _matching(workspace: Workspace, wanted: EpisodeFilter) -> list[EpisodeRow]:
    # Generated episodes have no alarm, no typed words and no bin.
    if wanted.deleted or wanted.has_false_alarm or wanted.has_miss or wanted.has_words or wanted.reason:
        return []
    # No person watched them, and they cannot be tagged: they are named and removed as a set.
    if wanted.tag or wanted.operator_name not in {"", NO_NAME}:
        return []
    return [row for row in generated_rows(workspace) if _matches(workspace, row, wanted)]


def _matches(workspace: Workspace, row: EpisodeRow, wanted: EpisodeFilter) -> bool:
    if wanted.scene not in {"", row.scene} or wanted.outcome not in {"", row.outcome}:
        return False
    if wanted.policy_id not in {"", row.policy_id}:
        return False
    if row.started_at < wanted.since or (wanted.until and row.started_at >= wanted.until):
        return False
    if wanted.has_takeover and not row.takeovers:
        return False
    texts = "\n".join((row.episode_id, row.scene, row.policy, row.outcome, row.operator, row.started_at)).lower()
    return all(
        row.generated in _sets_learned_by(workspace, word.removeprefix(LEARNED_BY))
        if word.startswith(LEARNED_BY)
        else word.lower() in texts
        for word in wanted.text.split()
    )


def _sets_learned_by(workspace: Workspace, policy_id: str) -> Sequence[str]:
    policy = Catalogue(workspace).find_policy(policy_id)
    learned = policy.settings.get("learned") if policy is not None else None
    return learned.get("generated_sets", ()) if isinstance(learned, dict) else ()


def _sort_key(row: EpisodeRow, order: Column) -> Any:  # noqa: ANN401 - text or a number, by the column
    value = getattr(row, order)
    return value.lower() if order == "policy" else value
