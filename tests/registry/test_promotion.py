from collections.abc import Iterator
from pathlib import Path

import pytest

from mile_desktop.registry.promotion import PromotionError, previous_policy, promote, roll_back
from mile_desktop.storage.catalogue import Catalogue
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
    assert promote(catalogue, PEG, "p1")
    assert catalogue.promoted(PEG) == "p1"
    assert not promote(catalogue, PEG, "p1")
    assert len(catalogue.promotion_history(PEG)) == 1


@pytest.mark.parametrize("accepted", ["expert", "/somewhere/a-folder", "lander"])
def test_what_the_workspace_does_not_know_for_this_scene_is_not_promoted(catalogue: Catalogue, accepted: str) -> None:
    assert not promote(catalogue, PEG, accepted)
    assert catalogue.promoted(PEG) is None


def test_rolling_back_promotes_the_one_before_and_keeps_the_history(catalogue: Catalogue) -> None:
    for name in ("p1", "p2", "p3"):
        promote(catalogue, PEG, name)
    assert roll_back(catalogue, PEG) == "p2"
    assert catalogue.promoted(PEG) == "p2"
    assert roll_back(catalogue, PEG) == "p3"
    assert [each.policy_id for each in catalogue.promotion_history(PEG)] == ["p1", "p2", "p3", "p2", "p3"]


def test_there_is_nothing_to_roll_back_to_before_a_second_promotion(catalogue: Catalogue) -> None:
    with pytest.raises(PromotionError, match="no earlier policy of peg-insertion"):
        roll_back(catalogue, PEG)
    promote(catalogue, PEG, "p1")
    assert previous_policy(catalogue, PEG) is None
    with pytest.raises(PromotionError, match="mile-desktop policies"):
        roll_back(catalogue, PEG)
