import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from mile_desktop.storage import recovery
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.doctor import doctor
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.errors import WorkspaceFullError
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.records import TRIMMED_AWAY, EpisodeRecord
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.steps import encode
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_start, a_step
from tests.storage.small_disk import SmallDisk

ROOT = Path(__file__).resolve().parents[2]


ScoringSplit = dict[str, Any]


def copied(trial: ScoringSplit, place: Path) -> ScoringSplit:
    source = Path(trial["folder"])
    return {**trial, "folder": shutil.copytree(source, place / source.name)}


def all_acknowledged(trials: list[ScoringSplit]) -> ScoringSplit:
    return next(trial for trial in trials if trial["acknowledged"] == 3)


def killed(operation: str, folder: Path) -> list[ScoringSplit]:
    """Run an operation in processes killed at every point; the last one gets to the end (unless at random times)."""
    farm = [sys.executable, "-m", "tests.storage.crash_farm", operation, folder]
    run = subprocess.run(farm, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def check_whole(workspace: Workspace, record: EpisodeRecord) -> None:
    """The episode's file holds its first steps, in order, each once; nothing else is in the workspace."""
    episode = read_episode(workspace, record.episode_id)
    expected = [a_step(index, human=index % 2 == 1) for index in range(record.steps)]
    np.testing.assert_array_equal(episode.observation, [step.observation for step in expected])
    np.testing.assert_array_equal(episode.intervention, [step.intervention for step in expected])
    assert episode.record == record
    assert Catalogue(workspace).episodes(include_deleted=True) == (record,)
    files = [path.name for place in ("episodes", "bin") for path in (workspace.folder / place).iterdir()]
    assert files == [f"{record.episode_id}.parquet"]
    assert doctor(workspace).problems == ()


def check_recovered(trial: ScoringSplit, *, end: str = "success") -> EpisodeRecord | None:
    with Workspace.open(trial["folder"]) as workspace:
        said = recover(workspace)
        assert recover(workspace) == ()
        found = Catalogue(workspace).episodes(include_deleted=True)
        acknowledged = trial["acknowledged"]
        if not found:
            assert acknowledged == 0
            assert doctor(workspace).problems == ()
            return None
        (record,) = found
        assert acknowledged <= record.steps <= acknowledged + 1
        assert said in [(), (record,)]
        assert (record.outcome, record.recovered) in {("aborted", True), (end, False)}
        check_whole(workspace, record)
        return record


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> list[ScoringSplit]:
    """Recording killed at every point; not to be changed."""
    return killed("record", tmp_path_factory.mktemp("recorded"))


@pytest.mark.parametrize("end", ["success", "aborted"])
def test_recording_killed_at_any_point_loses_at_most_the_step_in_flight(
    tmp_path: Path, recorded: list[ScoringSplit], end: str
) -> None:
    succeeding = [copied(trial, tmp_path) for trial in recorded]
    trials = succeeding if end == "success" else killed("discard", tmp_path / "discarded")
    assert len(trials) > 15
    records = [check_recovered(trial, end=end) for trial in trials]
    steps = [record.steps if record else 0 for record in records]
    assert set(steps) == {0, 1, 2, 3}
    # every way of dying was met: in the middle, while closing, after the file was there
    assert sum(trial["acknowledged"] == 3 for trial in trials) >= 8
    ways = {(record.recovered, record.deleted) for record in records if record}
    assert ways == {(True, False), (False, end == "aborted")}


def test_recording_killed_at_random_times_loses_at_most_the_step_in_flight(tmp_path: Path) -> None:
    trials = killed("long@random", tmp_path)
    records = [check_recovered(trial) for trial in trials]
    assert all(record and record.recovered and record.outcome == "aborted" for record in records)
    assert len({record.steps for record in records if record}) > 3


def test_recovery_that_is_killed_itself_is_made_up_for(tmp_path: Path, recorded: list[ScoringSplit]) -> None:
    shutil.copytree(all_acknowledged(recorded)["folder"], tmp_path / "dead")
    trials = killed("recover", tmp_path / "again")
    assert len(trials) > 8
    for trial in trials:
        record = check_recovered({**trial, "acknowledged": 3})
        assert record is not None
        assert record.steps == 3


def test_an_episode_killed_on_its_way_to_the_bin_is_in_one_place(tmp_path: Path) -> None:
    trials = killed("bin", tmp_path)
    deleted = []
    for trial in trials:
        with Workspace.open(trial["folder"]) as workspace:
            recover(workspace)
            (record,) = Catalogue(workspace).episodes(include_deleted=True)
            check_whole(workspace, record)
            deleted.append(record.deleted)
    assert sorted(deleted) == deleted
    assert set(deleted) == {False, True}


def test_a_workspace_whose_making_was_killed_is_made_the_next_time(tmp_path: Path) -> None:
    for trial in killed("open", tmp_path):
        with Workspace.open(trial["folder"]) as workspace:
            assert Catalogue(workspace).episodes() == ()


@pytest.fixture
def orphan(tmp_path: Path, recorded: list[ScoringSplit]) -> Path:
    """A workspace whose recorder died after its file was complete and before the row was in."""
    renamed = next(each for each in recorded if (Path(each["folder"]) / "episodes" / "ep-killed.parquet").exists())
    return Path(copied(renamed, tmp_path)["folder"])


def test_a_complete_file_keeps_its_own_outcome(orphan: Path) -> None:
    with Workspace.open(orphan) as workspace:
        (record,) = recover(workspace)
        assert (record.outcome, record.recovered, record.steps) == ("success", False, 3)
        check_whole(workspace, record)


def test_a_file_that_is_not_complete_is_written_again_from_the_journal(orphan: Path) -> None:
    path = orphan / "episodes" / "ep-killed.parquet"
    path.write_bytes(path.read_bytes()[:500])
    with Workspace.open(orphan) as workspace:
        (record,) = recover(workspace)
        assert (record.outcome, record.recovered, record.steps) == ("aborted", True, 3)
        check_whole(workspace, record)


def test_a_half_written_file_in_the_bin_does_not_keep_the_episode_there(orphan: Path) -> None:
    path = orphan / "episodes" / "ep-killed.parquet"
    path.replace(orphan / "bin" / path.name)
    (orphan / "bin" / path.name).write_bytes(b"PAR1")
    with Workspace.open(orphan) as workspace:
        (record,) = recover(workspace)
        assert not record.deleted
        check_whole(workspace, record)


def test_half_written_files_are_removed_but_not_those_being_written(workspace: Workspace) -> None:
    (workspace.folder / "episodes" / "ep-dead.parquet.part").write_bytes(b"PAR1")
    (workspace.folder / "bin" / "ep-dead.parquet.part").write_bytes(b"")
    journal = EpisodeJournal(workspace)
    journal.begin(a_start("ep-living"))
    living = workspace.folder / "episodes" / "ep-living.parquet.part"
    living.write_bytes(b"PAR1")
    assert recover(workspace) == ()
    assert list(workspace.folder.glob("*/*.part")) == [living]


def test_the_living_are_left_alone(workspace: Workspace) -> None:
    journal = EpisodeJournal(workspace)
    journal.begin(a_start("ep-1"))
    journal.append(a_step(0))
    assert recover(workspace) == ()
    journal.append(a_step(1, human=True))
    record = journal.close("success")
    assert record is not None
    check_whole(workspace, record)


def test_a_recording_process_beside_is_left_alone(workspace: Workspace) -> None:
    code = """
import sys
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_start, a_step
with Workspace.open(sys.argv[1]) as workspace:
    journal = EpisodeJournal(workspace)
    journal.begin(a_start("ep-beside"))
    journal.append(a_step(0))
    print("recording", flush=True)
    sys.stdin.readline()
    journal.append(a_step(1, human=True))
    journal.close("success")
"""
    beside = subprocess.Popen(
        [sys.executable, "-c", code, workspace.folder],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with beside:
        assert beside.stdout is not None
        assert beside.stdout.readline() == "recording\n"
        assert recover(workspace) == ()
        beside.communicate("go on\n", timeout=30)
    assert beside.returncode == 0
    (record,) = Catalogue(workspace).episodes()
    assert (record.steps, record.outcome, record.recovered) == (2, "success", False)


def test_a_killed_process_nobody_waited_for_is_dead(workspace: Workspace) -> None:
    code = """
import os, signal, sys
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_start, a_step
journal = EpisodeJournal(Workspace.open(sys.argv[1]))
journal.begin(a_start("ep-1"))
journal.append(a_step(0))
print("recorded", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    zombie = subprocess.Popen([sys.executable, "-c", code, workspace.folder], cwd=ROOT, stdout=subprocess.PIPE)
    with zombie:
        assert zombie.stdout is not None
        assert zombie.stdout.read() == b"recorded\n"
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays a zombie
        (record,) = recover(workspace)
    assert (record.steps, record.recovered) == (1, True)


def test_another_hosts_journal_is_taken_after_a_while_without_a_step(workspace: Workspace) -> None:
    journal = EpisodeJournal(workspace)
    journal.begin(a_start("ep-1"))
    journal.append(a_step(0))
    workspace.query("UPDATE journal SET host = 'elsewhere', process = 'other-boot pid:[1] 5'")
    assert recover(workspace) == ()
    workspace.query("UPDATE journal_step SET written_at = written_at - 200")
    (record,) = recover(workspace)
    assert record.steps == 1


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


def test_two_recoveries_at_once_make_one_episode(tmp_path: Path, recorded: list[ScoringSplit]) -> None:
    with Workspace.open(copied(all_acknowledged(recorded), tmp_path)["folder"]) as workspace:
        said: list[tuple[EpisodeRecord, ...]] = []
        all_listed = threading.Barrier(3)

        def run() -> None:
            """Wait before the first write, until everybody has seen the journal."""
            first = iter([all_listed.wait])
            workspace.connection().set_trace_callback(
                lambda sql: next(first, int)() if sql.startswith("BEGIN") else None
            )
            said.append(recover(workspace))

        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(len(each) for each in said) == [0, 0, 1]
        check_whole(workspace, *max(said, key=len))


def test_what_a_full_disk_kept_from_being_recovered_is_recovered_later(small_disk: SmallDisk) -> None:
    with Workspace.open(small_disk.folder / "workspace") as workspace:
        journal = EpisodeJournal(workspace)
        journal.begin(a_start("ep-1"))
        for index in range(200):
            journal.append(a_step(index, human=index % 2 == 1))
        workspace.query("UPDATE journal SET pid = 0x3fffffff, process = ''")
        small_disk.fill(leave=8192)
        with pytest.raises(WorkspaceFullError):
            recover(workspace)
        small_disk.free()
        (record,) = recover(workspace)
        assert record.steps == 200
        check_whole(workspace, record)
