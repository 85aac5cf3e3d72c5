import pytest

from mile_desktop.storage.browse import read_rows
from mile_desktop.storage.catalogue import Catalogue, delete_episode, restore_episode
from mile_desktop.storage.doctor import doctor
from mile_desktop.storage.edit_store import edit_episode, edit_history
from mile_desktop.storage.edits import Annotate, ChangeTags, MarkStretch, NameOperator, Relabel, Trim, Withdraw, encoded
from mile_desktop.storage.episodes import read_episode, read_recording
from mile_desktop.storage.errors import EditError, UnknownEpisodeError
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.rebuild import rebuild_catalogue
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_start, some_steps


@pytest.fixture
def recorded(workspace: Workspace) -> Workspace:
    journal = EpisodeJournal(workspace)
    for name in ("ep-1", "ep-2"):
        journal.begin(a_start(name))
        for step in some_steps([False, False, True, True, False, False]):
            journal.append(step)
        journal.close("failure")
    return workspace


def test_the_catalogue_and_every_reader_honour_edits(recorded: Workspace) -> None:
    edit_episode(recorded, "ep-1", Relabel("success"))
    edit_episode(recorded, "ep-1", MarkStretch(2, 3, False))
    edit_episode(recorded, "ep-1", Trim(1, 4))
    record = Catalogue(recorded).episode("ep-1")
    assert (record.outcome, record.steps, record.takeovers, record.human_steps) == ("success", 4, 0, 0)
    assert read_episode(recorded, "ep-1").record == record
    summary = Catalogue(recorded).learning_summary("peg-insertion")
    assert (summary.steps, summary.takeovers) == (10, 1)
    assert read_recording(recorded, "ep-1").record.steps == 6
    assert doctor(recorded).problems == ()


def test_undoing_brings_the_recording_back(recorded: Workspace) -> None:
    before = Catalogue(recorded).episode("ep-1")
    edit_episode(recorded, "ep-1", Relabel("success"))
    edit_episode(recorded, "ep-1", Withdraw(1))
    assert Catalogue(recorded).episode("ep-1") == before
    assert len(edit_history(recorded, "ep-1").edits) == 2
    assert read_rows(recorded, ["ep-1"])["ep-1"].edits == 0, "the table does not mark it as edited any more"
    with pytest.raises(EditError, match="no edit 7 to take back"):
        edit_episode(recorded, "ep-1", Withdraw(7))


def test_an_edit_that_does_not_fit_changes_nothing(recorded: Workspace) -> None:
    with pytest.raises(EditError):
        edit_episode(recorded, "ep-1", Trim(3, 60))
    with pytest.raises(UnknownEpisodeError):
        edit_episode(recorded, "ep-9", Annotate("who?"))
    assert edit_history(recorded, "ep-1").edits == ()
    assert not recorded.edits_path("ep-1").exists()


def test_edits_follow_an_episode_through_the_bin(recorded: Workspace) -> None:
    edit_episode(recorded, "ep-1", Trim(0, 2))
    delete_episode(recorded, "ep-1")
    edit_episode(recorded, "ep-1", Annotate("binned"))
    assert restore_episode(recorded, "ep-1").steps == 3
    assert edit_history(recorded, "ep-1").note == "binned"


def test_a_rebuilt_catalogue_knows_the_edits(recorded: Workspace) -> None:
    edit_episode(recorded, "ep-1", Relabel("success"))
    edit_episode(recorded, "ep-2", Annotate("look"))
    recorded.close()
    assert rebuild_catalogue(recorded.folder).problems == ()
    with Workspace.open(recorded.folder) as again:
        assert Catalogue(again).episode("ep-1").outcome == "success"
        assert again.query("SELECT note, edits FROM episode_detail WHERE episode_id = 'ep-2'")[0][0] == "look"
        assert doctor(again).problems == ()


def test_killed_between_file_and_row_the_file_wins(recorded: Workspace) -> None:
    history = edit_history(recorded, "ep-1").grown(Relabel("success"), "")
    recorded.edits_path("ep-1").write_bytes(encoded(history))
    recover(recorded)
    assert Catalogue(recorded).episode("ep-1").outcome == "success"


def test_the_doctor_sees_edits_that_cannot_be_read_and_strays(recorded: Workspace) -> None:
    recorded.edits_path("ep-1").write_bytes(b"{")
    recorded.edits_path("ep-9").write_bytes(b"{}")
    problems = doctor(recorded).problems
    assert any("cannot be read as edits" in each for each in problems)
    assert any("ep-9.json belongs to no episode" in each for each in problems)
    recover(recorded)  # says so in the log and goes on


def test_tags_and_the_operator_are_in_the_catalogue_after_a_rebuild_too(recorded: Workspace) -> None:
    edit_episode(recorded, "ep-1", ChangeTags(add=("slip", "hard")))
    edit_episode(recorded, "ep-1", NameOperator("Anna"))
    before = Catalogue(recorded).episode("ep-1")
    assert (before.tags, before.start.operator_name, before.outcome) == (("hard", "slip"), "Anna", "failure")
    assert read_episode(recorded, "ep-1").record == before
    folder = recorded.folder
    recorded.close()
    rebuild_catalogue(folder)
    with Workspace.open(folder) as again:
        assert Catalogue(again).episode("ep-1") == before
        assert Catalogue(again).episode("ep-2").tags == ()
