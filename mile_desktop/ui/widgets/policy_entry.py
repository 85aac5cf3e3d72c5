"""One policy as menus and tables show it; no Qt."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mile_desktop.evaluation.statistics import wilson_interval
from mile_desktop.storage.catalogue import LearnedFrom
from mile_desktop.storage.records import EvaluationRecord, PolicyRecord

_METHODS = {
    "bc": "BC",
    "mile": "MILE",
    "mile-iwr": "MILE + IWR",
    "hg-dagger": "HG-DAgger",
    "iwr": "IWR",
    "sirius": "Sirius",
    "rlif": "RLIF",
}


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """The facts of a policy that menus and tables show."""

    policy_id: str
    name: str
    """``v3``."""
    method: str
    """Its usual spelling: ``MILE``."""
    parent_id: str | None
    parent_name: str
    """Empty for a policy that came with the program."""
    created_at: str
    """UTC, ISO 8601."""
    episodes: int
    """Number of episodes that it learned from."""
    successes: int | None
    """In the newest evaluation; None if there is none."""
    evaluated: int
    """Episodes of that evaluation; crashes are left out."""
    note: str = ""
    archived: bool = False
    steps: int = 0
    """Control steps of the episodes it learned from, as far as they are in the workspace."""

    @property
    def rate(self) -> float | None:
        """Success rate in [0, 1]."""
        return None if self.successes is None or not self.evaluated else self.successes / self.evaluated

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the rate (Wilson)."""
        return None if self.successes is None or not self.evaluated else wilson_interval(self.successes, self.evaluated)

    @property
    def success_text(self) -> str:
        """``78 % [64–88]``, or ``not evaluated``."""
        rate, interval = self.rate, self.interval
        if rate is None or interval is None:
            return "not evaluated"
        return f"{rate:.0%} [{interval[0] * 100:.0f}–{interval[1] * 100:.0f}]".replace("%", " %")

    @property
    def label(self) -> str:
        """``v3 · MILE · 78 % [64–88]``."""
        parts = [self.name, self.method, self.success_text if self.rate is not None else ""]
        return " · ".join(part for part in parts if part)


def policy_entries(
    policies: Iterable[PolicyRecord],
    evaluations: Iterable[EvaluationRecord],
    learned: Mapping[str, LearnedFrom] | None = None,
    *,
    include_archived: bool = False,
) -> tuple[PolicyEntry, ...]:
    """Join policies with their newest evaluations (and what they learned from); newest policy first."""
    records = list(policies)
    names = {record.policy_id: record.name for record in records}
    newest: dict[str, EvaluationRecord] = {}
    # The later one replaces the earlier one.
    for evaluation in sorted(evaluations, key=_created):
        newest[evaluation.policy_id] = evaluation
    shown = [record for record in records if include_archived or not record.archived]
    steps = {policy: each.steps for policy, each in (learned or {}).items()}
    return tuple(
        _entry(record, names, newest.get(record.policy_id), steps.get(record.policy_id, 0))
        for record in sorted(shown, key=_created, reverse=True)
    )


def _created(record: PolicyRecord | EvaluationRecord) -> str:
    return record.created_at


def _entry(record: PolicyRecord, names: dict[str, str], evaluation: EvaluationRecord | None, steps: int) -> PolicyEntry:
    return PolicyEntry(
        policy_id=record.policy_id,
        name=record.name,
        method=_METHODS.get(record.method, record.method),
        parent_id=record.parent_id,
        parent_name=names.get(record.parent_id, "") if record.parent_id else "",
        created_at=record.created_at,
        episodes=len(record.episode_ids),
        successes=None if evaluation is None else evaluation.successes,
        evaluated=0 if evaluation is None else len(evaluation.outcomes),
        note=record.note,
        archived=record.archived,
        steps=steps,
    )
