"""Policies and statuses the window's tests show."""

import msgspec

from mile_desktop.rollout.messages import PadState, Status
from mile_desktop.storage.catalogue import LearnedFrom
from mile_desktop.storage.records import EvaluationRecord, InterventionModelRecord, PolicyRecord
from mile_desktop.ui.policies.model import PolicyDetails
from mile_desktop.ui.widgets.policy_entry import PolicyEntry
from tests.ui.ui_children import status

GUID = "030000005e040000130b000009050000"

ENTRIES = (
    PolicyEntry("p3", "v3", "MILE", "p2", "v2", "2026-11-20T10:11:12+00:00", 14, 39, 50, "after the corner cases"),
    PolicyEntry("p2", "v2", "MILE", "p0", "v0", "2026-11-19T09:01:12+00:00", 9, 31, 50),
    PolicyEntry("p0", "v0", "BC", None, "", "2026-11-18T08:00:00+00:00", 0, None, 0),
)


def _details(entry: PolicyEntry, settings: dict[str, object]) -> PolicyDetails:
    record = PolicyRecord(
        entry.policy_id, "peg-insertion", entry.name, "mile", entry.parent_id, None, entry.created_at, settings,
        tuple(f"e{number}" for number in range(entry.episodes)), entry.note,
    )  # fmt: skip
    outcomes = tuple(number < (entry.successes or 0) for number in range(entry.evaluated))
    evaluation = EvaluationRecord(
        f"ev-{entry.policy_id}", entry.policy_id, "peg-insertion", entry.created_at, tuple(range(entry.evaluated)),
        outcomes, 0,
    )  # fmt: skip
    model = InterventionModelRecord("m", "peg-insertion", entry.policy_id, None, entry.created_at, 0.4, 0.3, 31, ())
    return PolicyDetails(
        record=record,
        entry=entry,
        learned_from=LearnedFrom(entry.episodes, 200 * entry.episodes, 31, 300) if entry.episodes else LearnedFrom(),
        models=(model,) if entry.episodes else (),
        evaluations=(evaluation,) if entry.evaluated else (),
        promoted_at=(entry.created_at,),
    )


DETAILS = {
    entry.policy_id: _details(entry, settings)
    for entry, settings in zip(
        ENTRIES, ({"epochs": 80, "balance": 0.5}, {"epochs": 80, "balance": 0.25, "cost": None}, {}), strict=True
    )
}


def status_with(**changes: object) -> Status:
    return msgspec.structs.replace(status(1), **changes)


def pad(*active: str, connected: bool = True, guid: str = GUID, **fields: object) -> PadState:
    base = PadState(
        name="Xbox pad", guid=guid, axes=(0.0,) * 6, buttons=(False,) * 11, connected=connected, active_controls=active
    )
    return msgspec.structs.replace(base, **fields)
