"""Errors that nobody expected in the writer: they are said, nothing is lost, and every wait ends."""

import sqlite3
from pathlib import Path

import pytest

from mile_desktop.rollout.recorder import Recorder
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.workspace import Workspace
from tests.robots.served import until
from tests.rollout.test_recorder import RecordedEpisode, start, step

UNEXPECTED = [
    NotADirectoryError(20, "Not a directory"),
    OSError(116, "Stale file handle"),
    MemoryError(),
    KeyError("x"),
    sqlite3.OperationalError("no such column"),
]


@pytest.fixture
def recording(tmp_path: Path) -> RecordedEpisode:
    return RecordedEpisode(tmp_path / "workspace")


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def append(*_: object) -> None:
        raise error

    monkeypatch.setattr(EpisodeJournal, "append", append)


@pytest.mark.parametrize("error", UNEXPECTED, ids=lambda error: type(error).__name__)
def test_an_unexpected_error_is_said_and_the_step_is_written_later(
    recording: RecordedEpisode, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    recorder = recording.recorder
    with monkeypatch.context() as broken:
        fail_with(broken, error)
        recorder.begin(start("e1"))
        recorder.append(step(0))
        until(lambda: "Nothing can be recorded at present" in recorder.problem)
        recorder.flush()  # ends although nothing can be written
    recorder.append(step(1))
    recorder.end("success")
    until(lambda: recorder.problem == "" and recording.closed == [("e1", "closed")])
    assert recorder.close() == ""
    with Workspace.open(recording.folder) as workspace:
        assert read_episode(workspace, "e1").record.steps == 2


def test_the_end_of_the_writer_is_said_and_what_waits_is_kept_in_a_file(
    recording: RecordedEpisode, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = recording.recorder
    fail_with(monkeypatch, SystemExit(1))
    recorder.begin(start("e1"))
    recorder.append(step(0))
    until(lambda: recorder.problem == "Recording has stopped (SystemExit: 1). Close the window and open it again.")
    recorder.append(step(1))
    recorder.flush()
    assert "2 recorded steps could not be written to the database" in recorder.close()
    monkeypatch.undo()
    for module in ("recovery", "spill"):  # the next start is another process; this one has ended by then
        monkeypatch.setattr(f"mile_desktop.storage.{module}.is_alive", lambda *_: False)
    with Workspace.open(recording.folder) as workspace:
        recover(workspace)
        assert read_episode(workspace, "e1").record.steps == 2


def test_the_next_episode_waits_until_the_last_one_is_on_the_disk(tmp_path: Path) -> None:
    recording = RecordedEpisode(tmp_path / "w")
    recorder = recording.recorder
    assert not recorder.settling
    recorder.begin(start("e1"))
    recorder.append(step(0))
    recorder.flush()
    other = sqlite3.connect(recording.folder / "workspace.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    recorder.end("success")
    assert recorder.settling
    assert recorder.problem == "", "the end of an episode may take its time"
    other.execute("ROLLBACK")
    other.close()
    until(lambda: not recorder.settling)
    recorder.close()
    gathering = Recorder(tmp_path / "w", lambda *_: None, gather_s=0.05)
    gathering.begin(start("e2"))
    gathering.append(step(0))
    gathering.end("success")
    assert not gathering.settling, "simulated time does not wait"
    gathering.close()
