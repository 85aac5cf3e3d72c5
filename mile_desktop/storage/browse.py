"""Episodes for the table of the Inspect page: filtered, sorted, and read in parts; no episode file is opened."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from mile_desktop.storage.operator_names import NO_NAME, NO_PERSON
from mile_desktop.storage.workspace import Workspace

Column = Literal[
    "scene", "policy", "operator", "started_at", "outcome", "steps", "takeovers", "mean_p", "false_alarms", "misses",
    "brier", "tags", "note",
]  # fmt: skip
"""Columns that the table can be sorted by."""
Source = Literal["recorded", "generated", "all"]
"""Episodes that were recorded, those that were generated (``generated_episodes``), or both."""

_FROM = (
    "FROM episode LEFT JOIN episode_detail USING (episode_id) LEFT JOIN policy ON policy.policy_id = episode.policy_id"
)
# Who took over, or else who could have. Older files did not record the first.
_DROVE = "CASE WHEN drivers <> '[]' THEN drivers ELSE json_extract(start, '$.operator') END"
# NULL in episodes of earlier builds.
_NAME = "coalesce(json_extract(start, '$.operator_name'), '')"
_POLICY = "coalesce(policy.name, episode.policy_id)"
_ORDER: dict[Column, str] = {
    "scene": "episode.scene",
    "policy": f"{_POLICY} COLLATE NOCASE",
    # A row shows the name where there is one; without it, the device.
    "operator": f"CASE WHEN {_NAME} <> '' THEN {_NAME} ELSE {_DROVE} END COLLATE NOCASE",
    "started_at": "started_at",
    "outcome": "outcome",
    "steps": "steps",
    "takeovers": "takeovers",
    "mean_p": "mean_intervention_prob",
    "false_alarms": "false_alarms",
    "misses": "misses",
    "brier": "brier",
    "tags": "nullif(tags, '[]') COLLATE NOCASE",
    "note": "episode_detail.note",
}
_SEARCHED = (
    "episode_id", "episode.scene", _POLICY, "outcome", "coalesce(episode_detail.note, '')",
    "json_extract(start, '$.operator')", "json_extract(start, '$.device')", "drivers", "started_at",
    "coalesce(episode_detail.words, '')", _NAME, "tags",
)  # fmt: skip
LEARNED_BY = "learned-by:"
"""Prefix in ``EpisodeFilter.text``, followed by the id of a policy."""
_LEARNED = (
    "episode.episode_id IN (SELECT used.value FROM policy AS learner, json_each(learner.episode_ids) AS used "
    "WHERE learner.policy_id = ?)"
)
# Below SQLite's limit for the number of parameters, which was 999 in older builds.
_AT_ONCE = 500
_texts = msgspec.json.Decoder(tuple[str, ...])


@dataclass(frozen=True, slots=True)
class EpisodeFilter:
    """Conditions for episodes; with the defaults every episode outside the bin matches."""

    text: str = ""
    """Words that all must occur: in id, scene, policy, operator, device, outcome, date, tags, note or typed commands.

    The word ``learned-by:<id>`` stands for the episodes that a policy learned from."""
    scene: str = ""
    outcome: str = ""
    policy_id: str = ""
    operator_name: str = ""
    """``NO_NAME``: only episodes without a name."""
    tag: str = ""
    since: str = ""
    """UTC, ISO 8601: only episodes that began then or later."""
    until: str = ""
    """UTC, ISO 8601: only episodes that began before."""
    has_takeover: bool = False
    has_false_alarm: bool = False
    has_miss: bool = False
    has_words: bool = False
    """Only episodes in which a typed command drove."""
    reason: str = ""
    """A kind of ``storage.reasons``: only episodes with a call that had this reason, at the alarm's threshold."""
    deleted: bool = False
    """Show the bin instead."""
    source: Source = "recorded"
    """The queries of this module find recorded episodes whatever it says; ``generated_episodes`` reads it."""

    @property
    def by_insights(self) -> bool:
        """Whether it depends on columns that are computed in the background, see ``storage.insights``."""
        return self.has_miss or self.has_false_alarm or self.has_words or bool(self.reason or self.text)


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """One line of the table."""

    episode_id: str
    scene: str
    policy_id: str
    policy: str
    """Short name; the id where the workspace has no such policy."""
    operator: str
    """Operators that took over; if none did, the first one that could have."""
    started_at: str
    """UTC, ISO 8601."""
    seed: int
    rate_hz: float
    outcome: str
    steps: int
    takeovers: int
    human_steps: int
    mean_p: float | None
    false_alarms: int | None
    """At the threshold ``threshold``; None if not computed yet."""
    misses: int | None
    brier: float | None
    threshold: float | None
    note: str
    edits: int
    """Number of edits in force; in rows of earlier builds withdrawn ones are included."""
    recovered: bool
    deleted: bool
    generated: str = ""
    """Id of the set of a generated episode; empty: it was recorded."""
    operator_name: str = ""
    """Name or code of the person; empty where none was given."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DrivingPolicy:
    """A policy that drove recorded episodes of a scene."""

    policy_id: str
    name: str
    scene: str


def find_episodes(
    workspace: Workspace, wanted: EpisodeFilter, order: Column = "started_at", *, descending: bool = True
) -> tuple[str, ...]:
    """Return the ids of the matching episodes in order; unknown values come last."""
    where, parameters = _where(wanted)
    by, direction = _ORDER[order], "DESC" if descending else "ASC"
    # The date as second key keeps equal rows in a fixed order. Otherwise they would change places between two
    # refreshes.
    statement = f"SELECT episode_id {_FROM} WHERE {where} ORDER BY {by} {direction} NULLS LAST, started_at DESC"
    return tuple(row[0] for row in workspace.query(statement, parameters))


def worst_false_alarms(workspace: Workspace, wanted: EpisodeFilter) -> tuple[tuple[str, int], ...]:
    """Return the worst false alarm of each matching episode that has one, the highest first, as id and row.

    Rows count from the trimmed beginning. See ``storage.insights``, which computes them in the background.
    """
    where, parameters = _where(wanted)
    statement = (
        f"SELECT episode_id, worst_row {_FROM} WHERE {where} AND worst_row IS NOT NULL "
        "ORDER BY worst_alarm DESC, started_at DESC"
    )
    return tuple((row["episode_id"], row["worst_row"]) for row in workspace.query(statement, parameters))


def read_rows(workspace: Workspace, episode_ids: Sequence[str]) -> dict[str, EpisodeRow]:
    """Return the rows of these episodes by id; ids that no longer exist are left out."""
    rows: dict[str, EpisodeRow] = {}
    for first in range(0, len(episode_ids), _AT_ONCE):
        part = episode_ids[first : first + _AT_ONCE]
        places = ", ".join("?" * len(part))
        statement = (
            f"SELECT episode.*, {_POLICY} AS policy, episode_detail.note, coalesce(in_force, edits) AS edits, "
            "false_alarms, misses, brier, threshold, json_extract(start, '$.operator') AS could, "
            "json_extract(start, '$.seed') AS seed, "
            f"json_extract(start, '$.rate_hz') AS rate_hz, {_NAME} AS operator_name {_FROM} "
            f"WHERE episode_id IN ({places})"
        )
        rows |= {row["episode_id"]: _row(row) for row in workspace.query(statement, part)}
    return rows


def browsed_scenes(workspace: Workspace) -> tuple[str, ...]:
    """Return the names of scenes with episodes, sorted."""
    return tuple(row[0] for row in workspace.query("SELECT DISTINCT scene FROM episode ORDER BY scene"))


def operator_names(workspace: Workspace) -> tuple[str, ...]:
    """Return the names and codes of operators that occur, sorted; empty names are left out."""
    statement = f"SELECT DISTINCT {_NAME} AS name FROM episode WHERE name <> '' ORDER BY name COLLATE NOCASE"  # noqa: S608
    return tuple(row[0] for row in workspace.query(statement))


def takeovers_by_operator(workspace: Workspace, scene: str) -> dict[str, int]:
    """Return name → takeovers of the people who operated in ``scene``; ``NO_NAME`` for episodes without a name."""
    statement = (
        f"SELECT {_NAME} AS name, sum(takeovers) FROM episode WHERE scene = ? AND NOT deleted "  # noqa: S608
        f"AND json_extract(start, '$.operator') NOT IN ({', '.join('?' * len(NO_PERSON))}) "
        "GROUP BY name ORDER BY name = '', name COLLATE NOCASE"
    )
    return {row[0] or NO_NAME: row[1] for row in workspace.query(statement, (scene, *NO_PERSON))}


def tags_in_use(workspace: Workspace) -> tuple[str, ...]:
    """Return every tag that an episode has, sorted."""
    statement = "SELECT DISTINCT value FROM episode, json_each(tags) ORDER BY value COLLATE NOCASE"
    return tuple(row[0] for row in workspace.query(statement))


def driving_policies(workspace: Workspace, scene: str = "") -> tuple[DrivingPolicy, ...]:
    """Return each policy that drove an episode (of ``scene``, if one is given), the newest episode's first."""
    columns = f"episode.policy_id, {_POLICY} AS policy, episode.scene"
    where = "WHERE ? = '' OR episode.scene = ?"
    # By scene, too: a scripted expert has the same id in every one.
    groups = "GROUP BY episode.policy_id, episode.scene"
    statement = f"SELECT {columns} {_FROM} {where} {groups} ORDER BY max(started_at) DESC, episode.scene"
    return tuple(DrivingPolicy(*row) for row in workspace.query(statement, (scene, scene)))


