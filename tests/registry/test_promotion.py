from collections.abc import Iterator
from pathlib import Path

import pytest

from mile_desktop.registry.promotion import PromotionError, previous_policy, promote, roll_back
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.tables import POLICIES, RECORD_FILE
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_policy

PEG = "peg-insertion"


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Workspace.open(tmp_path / "workspace") as workspace:
        found = Catalogue(workspace)
        for name in ("p1", "p2", "p3"):
            found.add_policy(a_policy(name))
        found.add_policy(a_policy("lander", scene="lunar-lander"))
        yield found


def test_an_accepted_policy_of_the_workspace_is_promoted_once(catalogue: Catalogue) -> None:
    assert promote(catalogue, PEG, "p1").promoted
    assert catalogue.promoted(PEG) == "p1"
    assert not promote(catalogue, PEG, "p1").promoted
    assert len(catalogue.promotion_history(PEG)) == 1


@pytest.mark.parametrize("accepted", ["expert", "/somewhere/a-folder", "lander"])
def test_what_the_workspace_does_not_know_for_this_scene_is_not_promoted(catalogue: Catalogue, accepted: str) -> None:
    assert not promote(catalogue, PEG, accepted).promoted
    assert catalogue.promoted(PEG) is None


def test_rolling_back_promotes_the_one_before_and_keeps_the_history(catalogue: Catalogue) -> None:
    for name in ("p1", "p2", "p3"):
        promote(catalogue, PEG, name)
    assert roll_back(catalogue, PEG)[0] == "p2"
    assert catalogue.promoted(PEG) == "p2"
    assert roll_back(catalogue, PEG)[0] == "p3"
    assert [each.policy_id for each in catalogue.promotion_history(PEG)] == ["p1", "p2", "p3", "p2", "p3"]


def test_there_is_nothing_to_roll_back_to_before_a_second_promotion(catalogue: Catalogue) -> None:
    with pytest.raises(PromotionError, match="no earlier policy of peg-insertion"):
        roll_back(catalogue, PEG)
    promote(catalogue, PEG, "p1")
    assert previous_policy(catalogue, PEG) is None
    with pytest.raises(PromotionError, match="mile-desktop policies"):
        roll_back(catalogue, PEG)


@pytest.mark.parametrize("way", ["promote", "roll back", "promoted before it was archived"])
def test_an_archived_policy_that_runs_comes_out_of_the_archive(catalogue: Catalogue, way: str) -> None:
    if way == "roll back":
        promote(catalogue, PEG, "p1")
        promote(catalogue, PEG, "p2")
    catalogue.archive_policy("p1")
    if way == "promoted before it was archived":  # by an earlier version, which did not refuse it
        catalogue.promote(PEG, "p1")
        POLICIES.update(catalogue._workspace, "p1", archived=True)
    accepted = roll_back(catalogue, PEG)[1] if way == "roll back" else promote(catalogue, PEG, "p1")
    assert accepted.unarchived == "v1 was archived. It is not archived any more, because it runs in peg-insertion now."
    assert catalogue.promoted(PEG) == "p1"
    assert not catalogue.policy("p1").archived
    record = POLICIES.read_file(catalogue._workspace.policy_folder("p1") / RECORD_FILE)
    assert not record.archived, "a rebuild of the catalogue reads this file"


def test_a_policy_that_is_not_archived_needs_no_sentence(catalogue: Catalogue) -> None:
    assert not promote(catalogue, PEG, "p1").unarchived
