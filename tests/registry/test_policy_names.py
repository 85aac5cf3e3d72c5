from pathlib import Path

import pytest

from mile_desktop.registry.policies import UnknownPolicyError, policy_folder
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_policy


def test_a_policy_is_found_by_the_name_that_the_window_shows(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "workspace") as workspace:
        _find_by_name(workspace)


def _find_by_name(workspace: Workspace) -> None:
    catalogue = Catalogue(workspace)
    catalogue.add_policy(a_policy("p1", name="v7"))
    assert policy_folder(workspace, "peg-insertion", "v7") == workspace.policy_folder("p1")
    catalogue.add_policy(a_policy("p2", name="v7"))
    with pytest.raises(UnknownPolicyError, match="2 policies are called v7; use an id: p1, p2"):
        policy_folder(workspace, "peg-insertion", "v7")
    with pytest.raises(UnknownPolicyError, match="There is no policy 'v8'"):
        policy_folder(workspace, "peg-insertion", "v8")
