from dataclasses import replace

import pytest

from mile_desktop.storage.browse import (
    EpisodeFilter,
    browsed_scenes,
    driving_policies,
    find_episodes,
    operator_names,
    outcomes_by_policy,
    read_rows,
    tags_in_use,
    takeovers_by_operator,
    worst_false_alarms,
)
from mile_desktop.storage.catalogue import Catalogue, LearnedFrom, delete_episode
from mile_desktop.storage.edit_store import edit_episode
from mile_desktop.storage.edits import Annotate, ChangeTags, NameOperator, Relabel
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.insights import insight_of, stale_insights, store_insights
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.operator_names import NO_NAME
from mile_desktop.storage.records import CALLED_BY
from mile_desktop.storage.steps import stack, summarise
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_policy, a_start, a_step

HUMAN = {
    "ep-1": [False] * 6,
    "ep-2": [False, False, True, True, False, False],
    "ep-3": [True, False, False, True, False, False],
    "ep-4": [False] * 4,
}


@pytest.fixture
def recorded(workspace: Workspace) -> Workspace:
    Catalogue(workspace).add_policy(a_policy("p1", name="v7"))
    journal = EpisodeJournal(workspace)
    for number, (name, human) in enumerate(HUMAN.items()):
        scene = "other" if name == "ep-4" else "peg-insertion"
        journal.begin(
            a_start(name, scene=scene, policy_id="p1" if number else "gone", started_at=f"2026-01-0{number + 1}T10")
        )
        for index, taken in enumerate(human):
            journal.append(a_step(index, human=taken, probability=0.9 if name == "ep-1" and index == 2 else 0.25))
        journal.close("success" if name == "ep-2" else "failure")
    return workspace


def found(workspace: Workspace, **wanted: object) -> tuple[str, ...]:
    return find_episodes(workspace, EpisodeFilter(**wanted))  # type: ignore[arg-type]


def compute(workspace: Workspace, threshold: float = 0.5) -> None:
    stale = stale_insights(workspace, threshold)
    store_insights(workspace, [(name, n, insight_of(read_episode(workspace, name), threshold)) for name, n in stale])


def test_the_newest_comes_first_and_every_filter_narrows(recorded: Workspace) -> None:
    assert found(recorded) == ("ep-4", "ep-3", "ep-2", "ep-1")
    assert found(recorded, scene="other") == ("ep-4",)
    assert found(recorded, outcome="success") == ("ep-2",)
    assert found(recorded, has_takeover=True) == ("ep-3", "ep-2")
    assert found(recorded, text="V7 peg") == ("ep-3", "ep-2")
    assert found(recorded, text="100%") == ()
    assert browsed_scenes(recorded) == ("other", "peg-insertion")


def test_the_episodes_a_policy_learned_from_are_found_and_counted(recorded: Workspace) -> None:
    catalogue = Catalogue(recorded)
    catalogue.add_policy(a_policy("p2", name="v8", episode_ids=("ep-1", "ep-3", "recorded elsewhere")))
    assert found(recorded, text="learned-by:p2") == ("ep-3", "ep-1")
    assert found(recorded, text="learned-by:p2 v7") == ("ep-3",)
    assert found(recorded, text="learned-by:p1") == ()
    assert catalogue.learned_from("peg-insertion") == {"p2": LearnedFrom(2, 12, 2, 2)}


def test_misses_and_false_alarms_are_found_once_they_are_computed(recorded: Workspace) -> None:
    assert found(recorded, has_miss=True) == ()
    compute(recorded)
    assert found(recorded, has_miss=True) == ("ep-3", "ep-2")
    assert found(recorded, has_false_alarm=True) == (), "before a failure a call may be right"
    edit_episode(recorded, "ep-1", Relabel("success"))
    compute(recorded)
    assert found(recorded, has_false_alarm=True) == ("ep-1",)
    assert read_rows(recorded, ["ep-3"])["ep-3"].misses == 2
    assert stale_insights(recorded, 0.5) == ()
    assert len(stale_insights(recorded, 0.4)) == 4


def test_an_edit_makes_an_insight_stale_and_a_late_answer_is_dropped(recorded: Workspace) -> None:
    compute(recorded)
    late = [("ep-2", 0, insight_of(read_episode(recorded, "ep-2"), 0.5))]
    edit_episode(recorded, "ep-2", Annotate("wait"))
    assert stale_insights(recorded, 0.5) == (("ep-2", 1),)
    store_insights(recorded, late)
    assert stale_insights(recorded, 0.5) == (("ep-2", 1),)
    compute(recorded)
    assert found(recorded, text="wait", has_miss=True) == ("ep-2",)


def test_every_column_sorts_both_ways_with_the_unknown_last(recorded: Workspace) -> None:
    store_insights(recorded, [("ep-2", 0, insight_of(read_episode(recorded, "ep-2"), 0.5))])
    assert find_episodes(recorded, EpisodeFilter(), "steps", descending=False)[0] == "ep-4"
    assert find_episodes(recorded, EpisodeFilter(), "takeovers")[0] == "ep-3"
    for descending in (False, True):
        assert find_episodes(recorded, EpisodeFilter(), "brier", descending=descending)[0] == "ep-2"


def test_a_row_says_who_drove_and_what_is_unknown(recorded: Workspace) -> None:
    rows = read_rows(recorded, ["ep-1", "ep-2", "ep-9"])
    assert set(rows) == {"ep-1", "ep-2"}
    assert (rows["ep-1"].policy, rows["ep-2"].policy) == ("gone", "v7")
    assert rows["ep-2"].operator == "gamepad"
    assert rows["ep-2"].brier is None


