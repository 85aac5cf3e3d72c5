import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.doctor import doctor
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.errors import WorkspaceFullError
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.records import EpisodeRecord
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_start, a_step
from tests.storage.small_disk import SmallDisk

ROOT = Path(__file__).resolve().parents[2]


Trial = dict[str, Any]


def copied(trial: Trial, place: Path) -> Trial:
    source = Path(trial["folder"])
    return {**trial, "folder": shutil.copytree(source, place / source.name)}


def all_acknowledged(trials: list[Trial]) -> Trial:
    return next(trial for trial in trials if trial["acknowledged"] == 3)


def killed(operation: str, folder: Path) -> list[Trial]:
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


def check_recovered(trial: Trial, *, end: str = "success") -> EpisodeRecord | None:
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
def recorded(tmp_path_factory: pytest.TempPathFactory) -> list[Trial]:
    """Recording killed at every point; not to be changed."""
    return killed("record", tmp_path_factory.mktemp("recorded"))


@pytest.mark.parametrize("end", ["success", "aborted"])
def test_recording_killed_at_any_point_loses_at_most_the_step_in_flight(
    tmp_path: Path, recorded: list[Trial], end: str
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


def test_recovery_that_is_killed_itself_is_made_up_for(tmp_path: Path, recorded: list[Trial]) -> None:
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
def orphan(tmp_path: Path, recorded: list[Trial]) -> Path:
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


def test_two_recoveries_at_once_make_one_episode(tmp_path: Path, recorded: list[Trial]) -> None:
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
