"""The catalogue: records of all episodes, policies, runs, evaluations and intervention models.

No episode file is opened here, so that a table of thousands of episodes appears at once.
"""

import json
import re
import shutil
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Literal

import msgspec

from mile_desktop.storage.durable import sync_folder
from mile_desktop.storage.errors import (
    NameTakenError,
    PolicyInUseError,
    UnknownEpisodeError,
    UnknownRecordError,
    translated,
)
from mile_desktop.storage.ids import now
from mile_desktop.storage.records import (
    EpisodeRecord,
    EpisodeStart,
    EvaluationRecord,
    InterventionModelRecord,
    Outcome,
    PolicyRecord,
    RunRecord,
)
from mile_desktop.storage.tables import EVALUATIONS, INTERVENTION_MODELS, POLICIES, RUNS
from mile_desktop.storage.workspace import Workspace

_EPISODE_COLUMNS = (
    "episode_id, scene, policy_id, started_at, start, outcome, steps, takeovers, human_steps, mean_intervention_prob, "
    "recovered, deleted, drivers, tags"
)
_start_decoder = msgspec.json.Decoder(EpisodeStart)
_texts_decoder = msgspec.json.Decoder(tuple[str, ...])


@dataclass(frozen=True, slots=True)
class LearningSummary:
    """Amount of data to learn from in one scene, without the bin."""

    episodes: int
    steps: int
    takeovers: int
    human_steps: int
    """Steps of takeovers, by a person or by a simulated supervisor."""
    new_episodes: int
    """Episodes that the given policy has not learned from; all episodes if no policy was given."""
    simulated_takeovers: int = 0
    simulated_steps: int = 0
    """Takeovers, and steps of them, in episodes that a simulated supervisor watched."""


@dataclass(frozen=True, slots=True)
class LearnedFrom:
    """The recorded episodes a policy learned from, as far as they are in the workspace."""

    episodes: int = 0
    steps: int = 0
    takeovers: int = 0
    human_steps: int = 0


@dataclass(frozen=True, slots=True)
class Promotion:
    """From this moment on a policy runs in a scene."""

    scene: str
    policy_id: str
    promoted_at: str
    """UTC, ISO 8601."""
    unarchived: bool = False
    """The policy was archived, and this choice has brought it back; known only when it is made."""


