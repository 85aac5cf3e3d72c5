import os
from pathlib import Path

import pytest

from mile_desktop.storage.catalogue import Catalogue, delete_episode
from mile_desktop.storage.errors import WorkspaceDamagedError, WorkspaceLockedError, WorkspaceVersionError
from mile_desktop.storage.ids import now
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.rebuild import rebuild_catalogue
from mile_desktop.storage.records import EpisodeRecord, EvaluationRecord, PolicyRecord, RunRecord
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.workspace import DATABASE, Workspace
from tests.storage.samples import a_policy, a_start, a_step
from tests.storage.test_catalogue import a_model

Content = tuple[tuple[EpisodeRecord, ...], tuple[PolicyRecord, ...], tuple[object, ...], tuple[object, ...]]


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A closed workspace with a bit of everything, and an episode a dead process left open."""
    with Workspace.open(tmp_path / "workspace") as workspace:
        journal = EpisodeJournal(workspace)
        for index in range(3):
            journal.begin(a_start(f"ep-{index}"))
            for step in range(3):
                journal.append(a_step(step, human=step == 1))
            journal.close("success")
        delete_episode(workspace, "ep-1")
        catalogue = Catalogue(workspace)
        for index in range(60):  # many pages, so that one can be damaged
            catalogue.add_policy(a_policy(f"p{index:02}", episode_ids=("ep-0",) * 50))
        catalogue.set_policy_note("p00", "the first")
        catalogue.add_run(RunRecord("run-1", "peg-insertion", "mile", "p00", "finished", now(), "p01"))
        catalogue.add_intervention_model(a_model("im-1"))
        catalogue.add_evaluation(EvaluationRecord("ev-1", "p00", "peg-insertion", now(), (1, 2), (True, False), 0))
        catalogue.promote("peg-insertion", "p00")
        journal.begin(a_start("ep-open"))
        journal.append(a_step(0))
        workspace.query("UPDATE journal SET pid = 0x3fffffff, process = ''")
    return tmp_path / "workspace"


def content(folder: Path) -> Content:
    with Workspace.open(folder) as workspace:
        catalogue = Catalogue(workspace)
        return (
            catalogue.episodes(include_deleted=True),
            catalogue.policies(),
            (*catalogue.runs(), *catalogue.intervention_models()),
            (*catalogue.evaluations(), *catalogue.promotion_history("peg-insertion")),
        )


def test_everything_but_evaluations_and_promotions_comes_back_without_any_database(filled: Path) -> None:
    before = content(filled)
    (filled / DATABASE).unlink()
    with pytest.raises(WorkspaceDamagedError):
        Workspace.open(filled)
    report = rebuild_catalogue(filled)
    assert (report.episodes, report.policies, report.problems, report.kept) == (3, 60, (), None)
    assert content(filled) == (*before[:3], ())


def test_all_of_it_comes_back_from_a_database_that_can_be_read(filled: Path) -> None:
    before = content(filled)
    report = rebuild_catalogue(filled)
    assert report.problems == ()
    assert content(filled) == before
    with Workspace.open(filled) as workspace:
        (record,) = recover(workspace)
        assert (record.episode_id, record.steps, record.recovered) == ("ep-open", 1, True)
    assert report.kept is not None
    assert (report.kept / DATABASE).exists()
    assert not (filled / "rebuilding").exists()


def test_a_file_that_is_no_database_is_put_aside_and_kept(filled: Path) -> None:
    before = content(filled)
    (filled / DATABASE).write_bytes(b"nothing of use " * 1000)
    report = rebuild_catalogue(filled)
    assert content(filled)[:3] == before[:3]
    assert "could not be read from the old database" in report.problems[0]
    assert report.kept is not None
    assert (report.kept / DATABASE).read_bytes().startswith(b"nothing of use")


@pytest.mark.parametrize("page", range(2, 12))
def test_whatever_page_is_damaged_the_files_come_back(filled: Path, page: int) -> None:
    before = content(filled)
    damaged = bytearray((filled / DATABASE).read_bytes())
    damaged[page * 4096 : page * 4096 + 300] = os.urandom(300)
    (filled / DATABASE).write_bytes(damaged)
    rebuild_catalogue(filled)
    assert content(filled)[:3] == before[:3]


def test_what_cannot_be_read_is_said_and_the_rest_comes_back(filled: Path) -> None:
    (filled / "episodes" / "ep-0.parquet").write_bytes(b"PAR1")
    (filled / "episodes" / "ep-2.parquet").rename(filled / "episodes" / "ep-renamed.parquet")
    (filled / "policies" / "p03" / "record.json").write_text("{")
    (filled / DATABASE).unlink()
    report = rebuild_catalogue(filled)
    assert (report.episodes, report.policies) == (1, 59)
    said = "\n".join(report.problems)
    assert "ep-0.parquet cannot be read" in said
    assert "ep-renamed.parquet holds episode ep-2" in said
    assert "its policy is missing" in said


def test_an_open_window_keeps_its_catalogue(filled: Path) -> None:
    with Workspace.open(filled) as workspace, workspace.hold_window_lock(), pytest.raises(WorkspaceLockedError):
        rebuild_catalogue(filled)


def test_a_newer_workspace_is_not_rebuilt(filled: Path) -> None:
    with Workspace.open(filled) as workspace:
        workspace.query("PRAGMA user_version = 99")
    before = (filled / DATABASE).read_bytes()
    with pytest.raises(WorkspaceVersionError, match="newer version"):
        rebuild_catalogue(filled)
    assert (filled / DATABASE).read_bytes() == before
    assert not (filled / "rebuilding").exists()
