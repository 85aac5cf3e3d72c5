import os
import socket
import threading
from dataclasses import replace

import numpy as np
import psutil
import pytest

from mile_desktop.storage.catalogue import Catalogue, delete_episode, restore_episode
from mile_desktop.storage.doctor import doctor
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.errors import JournalError, UnknownEpisodeError, WorkspaceFullError
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.workspace import DATABASE, Workspace
from tests.storage.samples import a_start, a_step, some_steps
from tests.storage.small_disk import SmallDisk


def begun(workspace: Workspace, episode_id: str = "ep-1", steps: int = 0) -> EpisodeJournal:
    journal = EpisodeJournal(workspace)
    journal.begin(a_start(episode_id))
    for index in range(steps):
        journal.append(a_step(index))
    return journal


def append_until_refused(journal: EpisodeJournal) -> None:
    for index in range(10_000):
        journal.append(a_step(index))


def count(workspace: Workspace, table: str) -> int:
    return workspace.query(f"SELECT count(*) FROM {table}")[0][0]


def test_a_closed_episode_is_a_file_and_a_row_and_no_journal(workspace: Workspace) -> None:
    start = a_start()
    journal = EpisodeJournal(workspace)
    journal.begin(start)
    for step in some_steps([False, True, True, False, True]):
        journal.append(step)
    assert (journal.is_open, journal.steps, journal.episode_id) == (True, 5, start.episode_id)
    record = journal.close("success")
    assert not journal.is_open
    assert (record.outcome, record.steps, record.takeovers, record.human_steps) == ("success", 5, 2, 3)
    assert (record.recovered, record.deleted, record.start) == (False, False, start)
    assert Catalogue(workspace).episodes() == (record,)
    assert read_episode(workspace, start.episode_id).record == record
    assert (count(workspace, "journal"), count(workspace, "journal_step")) == (0, 0)


def test_a_step_is_seen_by_other_processes_as_soon_as_append_returns(workspace: Workspace) -> None:
    journal = begun(workspace)
    with Workspace.open(workspace.folder) as other:
        for index in range(3):
            journal.append(a_step(index))
            assert count(other, "journal_step") == index + 1
    journal.close("failure")


def test_a_journal_names_its_owner(workspace: Workspace) -> None:
    begun(workspace)
    row = workspace.query("SELECT host, pid, process_started FROM journal")[0]
    assert tuple(row) == (socket.gethostname(), os.getpid(), psutil.Process().create_time())


def test_one_journal_records_episode_after_episode(workspace: Workspace) -> None:
    journal = EpisodeJournal(workspace)
    for index in range(3):
        journal.begin(a_start(f"ep-{index}"))
        journal.append(a_step(index))
        journal.close("success")
    assert [each.episode_id for each in Catalogue(workspace).episodes()] == ["ep-0", "ep-1", "ep-2"]


def test_an_episode_without_steps_leaves_nothing(workspace: Workspace) -> None:
    assert begun(workspace).close("success") is None
    assert begun(workspace).discard() is None
    assert count(workspace, "journal") == 0
    assert not any((workspace.folder / "episodes").iterdir())


def test_a_discarded_episode_is_in_the_bin_until_it_is_restored(workspace: Workspace) -> None:
    record = begun(workspace, steps=4).discard()
    assert (record.deleted, record.outcome) == (True, "aborted")
    assert Catalogue(workspace).episodes() == ()
    assert Catalogue(workspace).episodes(include_deleted=True) == (record,)
    assert workspace.episode_path("ep-1", deleted=True).exists()
    restored = restore_episode(workspace, "ep-1")
    assert restored == replace(record, deleted=False)
    assert Catalogue(workspace).episodes() == (restored,)
    assert read_episode(workspace, "ep-1").record == restored
    assert delete_episode(workspace, "ep-1") == record
    assert delete_episode(workspace, "ep-1") == record
    assert doctor(workspace).problems == ()


def test_an_unknown_episode_cannot_be_restored(workspace: Workspace) -> None:
    with pytest.raises(UnknownEpisodeError, match="no episode ep-9"):
        restore_episode(workspace, "ep-9")


def test_an_id_is_used_once(workspace: Workspace) -> None:
    begun(workspace, steps=1).close("success")
    with pytest.raises(JournalError, match="already an episode ep-1"):
        begun(workspace)
    open_journal = begun(workspace, "ep-2")
    with pytest.raises(JournalError, match="already an episode ep-2"):
        begun(workspace, "ep-2")
    with pytest.raises(JournalError, match="still open"):
        open_journal.begin(a_start("ep-3"))


