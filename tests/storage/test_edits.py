from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.storage.edits import (
    Annotate,
    Change,
    ChangeTags,
    EditHistory,
    MarkStretch,
    NameOperator,
    Relabel,
    Trim,
    Withdraw,
    edited,
    encoded,
    read_history,
    tags_of,
)
from mile_desktop.storage.errors import EditError
from mile_desktop.storage.records import PARTIAL, TRIMMED_AWAY, Episode
from mile_desktop.storage.steps import stack, summarise
from tests.storage.samples import a_start, some_steps

STEPS = 8


def an_episode(human: list[bool] | None = None) -> Episode:
    steps = some_steps(human or [False] * 3 + [True] * 2 + [False] * 3)
    return stack(summarise(a_start("ep-1"), steps, "failure"), steps)


def history(*changes: Change) -> EditHistory:
    grown = EditHistory("ep-1")
    for change in changes:
        grown = grown.grown(change, "2026-01-01T00:00:00+00:00")
    return grown


@st.composite
def stretches(draw: st.DrawFn) -> tuple[int, int]:
    first = draw(st.integers(0, STEPS - 1))
    return first, draw(st.integers(first, STEPS - 1))


changes = st.one_of(
    st.builds(Relabel, st.sampled_from(["success", "partial success", "failure", "time limit"])),
    st.builds(lambda rows, marked: MarkStretch(*rows, marked), stretches(), st.booleans()),
    st.builds(lambda rows: Trim(*rows), stretches()),
    st.builds(Annotate, st.text(max_size=8)),
    st.builds(lambda add, remove: ChangeTags((add,), (remove,)), st.sampled_from("abc"), st.sampled_from("abc")),
    st.builds(NameOperator, st.sampled_from(["", "Anna"])),
)


@given(st.lists(changes, max_size=6))
def test_an_edited_episode_agrees_with_itself_and_the_recording_stays(made: list[Change]) -> None:
    recording = an_episode()
    before = recording.intervention.copy(), recording.human_action.copy()
    seen = edited(recording, history(*made))
    assert len(seen) == seen.record.steps == len(seen.intervention) == len(seen.operator) == len(seen.scene_state)
    assert seen.record.human_steps == seen.intervention.sum()
    assert np.isnan(seen.human_action).all(1).tolist() == (~seen.intervention).tolist()
    assert np.array_equal(seen.action, recording.action[seen.first_row : seen.first_row + len(seen)])
    assert np.array_equal(before[0], recording.intervention)
    assert np.array_equal(before[1], recording.human_action, equal_nan=True)


@given(st.lists(changes, min_size=1, max_size=5))
def test_taking_everything_back_gives_the_recording(made: list[Change]) -> None:
    recording = an_episode()
    grown = history(*made)
    for version in range(1, len(made) + 1):
        grown = grown.grown(Withdraw(version), "")
    assert edited(recording, grown) is recording
    assert len(grown.edits) == 2 * len(made)


def test_a_withdrawal_can_be_withdrawn() -> None:
    grown = history(Relabel("success"), Withdraw(1), Withdraw(2))
    assert [edit.version for edit in grown.in_force] == [1]
    assert edited(an_episode(), grown).record.outcome == "success"


def test_a_marked_stretch_takes_what_was_executed_as_the_persons_command() -> None:
    recording = an_episode()
    seen = edited(recording, history(MarkStretch(1, 4, True)))
    assert seen.record.takeovers == 1
    assert seen.record.human_steps == 4
    assert np.array_equal(seen.human_action[1:3], recording.action[1:3])
    assert np.array_equal(seen.human_action[3:5], recording.human_action[3:5])


def test_trimming_keeps_rewinds_pointing_at_their_rows_or_says_that_those_are_gone() -> None:
    recording = an_episode()
    recording.starts_at_row[6], recording.starts_at_row[4] = 3, 0
    seen = edited(recording, history(Trim(2, 7)))
    assert seen.first_row == 2
    assert seen.starts_at_row.tolist() == [-1, -1, TRIMMED_AWAY, -1, 1, -1]


@pytest.mark.parametrize("change", [Trim(5, 8), Trim(4, 3), MarkStretch(-1, 2, True)])
def test_rows_that_are_not_there_are_refused_in_words(change: Change) -> None:
    with pytest.raises(EditError, match="has rows 0 to 7"):
        edited(an_episode(), history(change))


def test_the_file_says_all_of_it(tmp_path: Path) -> None:
    grown = history(Relabel("success"), MarkStretch(1, 2, False), Trim(0, 5), Annotate("π"), Withdraw(2))
    path = tmp_path / "ep-1.json"
    path.write_bytes(encoded(grown))
    assert read_history(path, "ep-1") == grown
    assert read_history(tmp_path / "ep-2.json", "ep-2") == EditHistory("ep-2")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "cannot be read as edits"),
        (b'{"episode_id": "ep-1", "edits": [{"version": "one"}], "format": 1}', "cannot be read as edits"),
        (b'{"episode_id": "ep-9", "edits": [], "format": 1}', "holds edits of ep-9"),
        (b'{"episode_id": "ep-1", "edits": [], "format": 99}', "update the program"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "ep-1.json"
    path.write_bytes(content)
    with pytest.raises(EditError, match=words):
        read_history(path, "ep-1")


def test_tags_are_added_removed_and_undone() -> None:
    grown = history(ChangeTags(add=("hard", "slip")), ChangeTags(add=("again",), remove=("slip",)))
    assert edited(an_episode(), grown).record.tags == ("again", "hard")
    assert edited(an_episode(), grown.grown(Withdraw(2), "")).record.tags == ("hard", "slip")
    assert tags_of(" hard  start,slip ; slip,, " + "x" * 60) == ("hard start", "slip", "x" * 40)


def test_another_operator_is_named_and_undone() -> None:
    grown = history(NameOperator("Anna"))
    assert edited(an_episode(), grown).record.start.operator_name == "Anna"
    assert edited(an_episode(), grown.grown(Withdraw(1), "")).record.start.operator_name == ""


@pytest.mark.parametrize(
    ("change", "format_"),
    [(Relabel("success"), 1), (Annotate("x"), 1), (Relabel(PARTIAL), 2), (ChangeTags(add=("x",)), 2)],
)
def test_a_file_is_new_to_an_earlier_build_only_where_it_holds_something_new(change: Change, format_: int) -> None:
    grown = history(change, Annotate("later"))
    assert grown.format == format_
    assert f'"format": {format_}' in encoded(grown).decode()
