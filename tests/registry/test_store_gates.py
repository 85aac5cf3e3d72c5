"""Gates of the stored things × ways to ask: the store decides, however it is asked and how often."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mile_desktop.cli import main
from mile_desktop.registry.promotion import promote, roll_back
from mile_desktop.storage.catalogue import Catalogue, delete_episode
from mile_desktop.storage.edit_store import edit_episode
from mile_desktop.storage.edits import Relabel
from mile_desktop.storage.errors import PolicyInUseError, UnknownEpisodeError, UnknownRecordError, WorkspaceError
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_policy, a_start, a_step

PEG = "peg-insertion"
OPEN = "ep-open"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Two policies of which p1 is in use, one of another scene, and an episode that is being recorded."""
    workspace = Workspace.open(tmp_path / "workspace")
    catalogue = Catalogue(workspace)
    for number in (1, 2):
        catalogue.add_policy(a_policy(f"p{number}", name=f"v{number}"))
    catalogue.add_policy(a_policy("other", name="v1", scene="lunar-lander"))
    promote(catalogue, PEG, "p1")
    journal = EpisodeJournal(workspace)
    journal.begin(a_start(OPEN))
    journal.append(a_step(0))
    return workspace


Ask = Callable[[Workspace], object]
REFUSED: dict[str, tuple[Ask, type[WorkspaceError]]] = {
    "archive what is in use": (lambda w: Catalogue(w).archive_policy("p1"), PolicyInUseError),
    "promote in another scene": (lambda w: Catalogue(w).promote("lunar-lander", "p1"), UnknownRecordError),
    "promote what is not there": (lambda w: Catalogue(w).promote(PEG, "p9"), UnknownRecordError),
    "archive what is not there": (lambda w: Catalogue(w).archive_policy("p9"), UnknownRecordError),
    "delete an episode that is recorded": (lambda w: delete_episode(w, OPEN), UnknownEpisodeError),
    "edit an episode that is recorded": (lambda w: edit_episode(w, OPEN, Relabel("success")), UnknownEpisodeError),
}


@pytest.mark.parametrize("again", [1, 2])
@pytest.mark.parametrize("other_window", [False, True])
@pytest.mark.parametrize("gate", REFUSED)
def test_the_store_refuses_once_and_twice_and_for_another_window(
    workspace: Workspace, gate: str, other_window: bool, again: int
) -> None:
    ask, error = REFUSED[gate]
    asked = Workspace.open(workspace.folder) if other_window else workspace
    for _ in range(again):
        with pytest.raises(error):
            ask(asked)
    catalogue = Catalogue(workspace)
    assert catalogue.promoted(PEG) == "p1"
    assert catalogue.promoted("lunar-lander") is None
    assert not catalogue.policy("p1").archived
    assert catalogue.promotion_history(PEG)[-1].policy_id == "p1"
    assert workspace.query("SELECT count(*) FROM journal")[0][0] == 1
    if other_window:
        asked.close()
    workspace.close()


@pytest.mark.parametrize("words", [("promote", "p9"), ("promote", "p1", "--scene", "lunar-lander"), ("rollback",)])
def test_no_command_passes_these_gates(workspace: Workspace, words: tuple[str, ...]) -> None:
    workspace.close()
    assert main([*words, "--workspace", str(workspace.folder)]) != 0
    with Workspace.open(workspace.folder) as opened:
        assert Catalogue(opened).promoted(PEG) == "p1"


def test_promoting_twice_is_one_promotion(workspace: Workspace) -> None:
    catalogue = Catalogue(workspace)
    assert promote(catalogue, PEG, "p2").promoted
    assert not promote(catalogue, PEG, "p2").promoted
    assert [each.policy_id for each in catalogue.promotion_history(PEG)] == ["p1", "p2"]
    with pytest.raises(PolicyInUseError, match="v2 is in use"):
        catalogue.archive_policy("p2")
    assert roll_back(catalogue, PEG)[0] == "p1"
    assert catalogue.archive_policy("p2").archived, "it is free again"
    workspace.close()