def test_nothing_can_be_recorded_without_an_episode(workspace: Workspace) -> None:
    journal = EpisodeJournal(workspace)
    for act in (lambda: journal.append(a_step(0)), lambda: journal.close("success"), journal.discard):
        with pytest.raises(JournalError, match="No episode is open"):
            act()


def test_a_step_that_does_not_fit_is_refused_and_the_episode_goes_on(workspace: Workspace) -> None:
    journal = begun(workspace, steps=2)
    with pytest.raises(ValueError, match=r"shape \(5, 4, 7\), the steps before had \(12, 4, 7\)"):
        journal.append(replace(a_step(2), observation=np.zeros(5, np.float32)))
    with pytest.raises(ValueError, match="shape"):
        journal.append(a_step(2), replace(a_step(3), observation=np.zeros(5, np.float32)))
    assert journal.steps == 2
    journal.append(a_step(2))
    assert journal.close("success").steps == 3


def test_an_id_that_could_leave_the_folder_is_refused(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="is not an id"):
        begun(workspace, "../../ep-1")


def test_several_threads_record_and_read_at_once(workspace: Workspace) -> None:
    def run(name: str) -> None:
        journal = EpisodeJournal(workspace)
        for episode in range(4):
            journal.begin(a_start(f"{name}-{episode}"))
            for index in range(25):
                journal.append(a_step(index, human=index % 3 == 0))
            journal.close("success")
            Catalogue(workspace).episodes()

    threads = [threading.Thread(target=run, args=(f"thread{index}",)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = doctor(workspace)
    assert (report.episodes, report.steps, report.problems) == (16, 400, ())


def test_recovery_that_took_a_living_episode_over_is_said_and_nothing_is_lost(workspace: Workspace) -> None:
    journal = begun(workspace, steps=3)
    workspace.query(
        "UPDATE journal SET process = process || '1'"
    )  # as if this process had died and its pid been reused
    (recovered,) = recover(workspace)
    with pytest.raises(JournalError, match="recovered by another process"):
        journal.append(a_step(3))
    assert not journal.is_open
    assert Catalogue(workspace).episodes() == (recovered,)

    journal = begun(workspace, "ep-2", steps=2)
    workspace.query("UPDATE journal SET process = process || '1'")
    recover(workspace)
    with pytest.raises(JournalError, match="recovered by another process"):
        journal.close("success")
    assert [each.steps for each in Catalogue(workspace).episodes()] == [3, 2]


def test_a_database_that_may_not_grow_loses_no_committed_step(workspace: Workspace) -> None:
    journal = begun(workspace)
    pages = workspace.query("PRAGMA page_count")[0][0]
    workspace.query(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(WorkspaceFullError, match="is full"):
        append_until_refused(journal)
    committed = journal.steps
    assert 0 < committed < 10_000
    workspace.query("PRAGMA max_page_count = 1000000")
    journal.append(a_step(committed))
    assert journal.close("success").steps == committed + 1


def test_a_full_disk_loses_no_committed_step(small_disk: SmallDisk) -> None:
    with Workspace.open(small_disk.folder / "workspace") as workspace:
        journal = begun(workspace)
        small_disk.fill(leave=300_000)
        with pytest.raises(WorkspaceFullError, match="is full"):
            append_until_refused(journal)
        committed = journal.steps
        assert committed > 0
        with pytest.raises(WorkspaceFullError, match="is full"):
            journal.close("success")
        assert journal.is_open
        assert not any((workspace.folder / "episodes").iterdir())
        small_disk.free()
        assert journal.close("success").steps == committed
        episode = read_episode(workspace, "ep-1")
        np.testing.assert_array_equal(episode.timestamp, [a_step(index).timestamp for index in range(committed)])
        assert doctor(workspace).problems == ()


def test_a_disk_that_fills_up_only_when_the_episode_is_closed_keeps_it_open(small_disk: SmallDisk) -> None:
    with Workspace.open(small_disk.folder / "workspace") as workspace:
        journal = begun(workspace, steps=50)
        small_disk.fill()
        with pytest.raises(WorkspaceFullError):
            journal.close("failure")
        small_disk.free()
        record = journal.discard()
        assert (record.steps, record.deleted) == (50, True)


def test_the_log_is_moved_into_the_database_when_an_episode_closes(workspace: Workspace) -> None:
    journal = begun(workspace, steps=300)
    size = (workspace.folder / f"{DATABASE}-wal").stat().st_size
    journal.close("success")
    for episode in range(3):  # closed episodes' pages are reused, so the log stays as long as its longest episode
        begun(workspace, f"ep-more-{episode}", steps=300).close("success")
    assert (workspace.folder / f"{DATABASE}-wal").stat().st_size < 2 * size
