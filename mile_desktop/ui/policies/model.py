"""All facts on the policies of a scene, read from the workspace; no Qt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mile_desktop.learning.progress import Progress
from mile_desktop.learning.run_log import EVENT_FILE, read_events
from mile_desktop.learning.setting_info import SettingInfo
from mile_desktop.learning.settings import setting_info
from mile_desktop.storage.browse import outcomes_by_policy
from mile_desktop.storage.catalogue import LearnedFrom
from mile_desktop.storage.records import EvaluationRecord, InterventionModelRecord, PolicyRecord
from mile_desktop.ui.plots.series_model import LOSSES, SUCCESS, Curve
from mile_desktop.ui.widgets.policy_entry import PolicyEntry, policy_entries
from mile_desktop.ui.widgets.policy_results import PolicyResults, results_of_records
from mile_desktop.ui.workspace_session import WorkspaceSession

_FITTED = "learned."
"""Prefix of values that the training itself found, e.g. the best epoch."""


@dataclass(frozen=True, slots=True)
class PolicyDetails:
    """One policy with all records that refer to it."""

    record: PolicyRecord
    entry: PolicyEntry
    learned_from: LearnedFrom
    models: tuple[InterventionModelRecord, ...]
    """Intervention models fitted to its supervision, or made by the training run that made it, oldest first."""
    evaluations: tuple[EvaluationRecord, ...]
    promoted_at: tuple[str, ...]
    """Times of its promotions, oldest first."""
    recorded: Mapping[str, int] = field(default_factory=dict)
    """Outcome → number of recorded episodes that it drove."""

    @property
    def results(self) -> PolicyResults:
        """All its evaluations merged."""
        found = results_of_records(self.evaluations, {self.record.policy_id: self.record.name})
        return found[0] if found else PolicyResults(self.record.policy_id, self.record.name, (), 0)


def read_policies(workspace: WorkspaceSession, scene: str) -> dict[str, PolicyDetails]:
    """Return the policies of ``scene`` by id, archived ones included, newest first; raises ``WorkspaceError``."""
    catalogue = workspace.catalogue
    records = {record.policy_id: record for record in catalogue.policies(scene)}
    evaluations = catalogue.evaluations(scene=scene)
    models = catalogue.intervention_models(scene=scene)
    history = catalogue.promotion_history(scene)
    learned = catalogue.learned_from(scene)
    recorded = outcomes_by_policy(workspace.workspace, scene)
    # Archived ones too, since a shown policy may descend from one.
    entries = policy_entries(records.values(), evaluations, learned, include_archived=True)
    return {
        entry.policy_id: PolicyDetails(
            record=records[entry.policy_id],
            entry=entry,
            learned_from=learned.get(entry.policy_id, LearnedFrom()),
            models=tuple(each for each in models if _belongs(each, records[entry.policy_id])),
            evaluations=tuple(each for each in evaluations if each.policy_id == entry.policy_id),
            promoted_at=tuple(each.promoted_at for each in history if each.policy_id == entry.policy_id),
            recorded=recorded.get(entry.policy_id, {}),
        )
        for entry in entries
    }


def _belongs(model: InterventionModelRecord, policy: PolicyRecord) -> bool:
    # A model may be fitted later for the policy, or together with it in the same run.
    return model.policy_id == policy.policy_id or (model.run_id is not None and model.run_id == policy.run_id)


def read_curves(run_folder: Path) -> dict[str, Curve]:
    """Return the curves in a run's log: losses over epochs, success over starts; empty where there is no log."""
    events, _ = read_events(run_folder / EVENT_FILE)
    progress = [event for event in events if isinstance(event, Progress) and event.stage == "policy"]
    curves = {name: tuple((float(each.epoch), each.losses[name]) for each in progress if name in each.losses)
              for name, _ in LOSSES}  # fmt: skip
    pairs = [event.paired for event in events if isinstance(event, Progress) and event.paired and event.paired.starts]
    curves[SUCCESS] = tuple((float(each.starts), each.after_successes / each.starts) for each in pairs)
    return {name: curve for name, curve in curves.items() if curve}


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting, or one fitted value, of two trainings."""

    name: str
    """Name in the run's configuration; fitted values begin with ``learned.``."""
    first: str
    second: str

    @property
    def info(self) -> SettingInfo:
        """Title and meaning of the setting."""
        return setting_info(self.name)

    @property
    def differs(self) -> bool:
        """Whether the values differ."""
        return self.first != self.second


def setting_rows(first: PolicyRecord, second: PolicyRecord | None = None) -> list[SettingRow]:
    """Return every setting of one or two trainings, differing ones first, then the fitted values."""
    one = _flat(first.settings)
    other = _flat(second.settings) if second else one
    rows = [SettingRow(name, _value(one, name), _value(other, name)) for name in {**one, **other}]
    return sorted(rows, key=_order)


def _order(row: SettingRow) -> tuple[bool, bool, str]:
    """Return the sort key: settings before fitted values, differing before equal, by title."""
    return row.name.startswith(_FITTED), not row.differs, row.info.title


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings and fitted values in one dictionary; the record holds the latter under ``learned``."""
    learned = settings.get("learned")
    fitted = learned if isinstance(learned, dict) else {}
    chosen = {name: value for name, value in settings.items() if name != "learned" or not fitted}
    return {**chosen, **{f"{_FITTED}{name}": value for name, value in fitted.items()}}


def _value(settings: dict[str, Any], name: str) -> str:
    if name not in settings:
        return "–"
    value = settings[name]
    if value is None:  # a setting without a value is chosen by the trainer; a fitted value without one was not found
        return "–" if name.startswith(_FITTED) else "automatic"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        # A fitted value has no exact digits; a setting is shown as it was typed.
        return f"{value:.3g}" if name.startswith(_FITTED) else f"{value:g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    # Where 0 means "off" or "all", the word says more than the number.
    return (value == 0 and setting_info(name).zero_text) or str(value)


def parents_of(details: Iterable[PolicyDetails]) -> dict[str, str | None]:
    """Return policy → parent."""
    return {each.record.policy_id: each.record.parent_id for each in details}