class Catalogue:
    """Reads and changes the catalogue of an open workspace.

    It holds no state: create one where it is needed, use it from any thread. All methods raise the ``WorkspaceError``
    that fits the error of the disk; methods that name a record raise ``UnknownEpisodeError`` or
    ``UnknownRecordError`` if it does not exist.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    # ── episodes ─────────────────────────────────────────────────────────────────────────────────────────────────

    def episodes(
        self,
        scene: str | None = None,
        *,
        policy_id: str | None = None,
        outcome: Outcome | None = None,
        include_deleted: bool = False,
    ) -> tuple[EpisodeRecord, ...]:
        """Return the episodes that match, oldest first."""
        rows = self._workspace.query(
            "SELECT * FROM episode WHERE (? IS NULL OR scene = ?) AND (? IS NULL OR policy_id = ?) "
            "AND (? IS NULL OR outcome = ?) AND deleted <= ? ORDER BY started_at, episode_id",
            (scene, scene, policy_id, policy_id, outcome, outcome, int(include_deleted)),
        )
        return tuple(_episode(row) for row in rows)

    def episode(self, episode_id: str) -> EpisodeRecord:
        """Return one episode's record, also from the bin."""
        rows = self._workspace.query("SELECT * FROM episode WHERE episode_id = ?", (episode_id,))
        if not rows:
            raise UnknownEpisodeError(f"The workspace has no episode {episode_id}; choose one that is listed.")
        return _episode(rows[0])

    def episode_count(self) -> int:
        """Return how many episodes were ever recorded, the bin included."""
        return int(self._workspace.query("SELECT count(*) FROM episode")[0][0])

    def learning_summary(
        self, scene: str, since_policy: str | None = None, simulated: Collection[str] = ()
    ) -> LearningSummary:
        """Count the data to learn from, and the episodes that ``since_policy`` has not learned from.

        ``simulated``: names of operators that are no person.
        """
        rows = self._workspace.query(
            "SELECT count(*) AS episodes, coalesce(sum(steps), 0) AS steps, coalesce(sum(takeovers), 0) AS takeovers, "
            "coalesce(sum(human_steps), 0) AS human_steps, "
            "coalesce(sum(episode_id NOT IN (SELECT value FROM policy, json_each(policy.episode_ids) "
            "WHERE policy.policy_id = ?1)), 0) AS new_episodes, "
            "coalesce(sum(takeovers * by_simulated), 0) AS simulated_takeovers, "
            "coalesce(sum(human_steps * by_simulated), 0) AS simulated_steps FROM (SELECT *, "
            "json_extract(start, '$.operator') IN (SELECT value FROM json_each(?3)) AS by_simulated FROM episode) "
            "WHERE scene = ?2 AND NOT deleted",
            (since_policy, scene, json.dumps(sorted(simulated))),
        )
        return LearningSummary(**dict(rows[0]))

    def learned_from(self, scene: str) -> dict[str, LearnedFrom]:
        """Return for each policy of ``scene`` what it learned from; those that learned from nothing here are left out.

        Episodes in the bin count: they were learned from all the same.
        """
        rows = self._workspace.query(
            "SELECT policy.policy_id, count(*) AS episodes, sum(steps) AS steps, sum(takeovers) AS takeovers, "
            "sum(human_steps) AS human_steps FROM policy, json_each(policy.episode_ids) AS used "
            "JOIN episode ON episode.episode_id = used.value WHERE policy.scene = ? GROUP BY policy.policy_id",
            (scene,),
        )
        return {
            row["policy_id"]: LearnedFrom(row["episodes"], row["steps"], row["takeovers"], row["human_steps"])
            for row in rows
        }

    # ── policies ─────────────────────────────────────────────────────────────────────────────────────────────────

    def policies(self, scene: str | None = None, *, include_archived: bool = True) -> tuple[PolicyRecord, ...]:
        """Return the policies, oldest first."""
        # Filtered here and not in SQL: a scene has tens of policies, and the table's query stays the same for all
        # kinds.
        found = POLICIES.select(self._workspace, scene=scene)
        return tuple(policy for policy in found if include_archived or not policy.archived)

    def policy(self, policy_id: str) -> PolicyRecord:
        """Return one policy's record."""
        return POLICIES.get(self._workspace, policy_id)

    def find_policy(self, policy_id: str) -> PolicyRecord | None:
        """Return one policy's record, None where there is none."""
        return POLICIES.find(self._workspace, policy_id)

    def add_policy(self, record: PolicyRecord) -> None:
        """Register a policy whose folder is complete; raises ``DuplicateRecordError`` for a known id."""
        POLICIES.add(self._workspace, record)

    def add_named_policy(self, record: PolicyRecord) -> None:
        """Register a new policy under a name that no policy of its scene has.

        Name and row are one transaction, so that of two trainings that end together only one gets ``v1``.

        Raises
        ------
        NameTakenError
            A policy of the scene has the name; nothing is registered.
        DuplicateRecordError
            There is a policy of that id.
        """
        POLICIES.add(self._workspace, record, check=partial(_expect_free_name, record))

    def next_policy_name(self, scene: str) -> str:
        """Return ``v<n>``, one above the scene's highest; ``v1`` where there is none (bundled: ``v0``)."""
        numbers = [re.fullmatch(r"v(\d+)", policy.name) for policy in self.policies(scene)]
        # From the names and not from a count: a policy may have been renamed or removed.
        return f"v{1 + max((int(found[1]) for found in numbers if found), default=0)}"

    def rename_policy(self, policy_id: str, name: str) -> PolicyRecord:
        """Give a policy another short name."""
        return POLICIES.update(self._workspace, policy_id, name=name)

    def set_policy_note(self, policy_id: str, note: str) -> PolicyRecord:
        """Replace a policy's note."""
        return POLICIES.update(self._workspace, policy_id, note=note)

    def archive_policy(self, policy_id: str, *, archived: bool = True) -> PolicyRecord:
        """Archive a policy, or restore it.

        Raises ``PolicyInUseError`` for the policy that runs in its scene. It is decided here and not by a button, so
        that no other way and no message that comes late can hide the policy that drives.
        """
        if not archived:
            return POLICIES.update(self._workspace, policy_id, archived=False)
        return POLICIES.update(self._workspace, policy_id, check=partial(_expect_not_in_use, policy_id), archived=True)

    def promote(self, scene: str, policy_id: str) -> Promotion:
        """Choose the policy that runs in ``scene`` from now on; rolling back is promoting an earlier one.

        An archived policy comes out of the archive: menus hide archived policies, and the one that drives must be
        visible there. Raises ``UnknownRecordError`` if the policy is not of this scene.
        """
        if self.policy(policy_id).scene != scene:
            raise UnknownRecordError(f"Policy {policy_id} was not made for {scene}; choose one of that scene's.")
        moment = now()
        with self._workspace.transaction() as connection:
            connection.execute(
                "INSERT INTO promotion (scene, policy_id, promoted_at) VALUES (?, ?, ?)", (scene, policy_id, moment)
            )
            # In the same transaction: another process may archive the policy at this moment.
            restored = connection.execute(
                "UPDATE policy SET archived = 0 WHERE policy_id = ? AND archived", (policy_id,)
            ).rowcount
        if restored:
            POLICIES.write_file(self._workspace, self.policy(policy_id))
        return Promotion(scene, policy_id, moment, unarchived=bool(restored))

    def promoted(self, scene: str) -> str | None:
        """Return the id of the policy that runs in ``scene``, None where none was ever chosen."""
        history = self.promotion_history(scene)
        # The last choice and not the newest policy: a person may have gone back to an earlier one.
        return history[-1].policy_id if history else None

    def promotion_history(self, scene: str) -> tuple[Promotion, ...]:
        """Return every choice made for ``scene``, oldest first."""
        rows = self._workspace.query(
            "SELECT scene, policy_id, promoted_at FROM promotion WHERE scene = ? ORDER BY promotion_id", (scene,)
        )
        return tuple(Promotion(**dict(row)) for row in rows)

    # ── runs, evaluations, intervention models ───────────────────────────────────────────────────────────────────

    def runs(self, scene: str | None = None) -> tuple[RunRecord, ...]:
        """Return the training runs, oldest first."""
        return RUNS.select(self._workspace, scene=scene)

    def run(self, run_id: str) -> RunRecord:
        """Return one training run."""
        return RUNS.get(self._workspace, run_id)

    def add_run(self, record: RunRecord) -> None:
        """Register a training run; raises ``DuplicateRecordError`` for a known id."""
        RUNS.add(self._workspace, record)

    def set_run_state(
        self,
        run_id: str,
        state: Literal["running", "finished", "cancelled", "failed"],
        *,
        policy_id: str | None = None,
        message: str = "",
    ) -> RunRecord:
        """Set the state of a run; ``policy_id`` is the policy it produced."""
        return RUNS.update(self._workspace, run_id, state=state, policy_id=policy_id, message=message)

    def evaluations(self, scene: str | None = None, *, policy_id: str | None = None) -> tuple[EvaluationRecord, ...]:
        """Return the evaluations that match, oldest first."""
        return EVALUATIONS.select(self._workspace, scene=scene, policy_id=policy_id)

    def add_evaluation(self, record: EvaluationRecord) -> None:
        """Register an evaluation; raises ``DuplicateRecordError`` for a known id."""
        EVALUATIONS.add(self._workspace, record)

    def intervention_models(
        self, scene: str | None = None, *, policy_id: str | None = None
    ) -> tuple[InterventionModelRecord, ...]:
        """Return the intervention models that match, oldest first."""
        return INTERVENTION_MODELS.select(self._workspace, scene=scene, policy_id=policy_id)

    def latest_intervention_model(self, scene: str, policy_id: str | None = None) -> InterventionModelRecord | None:
        """Return the newest model for the scene (and policy), None where there is none."""
        # By the order of creation: a calibration is a new model and comes after the one that it replaces.
        found = self.intervention_models(scene=scene, policy_id=policy_id)
        return found[-1] if found else None

    def intervention_model_in_use(self, scene: str, policy_id: str) -> InterventionModelRecord | None:
        """Return the newest model that was fitted to supervision of the policy, else the newest of the scene."""
        return self.latest_intervention_model(scene, policy_id) or self.latest_intervention_model(scene)

    def intervention_model(self, model_id: str) -> InterventionModelRecord:
        """Return one intervention model's record."""
        return INTERVENTION_MODELS.get(self._workspace, model_id)

    def add_intervention_model(self, record: InterventionModelRecord) -> None:
        """Register a model whose folder is complete; raises ``DuplicateRecordError`` for a known id."""
        INTERVENTION_MODELS.add(self._workspace, record)

    def remove_intervention_model(self, model_id: str) -> None:
        """Remove a model and its folder; the model that was used before it is used again.

        Episodes that were recorded under it keep its id, cost and scale. Raises ``UnknownRecordError``.
        """
        INTERVENTION_MODELS.remove(self._workspace, model_id)
        with translated(self._workspace.folder):
            # The row is gone already. A folder that cannot be removed only takes space, and no table shows it.
            shutil.rmtree(self._workspace.intervention_folder(model_id), ignore_errors=True)


