"""``mile-desktop policies``: the policies of a workspace with their parents and evaluations."""

import argparse
from collections.abc import Iterator, Sequence

from mile_desktop.commands.command import Report
from mile_desktop.commands.opened_workspace import opened_workspace
from mile_desktop.evaluation.statistics import wilson_interval
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.records import EvaluationRecord, PolicyRecord


def run(options: argparse.Namespace, report: Report) -> None:
    """Report one policy per line, children below their parent."""
    with opened_workspace(options, report) as workspace:
        catalogue = Catalogue(workspace)
        records = catalogue.policies(options.scene, include_archived=options.archived)
        evaluations = catalogue.evaluations(scene=options.scene)
        # Read while the workspace is open; it is closed before the first line is written.
        promoted = {scene: catalogue.promoted(scene) for scene in {record.scene for record in records}}
    if not records and not options.json:
        of_scene = f" of {options.scene}" if options.scene else ""
        report.say({}, f"There is no policy{of_scene} in {options.workspace} yet; load a scene, or train one.")
    for record, depth in _by_lineage(records):
        outcomes = _outcomes([each for each in evaluations if each.policy_id == record.policy_id])
        runs = promoted[record.scene] == record.policy_id
        report.say(_fields(record, outcomes, promoted=runs), _line(record, outcomes, depth, promoted=runs))


def _by_lineage(records: Sequence[PolicyRecord]) -> Iterator[tuple[PolicyRecord, int]]:
    """Yield each policy and its depth: parents before their children, scene by scene, oldest first."""
    listed = {record.policy_id for record in records}

    def below(parent: str, depth: int) -> Iterator[tuple[PolicyRecord, int]]:
        for record in records:
            if record.parent_id == parent:
                yield record, depth
                yield from below(record.policy_id, depth + 1)

    for root in sorted(records, key=lambda each: each.scene):
        # A parent may be archived, deleted or left behind on another machine: its children are then roots.
        if root.parent_id not in listed:
            yield root, 0
            yield from below(root.policy_id, 1)


def _outcomes(evaluations: Sequence[EvaluationRecord]) -> list[bool]:
    """Return success for each evaluated start; a start that was evaluated again counts once, with its newest result."""
    newest: dict[int, bool] = {}
    for record in evaluations:
        newest.update(zip(record.seeds, record.outcomes, strict=True))
    return list(newest.values())


def _fields(record: PolicyRecord, outcomes: list[bool], *, promoted: bool) -> dict[str, object]:
    return {
        "policy": record.policy_id,
        "name": record.name,
        "scene": record.scene,
        "method": record.method,
        "parent": record.parent_id,
        "created_at": record.created_at,
        "learned_from": len(record.episode_ids),
        "promoted": promoted,
        "archived": record.archived,
        "note": record.note,
        "evaluated": len(outcomes),
        "successes": sum(outcomes),
        "interval": list(wilson_interval(sum(outcomes), len(outcomes))) if outcomes else None,
    }


def _line(record: PolicyRecord, outcomes: list[bool], depth: int, *, promoted: bool) -> str:
    success = f"{sum(outcomes)} of {len(outcomes)} succeeded" if outcomes else "not evaluated"
    marks = ", ".join(word for word, applies in (("promoted", promoted), ("archived", record.archived)) if applies)
    name = "  " * depth + record.name
    words = f"{record.scene:16} {name:12} {record.policy_id:40} {record.method:10} {success:22} {marks}"
    return words.rstrip()
