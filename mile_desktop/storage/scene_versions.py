"""Episodes that were recorded in different versions of one scene are not mixed silently."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from mile_desktop.storage.durable import write_durably
from mile_desktop.storage.errors import translated
from mile_desktop.storage.records import SCENE_VERSION, EpisodeRecord, EpisodeStart, PolicyRecord
from mile_desktop.storage.workspace import Workspace

_DIGEST = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class SameVersion:
    """The episodes that mean the same as the newest one, and what is said about the others."""

    kept: tuple[str, ...]
    """Ids, in the order given."""
    left_out: tuple[str, ...]
    texts: tuple[str, ...]
    """One sentence for episodes that are left out, and one for episodes of other code that are used."""
    version: dict[str, str]
    """Of the newest episode; empty where it is not known."""


def same_version(records: Sequence[EpisodeRecord]) -> SameVersion:
    """Choose the episodes of the newest version among ``records`` (of one scene, any order).

    Episodes of earlier versions of the program do not say which version of the scene they are of, and are kept.
    """
    newest = max(records, key=lambda record: record.start.started_at, default=None)
    version = {} if newest is None else version_of(newest)
    meaning, code = version.get("meaning"), version.get("code")
    left_out = [each for each in records if meaning and version_of(each).get("meaning", meaning) != meaning]
    other_code = [
        each for each in records if each not in left_out and code and version_of(each).get("code", code) != code
    ]
    texts = []
    scene = "" if newest is None else newest.start.scene
    if left_out:
        texts.append(
            f"{_count(left_out)} of an earlier version of {scene} {_be(left_out)} left out: its labels, rates or "
            "speeds have changed since, so their numbers mean something else."
        )
    if other_code:
        recorded = "were recorded" if len(other_code) > 1 else "was recorded"
        texts.append(
            f"{_count(other_code)} {recorded} with earlier files of {scene} and {_be(other_code)} used, because "
            "labels, rates and speeds are the same."
        )
    gone = {each.episode_id for each in left_out}
    kept = tuple(each.episode_id for each in records if each.episode_id not in gone)
    return SameVersion(kept, tuple(sorted(gone)), tuple(texts), version)


def policy_of_other_version(record: PolicyRecord, scene_now: Mapping[str, str]) -> str:
    """Return a sentence where a policy was trained for another meaning of its scene than it has now; else empty.

    Policies that were bundled, imported or trained by an earlier version of the program do not say it.
    """
    learned = record.settings.get("learned")
    version = learned.get(SCENE_VERSION) if isinstance(learned, dict) else None
    trained = version.get("meaning") if isinstance(version, dict) else None
    if not trained or trained == scene_now.get("meaning", trained):
        return ""
    return (
        f"{record.name} was trained on an earlier version of {record.scene}: labels, rates or speeds have changed "
        "since, so its actions may mean something else. Watch it closely, and retrain."
    )


def keep_description(workspace: Workspace, version: Mapping[str, str], description: Mapping[str, object]) -> None:
    """Write names and units of a scene into the workspace once, for the files of all its episodes.

    They are not in each episode's record, because the catalogue reads all records for a table.

    Raises ``WorkspaceError`` where the disk does not take it.
    """
    path = _description_path(workspace, version)
    if path is None or path.exists():
        return
    with translated(workspace.folder):
        path.parent.mkdir(exist_ok=True)
        write_durably(path, msgspec.json.format(msgspec.json.encode(description), indent=2))


def kept_description(workspace: Workspace, start: EpisodeStart) -> bytes:
    """Return what ``keep_description`` has written for the scene of an episode; empty where there is nothing."""
    found = start.extra.get(SCENE_VERSION)
    path = _description_path(workspace, found if isinstance(found, dict) else {})
    try:
        return b"" if path is None else path.read_bytes()
    except OSError:  # it only explains the columns; an episode must be written without it, too
        return b""


def _description_path(workspace: Workspace, version: Mapping[str, str]) -> Path | None:
    # The digest comes out of a stored record, so it is checked before it becomes a part of a path.
    meaning = str(version.get("meaning", ""))
    return workspace.folder / "scenes" / f"{meaning}.json" if _DIGEST.fullmatch(meaning) else None


def version_of(record: EpisodeRecord) -> dict[str, str]:
    """Return the version of the scene that an episode names; empty where it names none."""
    found = record.start.extra.get(SCENE_VERSION)
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _count(records: Sequence[EpisodeRecord]) -> str:
    return f"{len(records)} episodes" if len(records) > 1 else "1 episode"


def _be(records: Sequence[EpisodeRecord]) -> str:
    return "are" if len(records) > 1 else "is"