def delete_episode(workspace: Workspace, episode_id: str) -> EpisodeRecord:
    """Move an episode to the bin; its file is kept. Raises ``UnknownEpisodeError`` where there is none."""
    return _move(workspace, episode_id, deleted=True)


def restore_episode(workspace: Workspace, episode_id: str) -> EpisodeRecord:
    """Bring an episode back from the bin. Raises ``UnknownEpisodeError`` where there is none."""
    return _move(workspace, episode_id, deleted=False)


def insert_episode(connection: sqlite3.Connection, record: EpisodeRecord) -> None:
    """Write an episode's row within the caller's transaction, replacing one of the same id."""
    start = record.start
    values = (
        start.episode_id,
        start.scene,
        start.policy_id,
        start.started_at,
        msgspec.json.encode(start).decode(),
        record.outcome,
        record.steps,
        record.takeovers,
        record.human_steps,
        record.mean_intervention_prob,
        int(record.recovered),
        int(record.deleted),
        msgspec.json.encode(record.drivers).decode(),
        msgspec.json.encode(record.tags).decode(),
    )
    places = ", ".join("?" * len(values))
    # REPLACE, because recovery may write a row that is already there.
    statement = f"INSERT OR REPLACE INTO episode ({_EPISODE_COLUMNS}) VALUES ({places})"  # noqa: S608
    connection.execute(statement, values)


