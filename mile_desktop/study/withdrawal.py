"""A participant withdraws: everything recorded of them is erased for good, and the study counts one withdrawal."""

import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.errors import translated
from mile_desktop.storage.generated_sets import every_set
from mile_desktop.storage.records import PolicyRecord
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.session import labels_of

RESULTS = "analysis"
"""Folder of a study for reports; they hold data of every participant, so a withdrawal removes them."""
_DERIVED = ("forecasts", "calibrations", RESULTS)
"""Folders with what was computed from all episodes together; all of it can be computed again."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What was erased."""

    code: str
    episodes: int
    policies: int
    remaining: tuple[str, ...]
    """What a person has to look at, one sentence each."""


def withdraw(study: StudyFolder, workspace: Workspace, code: str) -> Withdrawal:
    """Erase a participant; nothing goes to the bin.

    The participant is marked first, so that a withdrawal that was interrupted is seen and can be repeated. The row is
    removed last: only when nothing of the data is left.

    Raises
    ------
    ParticipantError
        There is no such participant.
    WorkspaceError
        The workspace cannot be written to; repeat the withdrawal then.
    """
    study.change(code, lambda found: msgspec.structs.replace(found, stage="withdrawing"))
    # What a killed program left in the journal is this person's data as well.
    recover(workspace, lambda _: None)
    catalogue = Catalogue(workspace)
    theirs = {
        record.episode_id
        for record in catalogue.episodes(include_deleted=True)
        if labels_of(record).get("participant") == code
    }
    policies = {each.policy_id for each in catalogue.policies() if theirs & set(each.episode_ids)}
    models = {each.model_id for each in catalogue.intervention_models() if theirs & set(each.episode_ids)}
    sets: set[str] = set()
    grew = True
    # A model of this person acted in these sets, or their policy drove: the episodes show how the person drives. A
    # policy that learned from such a set may have driven in a later one.
    while grew:
        before = len(sets) + len(policies)
        sets |= {each.set_id for each in every_set(workspace) if each.model_id in models or each.policy_id in policies}
        policies |= {each.policy_id for each in catalogue.policies() if sets & set(_learned_sets(each))}
        grew = len(sets) + len(policies) > before
    runs = sets | {each.run_id for each in catalogue.policies() if each.policy_id in policies and each.run_id}
    runs |= _runs_that_name(workspace.folder, theirs)
    with translated(workspace.folder):
        # Files before rows: rows without files can be found again and erased, files without rows could not.
        _remove_files(workspace.folder, theirs | policies | models | runs)
    _remove_rows(workspace, theirs, policies, models, runs)
    study.remove(code)
    return Withdrawal(code, len(theirs), len(policies), tuple(_remaining(workspace.folder)))


def _runs_that_name(folder: Path, episodes: set[str]) -> set[str]:
    """Return the runs whose files name an episode: a training that was cancelled has no policy that leads to it."""
    found = set()
    for path in folder.glob("runs/*/*.json*"):
        content = path.read_bytes()
        if any(each.encode() in content for each in episodes):
            found.add(path.parent.name)
    return found


def _learned_sets(policy: PolicyRecord) -> Sequence[str]:
    learned = policy.settings.get("learned")
    return learned.get("generated_sets", ()) if isinstance(learned, dict) else ()


def _remove_files(folder: Path, identities: Iterable[str]) -> None:
    for name in _DERIVED:
        shutil.rmtree(folder / name, ignore_errors=True)
        if name == "forecasts":
            (folder / name).mkdir(exist_ok=True)
    # By the id in the name: episode, bin, edits, videos, files that were put aside, policies and runs all carry it.
    for identity in identities:
        for path in sorted(folder.rglob(f"*{identity}*")):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _remove_rows(
    workspace: Workspace, episodes: set[str], policies: set[str], models: set[str], runs: set[str]
) -> None:
    connection = workspace.connection()
    with translated(workspace.folder):
        # Deleted rows are overwritten with zeros; otherwise they would stay readable in free pages of the file.
        connection.execute("PRAGMA secure_delete = ON")
    with workspace.transaction() as writing:
        _delete(writing, "episode", "episode_id", episodes)
        _delete(writing, "episode_detail", "episode_id", episodes)
        _delete(writing, "journal", "episode_id", episodes)
        _delete(writing, "promotion", "policy_id", policies)
        _delete(writing, "evaluation", "policy_id", policies)
        _delete(writing, "policy", "policy_id", policies)
        _delete(writing, "intervention_model", "model_id", models)
        _delete(writing, "run", "run_id", runs)
    with translated(workspace.folder):
        # Pages that were freed before, by the journal of closed episodes, still hold steps: a new file has none.
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _delete(connection: sqlite3.Connection, table: str, key: str, identities: Iterable[str]) -> None:
    # Table and key are our own names, the ids are parameters.
    connection.executemany(f"DELETE FROM {table} WHERE {key} = ?", [(each,) for each in sorted(identities)])  # noqa: S608


def _remaining(folder: Path) -> Iterable[str]:
    yield "Copies and exports that were made before still hold the data; delete or make them again."
    kept = sorted(path for path in folder.glob("*/workspace.db"))
    if kept:
        places = ", ".join(str(path.parent) for path in kept)
        yield f"An old database that a repair has kept may hold the data as well: delete {places}."
