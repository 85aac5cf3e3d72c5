from dataclasses import replace

from mile_desktop.evaluation.statistics import wilson_interval
from mile_desktop.storage.records import EvaluationRecord, PolicyRecord
from mile_desktop.ui.widgets.policy_entry import policy_entries
from tests.ui.window_examples import ENTRIES


def record(
    policy_id: str, name: str, created_at: str, *, parent: str | None = None, archived: bool = False
) -> PolicyRecord:
    return PolicyRecord(
        policy_id=policy_id, scene="peg-insertion", name=name, method="hg-dagger", parent_id=parent, run_id=None,
        created_at=created_at, settings={}, episode_ids=("a", "b"), archived=archived,
    )  # fmt: skip


def evaluation(policy_id: str, created_at: str, *outcomes: bool) -> EvaluationRecord:
    return EvaluationRecord(
        created_at, policy_id, "peg-insertion", created_at, tuple(range(len(outcomes))), outcomes, 0
    )


def test_the_newest_policy_and_its_newest_evaluation_come_first() -> None:
    entries = policy_entries(
        [record("a", "v0", "2026-01-01"), record("b", "v1", "2026-01-02", parent="a")],
        [evaluation("b", "2026-02-02", True, True, False), evaluation("b", "2026-02-01", False)],
    )
    assert [entry.name for entry in entries] == ["v1", "v0"]
    assert (entries[0].parent_name, entries[0].method, entries[0].episodes) == ("v0", "HG-DAgger", 2)
    assert (entries[0].successes, entries[0].evaluated) == (2, 3)
    assert entries[0].interval == wilson_interval(2, 3)


def test_archived_policies_are_left_out_but_still_named_as_parents() -> None:
    entries = policy_entries(
        [record("a", "v0", "2026-01-01", archived=True), record("b", "v1", "2026-01-02", parent="a")], []
    )
    assert [(entry.name, entry.parent_name) for entry in entries] == [("v1", "v0")]


def test_success_is_said_with_its_interval() -> None:
    assert ENTRIES[0].label == "v3 · MILE · 78 % [65–87]"
    assert ENTRIES[2].label == "v0 · BC"
    assert ENTRIES[2].success_text == "not evaluated"


def test_an_evaluation_in_which_everything_crashed_says_nothing_about_success() -> None:
    entry = replace(ENTRIES[0], successes=0, evaluated=0)
    assert entry.rate is None
    assert entry.interval is None