def _expect_not_in_use(policy_id: str, connection: sqlite3.Connection) -> None:
    # Asked within the transaction of the change: another process may promote the policy at this moment.
    found = connection.execute(
        "SELECT name FROM policy WHERE policy_id = ? AND policy_id = (SELECT policy_id FROM promotion "
        "WHERE promotion.scene = policy.scene ORDER BY promotion_id DESC LIMIT 1)",
        (policy_id,),
    ).fetchone()
    if found is not None:
        raise PolicyInUseError(f"{found['name']} is in use. Use another policy before you archive it.")


def _expect_free_name(record: PolicyRecord, connection: sqlite3.Connection) -> None:
    taken = "SELECT 1 FROM policy WHERE scene = ? AND name = ?"
    if connection.execute(taken, (record.scene, record.name)).fetchone() is not None:
        raise NameTakenError(f"{record.scene} has a policy called {record.name} already; choose another name.")


def _move(workspace: Workspace, episode_id: str, *, deleted: bool) -> EpisodeRecord:
    catalogue = Catalogue(workspace)
    catalogue.episode(episode_id)
    source = workspace.episode_path(episode_id, deleted=not deleted)
    target = workspace.episode_path(episode_id, deleted=deleted)
    # If the process is killed between the two steps, the place of the file decides: recovery sets the row.
    with workspace.transaction() as connection:
        connection.execute("UPDATE episode SET deleted = ? WHERE episode_id = ?", (int(deleted), episode_id))
        if source.exists():
            source.replace(target)
            sync_folder(source.parent)
            sync_folder(target.parent)
    return catalogue.episode(episode_id)


def _episode(row: sqlite3.Row) -> EpisodeRecord:
    return EpisodeRecord(
        start=_start_decoder.decode(row["start"]),
        outcome=row["outcome"],
        steps=row["steps"],
        takeovers=row["takeovers"],
        human_steps=row["human_steps"],
        mean_intervention_prob=row["mean_intervention_prob"],
        recovered=bool(row["recovered"]),
        deleted=bool(row["deleted"]),
        drivers=_texts_decoder.decode(row["drivers"]),
        tags=_texts_decoder.decode(row["tags"]),
    )
