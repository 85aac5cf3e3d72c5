import pytest

from mile_desktop.storage.catalogue import delete_episode
from mile_desktop.storage.doctor import DoctorReport, doctor
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_start, a_step


@pytest.fixture
def healthy(workspace: Workspace) -> Workspace:
    """Four episodes of three steps; one was recovered, one is in the bin."""
    journal = EpisodeJournal(workspace)
    for index in range(4):
        journal.begin(a_start(f"ep-{index}"))
        for step in range(3):
            journal.append(a_step(step))
        if index == 1:
            workspace.query("UPDATE journal SET pid = 0x3fffffff, process = ''")
            recover(workspace)
            journal = EpisodeJournal(workspace)
        else:
            journal.close("success")
    delete_episode(workspace, "ep-3")
    return workspace


def test_a_healthy_workspace_has_no_problems(healthy: Workspace) -> None:
    assert doctor(healthy) == DoctorReport(episodes=3, steps=9, recovered=1, problems=())


def test_an_empty_workspace_has_no_problems(workspace: Workspace) -> None:
    assert doctor(workspace) == DoctorReport(0, 0, 0, ())


def only_problem(workspace: Workspace) -> str:
    (problem,) = doctor(workspace).problems
    return problem


def test_a_missing_file_is_a_problem(healthy: Workspace) -> None:
    healthy.episode_path("ep-0").unlink()
    assert "ep-0.parquet does not exist" in only_problem(healthy)


def test_a_damaged_file_is_a_problem_in_the_bin_too(healthy: Workspace) -> None:
    path = healthy.episode_path("ep-3", deleted=True)
    path.write_bytes(path.read_bytes()[:-100])
    assert "ep-3.parquet cannot be read" in only_problem(healthy)


def test_a_file_that_disagrees_with_its_row_is_a_problem(healthy: Workspace) -> None:
    healthy.query("UPDATE episode SET outcome = 'failure' WHERE episode_id = 'ep-2'")
    assert "disagrees with the catalogue" in only_problem(healthy)


def test_a_file_nobody_knows_is_a_problem(healthy: Workspace) -> None:
    healthy.query("DELETE FROM episode WHERE episode_id = 'ep-2'")
    assert "ep-2.parquet is not in the catalogue; rebuild" in only_problem(healthy)


def test_a_file_left_half_written_is_a_problem_until_the_next_start(healthy: Workspace) -> None:
    (healthy.folder / "episodes" / "ep-x.parquet.part").touch()
    assert "was left half-written" in only_problem(healthy)
    recover(healthy)
    assert doctor(healthy).problems == ()


def test_an_episode_a_dead_process_left_open_is_a_problem_until_it_is_recovered(healthy: Workspace) -> None:
    journal = EpisodeJournal(healthy)
    journal.begin(a_start("ep-open"))
    journal.append(a_step(0))
    assert doctor(healthy).problems == ()
    healthy.query("UPDATE journal SET pid = 0x3fffffff, process = ''")
    assert "Episode ep-open was left open with 1 steps" in only_problem(healthy)
    recover(healthy)
    assert doctor(healthy) == DoctorReport(episodes=4, steps=10, recovered=2, problems=())
