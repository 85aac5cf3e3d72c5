"""Recovery of journals whose rows are damaged, missing or not of this process."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from mile_desktop.storage import recovery
from mile_desktop.storage.doctor import doctor
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.records import TRIMMED_AWAY, EpisodeRecord
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.steps import encode
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_start, a_step


def left_open(workspace: Workspace, episode_id: str = "ep-1", steps: int = 6) -> None:
    journal = EpisodeJournal(workspace)
    journal.begin(a_start(episode_id))
    for index in range(steps):
        journal.append(a_step(index, human=index % 2 == 1))
    workspace.query("UPDATE journal SET pid = 0x3fffffff, process = ''")


def put_step(workspace: Workspace, number: int, body: bytes) -> None:
    workspace.query("UPDATE journal_step SET body = ?, checksum = NULL WHERE position & 0xffffffff = ?", (body, number))


def set_start(workspace: Workspace, episode_id: str, start: str) -> None:
    workspace.query("UPDATE journal SET start = ? WHERE episode_id = ?", (start, episode_id))


OTHER_SHAPE = encode(replace(a_step(3, human=True), scene_state=a_step(0).action))
NO_HUMAN_ACTION = encode(replace(a_step(3), intervention=True))
ODD_LENGTH = encode(a_step(3, human=True)).replace(a_step(3).policy_mean.tobytes(), b"12345678")

STEP_DAMAGE: dict[str, Callable[[Workspace, int], None]] = {
    "first byte": lambda workspace, number: put_step(workspace, number, b"\x00"),
    "empty": lambda workspace, number: put_step(workspace, number, b""),
    "another shape": lambda workspace, number: put_step(workspace, number, OTHER_SHAPE),
    "odd length": lambda workspace, number: put_step(workspace, number, ODD_LENGTH),
    "flag without a human action": lambda workspace, number: put_step(workspace, number, NO_HUMAN_ACTION),
    "one bit": lambda workspace, number: (
        workspace.query(
            "UPDATE journal_step SET body = CAST(substr(body, 1, 40) || x'7f' || substr(body, 42) AS BLOB) "
            "WHERE position & 0xffffffff = ?",
            (number,),
        )
        and None
    ),
}


@pytest.mark.parametrize("number", [0, 3, 5])
@pytest.mark.parametrize("damage", STEP_DAMAGE)
def test_good_steps_around_a_damaged_one_are_kept_and_the_gap_is_marked(
    workspace: Workspace, damage: str, number: int
) -> None:
    left_open(workspace)
    left_open(workspace, "ep-2", steps=0)
    STEP_DAMAGE[damage](workspace, number)
    said: list[str] = []
    (record,) = recover(workspace, said.append)
    assert (record.steps, record.recovered) == (5, True)
    assert record.start.extra["unreadable_steps"] == 1
    episode = read_episode(workspace, "ep-1")
    expected = [100.0 + index * 0.05 for index in range(6) if index != number]
    np.testing.assert_allclose(episode.timestamp, expected)
    marked = [TRIMMED_AWAY if number == 3 and row == 3 else -1 for row in range(5)]
    assert episode.starts_at_row.tolist() == marked
    assert "1 of 6 steps of episode ep-1 could not be read" in said[0]
    assert len(list((workspace.folder / "unreadable").iterdir())) == 1
    assert recover(workspace) == ()
    assert doctor(workspace).problems == ()


def test_a_row_that_is_missing_is_said_and_marked(workspace: Workspace) -> None:
    left_open(workspace)
    workspace.query("DELETE FROM journal_step WHERE position & 0xffffffff IN (2, 3)")
    said: list[str] = []
    (record,) = recover(workspace, said.append)
    assert record.steps == 4
    assert read_episode(workspace, "ep-1").starts_at_row.tolist() == [-1, -1, TRIMMED_AWAY, -1]
    assert "2 of 6 steps" in said[0]


def test_a_rewind_across_a_gap_still_names_the_right_row(workspace: Workspace) -> None:
    journal = EpisodeJournal(workspace)
    journal.begin(a_start("ep-1"))
    for index, starts_at in enumerate([-1, -1, -1, 2, 1]):
        journal.append(replace(a_step(index), starts_at_row=starts_at))
    workspace.query("UPDATE journal SET pid = 0x3fffffff, process = ''")
    workspace.query("DELETE FROM journal_step WHERE position & 0xffffffff = 1")
    recover(workspace)
    assert read_episode(workspace, "ep-1").starts_at_row.tolist() == [-1, TRIMMED_AWAY, 1, TRIMMED_AWAY]


@pytest.mark.parametrize(
    "start",
    ["", "{", "[]", '{"episode_id": "ep-1"}', '{"a": ' * 3000, "id with a slash", "id of another episode"],
)
def test_a_journal_without_a_readable_start_is_moved_aside_and_hinders_no_other(
    workspace: Workspace, start: str
) -> None:
    left_open(workspace, "ep-1")
    left_open(workspace, "ep-2")
    good = workspace.query("SELECT start FROM journal WHERE episode_id = 'ep-1'")[0]["start"]
    changed = {
        "id with a slash": good.replace("ep-1", "../ep-1"),
        "id of another episode": good.replace("ep-1", "ep-3"),
    }
    set_start(workspace, "ep-1", changed.get(start, start))
    said: list[str] = []
    (record,) = recover(workspace, said.append)
    assert record.episode_id == "ep-2"
    (text,) = said
    assert "cannot be read" in text
    assert "Its 6 steps cannot be made an episode; they are kept in" in text
    (kept,) = (workspace.folder / "unreadable").iterdir()
    journals, steps = msgspec.msgpack.decode(kept.read_bytes())
    assert journals[0]["episode_id"] == "ep-1"
    assert len(steps) == 6
    assert recover(workspace) == ()


def test_edits_in_too_many_brackets_hinder_no_start(workspace: Workspace) -> None:
    left_open(workspace, "ep-1")
    recover(workspace)
    workspace.edits_path("ep-1").write_text('{"format": 1, "episode_id": "ep-1", "edits": ' + "[" * 200_000)
    said: list[str] = []
    assert recover(workspace, said.append) == ()
    assert "cannot be read as edits" in said[0]


def test_an_error_nobody_thought_of_leaves_the_journal_and_recovers_the_others(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_open(workspace, "ep-1")
    left_open(workspace, "ep-2")
    finish = recovery.finish_journal

    def fail_once(*arguments: object, **named: object) -> EpisodeRecord | None:
        monkeypatch.setattr(recovery, "finish_journal", finish)
        raise MemoryError("none left")

    monkeypatch.setattr(recovery, "finish_journal", fail_once)
    said: list[str] = []
    (record,) = recover(workspace, said.append)
    assert record.episode_id == "ep-2"
    assert said == ["Episode ep-1 could not be recovered (none left); it stays in the journal."]
    monkeypatch.setattr(recovery, "finish_journal", finish)
    workspace.query("UPDATE journal SET pid = 0x3fffffff, process = ''")
    assert [each.episode_id for each in recover(workspace)] == ["ep-1"]


def test_setting_the_clock_or_renaming_the_computer_takes_no_living_episode_away(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = EpisodeJournal(workspace)
    journal.begin(a_start("ep-1"))
    journal.append(a_step(0))
    # the creation time follows the clock: as seen by a process that starts after the clock was set by an hour
    workspace.query("UPDATE journal SET process_started = process_started + 3600, host = 'earlier-name'")
    workspace.query("UPDATE journal_step SET written_at = written_at - 3600")
    assert recover(workspace) == ()
    journal.append(a_step(1))
    record = journal.close("success")
    assert record is not None
    assert record.steps == 2


def test_steps_that_are_missing_at_the_end_are_noticed(workspace: Workspace) -> None:
    left_open(workspace)
    workspace.query("DELETE FROM journal_step WHERE position & 0xffffffff >= 4")
    said: list[str] = []
    (record,) = recover(workspace, said.append)
    assert (record.steps, record.start.extra["unreadable_steps"]) == (4, 2)
    assert said == [
        "2 of 6 steps of episode ep-1 could not be read from the journal. The other 4 are kept, and the gap is marked."
    ]


def test_a_journal_of_an_older_version_has_no_count(workspace: Workspace) -> None:
    left_open(workspace)
    workspace.query("UPDATE journal SET written = NULL")
    workspace.query("DELETE FROM journal_step WHERE position & 0xffffffff >= 4")
    said: list[str] = []
    (record,) = recover(workspace, said.append)
    assert (record.steps, said) == (4, [])
