"""Who can be evaluated in a scene; no Qt, nothing heavy."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from mile_desktop.evaluation.evaluate import EpisodeResult
from mile_desktop.evaluation.run import EvaluatedPolicy, results_of
from mile_desktop.paths import bundled_models
from mile_desktop.ui.widgets.policy_entry import policy_entries
from mile_desktop.ui.workspace_session import WorkspaceSession

EXPERT = "expert"
_BUNDLED = "initial"
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
        """The same, as workers take it."""
        return EvaluatedPolicy(self.policy_id, self.source)


class _Head(msgspec.Struct):
    """What is needed of a policy's ``config.json``; reading all of it would bring in torch."""

    policy_id: str
    name: str


def find_candidates(workspace: WorkspaceSession, scene: str) -> tuple[Candidate, ...]:
    """Return the policies of ``scene``, newest first, the bundled one and the scripted expert."""
    entries = policy_entries(workspace.catalogue.policies(scene), workspace.catalogue.evaluations(scene=scene))
    found = [
        Candidate(entry.policy_id, entry.name, entry.label, str(workspace.policy_folder(entry.policy_id)))
        for entry in entries
    ]
    bundled = _bundled(bundled_models(scene) / _BUNDLED)
    known = {record.policy_id for record in workspace.catalogue.policies(scene)}
    if bundled is not None and bundled.policy_id not in known:
        found.append(bundled)
    return (*found, Candidate(EXPERT, EXPERT, "Scripted expert", EXPERT))


def known_results(
    workspace: WorkspaceSession, scene: str, policy_id: str, seeds: Sequence[int]
) -> dict[int, EpisodeResult]:
    """Return what earlier evaluations say of these seeds; breakdowns do not count as known."""
    wanted = set(seeds)
    return {
        result.seed: result
        for record in workspace.catalogue.evaluations(scene=scene, policy_id=policy_id)
        if record.steps or not record.seeds
        for result in results_of(record)
        if result.seed in wanted and not result.crash
    }


def _bundled(folder: Path) -> Candidate | None:
    """Return the policy that comes with the program, None where there is none."""
    try:
        head = msgspec.json.decode((folder / "config.json").read_bytes(), type=_Head)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        _log.warning("The bundled policy in %s cannot be read: %s", folder, error)
        return None
    return Candidate(head.policy_id, head.name, f"{head.name} · comes with the program", str(folder))
