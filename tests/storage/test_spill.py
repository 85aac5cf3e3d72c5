"""Steps that the database did not take: written beside it, added to their episodes at the next start."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mile_desktop.storage import owner, spill
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.spill import UnwrittenEpisode, unwritten_files, write_spill
from mile_desktop.storage.steps import encode
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_start, a_step
from tests.storage.test_damaged_journals import left_open, put_step, set_start


@pytest.fixture(autouse=True)
def ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files that a test writes be those of a process that has ended."""
    ended = replace(owner.this_process(), pid=0x3FFFFFFF, process="")
    monkeypatch.setattr(spill, "this_process", lambda: ended)


def spilled(workspace: Workspace, numbers: range, episode_id: str = "ep-1") -> Path:
    steps = [(number, encode(a_step(number, human=number % 2 == 1))) for number in numbers]
    return write_spill(workspace.folder, [UnwrittenEpisode(a_start(episode_id), steps, "success")])


def check_whole(workspace: Workspace, episode_id: str, steps: int) -> None:
    episode = read_episode(workspace, episode_id)
    np.testing.assert_allclose(episode.timestamp, [100.0 + index * 0.05 for index in range(steps)])
    assert "unreadable_steps" not in episode.record.start.extra


def test_steps_that_were_not_written_are_added_once(workspace: Workspace) -> None:
    left_open(workspace, steps=4)
    spilled(workspace, range(3, 7))
    said: list[str] = []
    (record,) = recover(workspace, said.append)
    assert (record.steps, record.outcome) == (7, "success")
    check_whole(workspace, "ep-1", 7)
    assert unwritten_files(workspace) == ()
    assert any("4 steps that could not be written when the program ended were added" in text for text in said)
    assert recover(workspace, said.append) == ()


def test_an_episode_of_which_nothing_was_written_is_made_of_the_file(workspace: Workspace) -> None:
    spilled(workspace, range(5))
    (record,) = recover(workspace, lambda _: None)
    assert record.steps == 5
    check_whole(workspace, "ep-1", 5)


def test_a_good_step_in_the_file_replaces_a_damaged_one_in_the_journal(workspace: Workspace) -> None:
    left_open(workspace)
    put_step(workspace, 3, b"\x00")
    spilled(workspace, range(3, 8))
    (record,) = recover(workspace, lambda _: None)
    assert record.steps == 8
    check_whole(workspace, "ep-1", 8)


def test_the_file_has_the_start_that_cannot_be_read_in_the_journal(workspace: Workspace) -> None:
    left_open(workspace)
    set_start(workspace, "ep-1", "{")
    spilled(workspace, range(4, 8))
    left_open(workspace, "ep-2")
    assert {record.episode_id for record in recover(workspace, lambda _: None)} == {"ep-1", "ep-2"}
    check_whole(workspace, "ep-1", 8)


def test_a_damaged_file_is_moved_aside_and_hinders_no_other(workspace: Workspace) -> None:
    path = spilled(workspace, range(3))
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    left_open(workspace, "ep-2")
    said: list[str] = []
    assert [record.episode_id for record in recover(workspace, said.append)] == ["ep-2"]
    assert "cannot be read (its checksum differs)" in said[0]
    (aside,) = (workspace.folder / "unreadable").iterdir()
    assert len(aside.read_bytes()) == len(content)


def test_an_error_that_is_not_expected_keeps_the_file_and_recovers_the_rest(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = spilled(workspace, range(3))
    left_open(workspace, "ep-2")

    def fail(*_arguments: object, **_named: object) -> None:
        raise MemoryError("none left")

    monkeypatch.setattr(spill, "adopt_journal", fail)
    said: list[str] = []
    assert [record.episode_id for record in recover(workspace, said.append)] == ["ep-2"]
    assert path.exists()
    assert "could not be added to their episodes (none left); the file stays" in said[0]
