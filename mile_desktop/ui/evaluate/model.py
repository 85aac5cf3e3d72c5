"""The policies that can be evaluated in a scene, what the person orders, and earlier evaluations; no Qt, no torch."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mile_desktop.evaluation.evaluate import EpisodeResult
from mile_desktop.evaluation.run import EvaluatedPolicy, Tally, results_of
from mile_desktop.paths import bundled_models
from mile_desktop.policies.config import read_policy_config
from mile_desktop.policies.policy import PolicyFileError
from mile_desktop.registry.names import EXPERT, INITIAL
from mile_desktop.storage.records import EvaluationRecord
from mile_desktop.ui.widgets.policy_entry import policy_entries
from mile_desktop.ui.workspace_session import WorkspaceSession

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A policy that can be evaluated."""

    policy_id: str
    name: str
    """``v3``."""
    label: str
    """``v3 · MILE · 78 % [64–88]``."""
    source: str
    """Its folder, or ``expert``."""

    @property
    def evaluated(self) -> EvaluatedPolicy:
        """The policy in the form that evaluation workers need."""
        return EvaluatedPolicy(self.policy_id, self.source)


@dataclass(frozen=True, slots=True)
class PolicyOption:
    """An entry of the list of policies."""

    policy_id: str
    label: str
    """``v3 · MILE · 78 % [64–88]``."""


@dataclass(frozen=True, slots=True)
class EvaluationOrder:
    """The evaluation that the person orders."""

    scene: str
    policies: tuple[str, ...]
    """Ids, in the order of the list."""
    episodes: int
    """Number of episodes of each policy."""
    first_seed: int
    workers: int
    reuse_results: bool
    """Whether results of earlier evaluations are used instead of running these episodes again."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """One seed for each episode; the same seed gives every policy the same start."""
        return tuple(range(self.first_seed, self.first_seed + self.episodes))


@dataclass(frozen=True, slots=True)
class PastEvaluation:
    """One stored evaluation and the name of its policy."""

    record: EvaluationRecord
    policy: str

    @property
    def tally(self) -> Tally:
        """Numbers of successes, failures and errors."""
        record = self.record
        return Tally(record.successes, len(record.outcomes), record.crashes, len(record.outcomes) + record.crashes)

    @property
    def seeds_text(self) -> str:
        """``1000000–1000049``."""
        seeds = sorted((*self.record.seeds, *self.record.crash_seeds))
        if not seeds:
            return "–"
        return f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]}–{seeds[-1]}"


def find_candidates(workspace: WorkspaceSession, scene: str) -> tuple[Candidate, ...]:
    """Return the policies of ``scene``, newest first, then the bundled one and the scripted expert.

    Raises ``WorkspaceError``.
    """
    entries = policy_entries(workspace.catalogue.policies(scene), workspace.catalogue.evaluations(scene=scene))
    found = [
        Candidate(entry.policy_id, entry.name, entry.label, str(workspace.workspace.policy_folder(entry.policy_id)))
        for entry in entries
    ]
    bundled = _bundled(bundled_models(scene) / INITIAL)
    known = {record.policy_id for record in workspace.catalogue.policies(scene)}
    # Once loaded, the bundled policy is in the catalogue: it must not appear twice.
    if bundled is not None and bundled.policy_id not in known:
        found.append(bundled)
    return (*found, Candidate(EXPERT, EXPERT, "Scripted expert", EXPERT))


def known_results(
    workspace: WorkspaceSession, scene: str, policy_id: str, seeds: Sequence[int]
) -> dict[int, EpisodeResult]:
    """Return the results of earlier evaluations for these seeds, without episodes that ended in an error."""
    wanted = set(seeds)
    return {
        result.seed: result
        for record in workspace.catalogue.evaluations(scene=scene, policy_id=policy_id)
        if record.steps or not record.seeds  # records of older builds have no steps
        for result in results_of(record)
        if result.seed in wanted and not result.crash
    }


def _bundled(folder: Path) -> Candidate | None:
    """Return the policy that comes with the program; None where the scene has none."""
    if not folder.exists():
        return None
    try:
        config = read_policy_config(folder)
    except PolicyFileError as error:
        # Not an error for the person: everything else on the page works without it.
        _log.warning("The bundled policy cannot be read: %s", error)
        return None
    return Candidate(config.policy_id, config.name, f"{config.name} · comes with the program", str(folder))