def outcomes_by_policy(workspace: Workspace, scene: str) -> dict[str, dict[str, int]]:
    """Return policy id → outcome → number of recorded episodes of ``scene`` that it drove, without the bin."""
    statement = (
        "SELECT policy_id, outcome, count(*) FROM episode WHERE scene = ? AND NOT deleted GROUP BY policy_id, outcome"
    )
    found: dict[str, dict[str, int]] = {}
    for policy_id, outcome, count in workspace.query(statement, (scene,)):
        found.setdefault(policy_id, {})[outcome] = count
    return found


def _where(wanted: EpisodeFilter) -> tuple[str, list[object]]:
    conditions, parameters = ["deleted = ?"], list[object]([int(wanted.deleted)])
    for word in wanted.text.split():
        if word.startswith(LEARNED_BY):
            conditions.append(_LEARNED)
            parameters.append(word.removeprefix(LEARNED_BY))
            continue
        # Joined by line feeds, which no word can contain: a search must not match across the border of two columns.
        conditions.append(f"({' || char(10) || '.join(_SEARCHED)}) LIKE ? ESCAPE '\\'")
        parameters.append(f"%{_literally(word)}%")
    for condition, value in (
        ("episode.scene = ?", wanted.scene),
        ("outcome = ?", wanted.outcome),
        ("episode.policy_id = ?", wanted.policy_id),
        ("EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)", wanted.tag),
        ("started_at >= ?", wanted.since),
        ("started_at < ?", wanted.until),
    ):
        if value:
            conditions.append(condition)
            parameters.append(value)
    if wanted.operator_name:
        conditions.append(f"{_NAME} = ?")
        parameters.append("" if wanted.operator_name == NO_NAME else wanted.operator_name)
    if wanted.reason:
        conditions.append("episode_detail.reasons LIKE ?")
        parameters.append(f"% {wanted.reason} %")
    flags = {"takeovers": wanted.has_takeover, "false_alarms": wanted.has_false_alarm, "misses": wanted.has_miss}
    conditions += [f"{column} > 0" for column, asked in flags.items() if asked]
    if wanted.has_words:
        conditions.append("episode_detail.words <> ''")
    return " AND ".join(conditions), parameters


# People type these signs as letters, for example in an id.
def _literally(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _row(row: sqlite3.Row) -> EpisodeRow:
    return EpisodeRow(
        episode_id=row["episode_id"],
        scene=row["scene"],
        policy_id=row["policy_id"],
        policy=row["policy"],
        operator=", ".join(_texts.decode(row["drivers"])) or row["could"],
        operator_name=row["operator_name"],
        tags=_texts.decode(row["tags"]),
        started_at=row["started_at"],
        seed=row["seed"],
        rate_hz=row["rate_hz"],
        outcome=row["outcome"],
        steps=row["steps"],
        takeovers=row["takeovers"],
        human_steps=row["human_steps"],
        mean_p=row["mean_intervention_prob"],
        false_alarms=row["false_alarms"],
        misses=row["misses"],
        brier=row["brier"],
        threshold=row["threshold"],
        note=row["note"] or "",
        edits=row["edits"] or 0,
        recovered=bool(row["recovered"]),
        deleted=bool(row["deleted"]),
    )