def test_the_bin_is_looked_into_apart(recorded: Workspace) -> None:
    delete_episode(recorded, "ep-2")
    assert "ep-2" not in found(recorded)
    assert found(recorded, deleted=True) == ("ep-2",)


def test_misses_are_those_of_the_number_that_called() -> None:
    human = [False] * 5 + [True] * 3
    steps = [replace(a_step(row, human=each), forecast=0.9 if row > 2 else 0.1) for row, each in enumerate(human)]
    found = [
        insight_of(stack(summarise(a_start(extra=extra), steps, "success"), steps), 0.5)
        for extra in ({}, {CALLED_BY: "p"}, {CALLED_BY: "forecast"})
    ]
    assert [each.misses for each in found] == [1, 1, 0]
    assert len({each.brier for each in found}) == 1


def test_episodes_are_found_by_the_reasons_of_their_calls(recorded: Workspace) -> None:
    steps = [replace(a_step(row), intervention_prob=0.9 if row > 2 else 0.1) for row in range(8)]
    called = [replace(each, reasons="stalled=12*0.6;near=2*0.3:ep-1@3" if row == 3 else "onset=1*1")
              for row, each in enumerate(steps)]  # fmt: skip
    insight = insight_of(stack(summarise(a_start(), called, "success"), called), 0.5)
    assert insight.reasons == ("near", "stalled"), "of the step at which the alarm came on, and of no other"
    store_insights(recorded, [("ep-1", 0, insight)])
    assert found(recorded, reason="stalled") == found(recorded, reason="near") == ("ep-1",)
    assert found(recorded, reason="onset") == found(recorded, reason="stall") == ()
    assert find_episodes(recorded, EpisodeFilter(reason="stalled", outcome="success")) == ()


def test_the_worst_false_alarm_of_each_episode_is_found_highest_first(recorded: Workspace) -> None:
    compute(recorded)
    assert worst_false_alarms(recorded, EpisodeFilter()) == ()
    for name in ("ep-1", "ep-4"):
        edit_episode(recorded, name, Relabel("success"))
    compute(recorded)
    assert worst_false_alarms(recorded, EpisodeFilter()) == (("ep-1", 2),)
    assert worst_false_alarms(recorded, EpisodeFilter(scene="other")) == ()
    compute(recorded, 0.2)
    assert worst_false_alarms(recorded, EpisodeFilter()) == (("ep-1", 0), ("ep-4", 0))


def test_episodes_are_found_by_the_commands_that_were_typed(recorded: Workspace) -> None:
    journal = EpisodeJournal(recorded)
    journal.begin(a_start("ep-5", policy_id="p1", started_at="2026-01-05T10"))
    for row in range(4):
        typed = "left a bit → left 2 cm" if row in {1, 2} else ""
        journal.append(replace(a_step(row, human=bool(typed)), words=typed))
    journal.close("success")
    assert found(recorded, text="left bit") == ()
    compute(recorded)
    assert found(recorded, text="left bit") == ("ep-5",)
    assert found(recorded, has_words=True) == ("ep-5",)
    assert found(recorded, text="right bit") == ()


def test_operator_policy_tag_and_date_narrow_the_list(recorded: Workspace) -> None:
    edit_episode(recorded, "ep-2", NameOperator("Anna"))
    edit_episode(recorded, "ep-3", NameOperator("ben 2"))
    edit_episode(recorded, "ep-3", ChangeTags(add=("slippery", "hard start")))
    edit_episode(recorded, "ep-4", ChangeTags(add=("slippery",)))
    assert operator_names(recorded) == ("Anna", "ben 2")
    assert tags_in_use(recorded) == ("hard start", "slippery")
    drove = [(each.policy_id, each.name, each.scene) for each in driving_policies(recorded)]
    assert drove == [("p1", "v7", "other"), ("p1", "v7", "peg-insertion"), ("gone", "gone", "peg-insertion")]
    assert [each.policy_id for each in driving_policies(recorded, "other")] == ["p1"]
    assert found(recorded, operator_name="Anna") == ("ep-2",)
    assert found(recorded, operator_name=NO_NAME) == ("ep-4", "ep-1")
    assert found(recorded, tag="slippery") == ("ep-4", "ep-3")
    assert found(recorded, tag="slip") == ()
    assert found(recorded, text="slip") == ("ep-4", "ep-3")
    assert found(recorded, text="BEN hard") == ("ep-3",)
    assert found(recorded, policy_id="gone") == ("ep-1",)
    assert found(recorded, since="2026-01-02", until="2026-01-04") == ("ep-3", "ep-2")
    assert find_episodes(recorded, EpisodeFilter(), "operator", descending=False)[:2] == ("ep-2", "ep-3")
    assert find_episodes(recorded, EpisodeFilter(), "tags", descending=False)[:2] == ("ep-3", "ep-4")
    assert takeovers_by_operator(recorded, "peg-insertion") == {"Anna": 1, "ben 2": 2, NO_NAME: 0}
    assert outcomes_by_policy(recorded, "peg-insertion") == {
        "gone": {"failure": 1}, "p1": {"failure": 1, "success": 1}
    }  # fmt: skip
    row = read_rows(recorded, ["ep-3"])["ep-3"]
    assert (row.operator_name, row.operator, row.tags) == ("ben 2", "gamepad", ("hard start", "slippery"))
