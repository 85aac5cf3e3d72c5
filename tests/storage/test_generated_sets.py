"""Sets of generated episodes: whole or not there, seen by no query of the catalogue, removed as a set."""

import pytest

from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.errors import UnknownRecordError, WorkspaceError
from mile_desktop.storage.generated_sets import (
    GeneratedSet,
    generated_sets,
    read_set,
    remove_set,
    set_folder,
    write_set,
)
from mile_desktop.storage.rebuild import rebuild_catalogue
from mile_desktop.storage.records import Episode
from mile_desktop.storage.steps import stack, summarise
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_start, some_steps


def an_episode(name: str) -> Episode:
    steps = some_steps([False, True, True, False])
    return stack(summarise(a_start(name), steps, "success"), steps)


def written(workspace: Workspace, set_id: str = "run-1") -> tuple[Episode, ...]:
    """Write a set of two episodes and return them."""
    episodes = tuple(an_episode(f"gen-{number}") for number in range(2))
    described = GeneratedSet(
        set_id=set_id, scene="peg-insertion", policy_id="p", model_id="m", randomisation="usual 00", created_at="2026",
        first_seed=5_000_000, tried=3, episodes=2, steps=8, takeovers=2, corrected_steps=4,
    )  # fmt: skip
    write_set(workspace, described, episodes)
    return episodes


def test_a_set_is_read_as_it_was_written_and_no_query_sees_it(workspace: Workspace) -> None:
    episodes = written(workspace)
    assert [each.record for each in read_set(workspace, "run-1")] == [each.record for each in episodes]
    assert [each.set_id for each in generated_sets(workspace, "peg-insertion")] == ["run-1"]
    assert generated_sets(workspace, "pick-place") == ()
    assert Catalogue(workspace).episodes(include_deleted=True) == ()
    assert Catalogue(workspace).learning_summary("peg-insertion").human_steps == 0


def test_a_rebuilt_catalogue_does_not_take_generated_episodes_for_recorded_ones(workspace: Workspace) -> None:
    written(workspace)
    folder = workspace.folder
    workspace.close()
    (folder / "workspace.db").unlink()
    rebuild_catalogue(folder)
    with Workspace.open(folder) as again:
        assert Catalogue(again).episodes(include_deleted=True) == ()
        assert len(generated_sets(again)) == 1


def test_a_set_is_removed_as_a_whole(workspace: Workspace) -> None:
    written(workspace)
    written(workspace, "run-2")
    remove_set(workspace, "run-1")
    assert [each.set_id for each in generated_sets(workspace)] == ["run-2"]
    with pytest.raises(UnknownRecordError, match="no set of generated episodes run-1; the workspace has run-2"):
        remove_set(workspace, "run-1")


def test_a_run_that_was_killed_leaves_no_set(workspace: Workspace) -> None:
    part = set_folder(workspace, "run-1").with_name("run-1.part")
    part.mkdir(parents=True)
    (part / "set.json").write_text("{}")
    assert generated_sets(workspace) == ()


def test_a_damaged_description_names_its_file(workspace: Workspace) -> None:
    written(workspace)
    (set_folder(workspace, "run-1") / "set.json").write_text("no")
    with pytest.raises(WorkspaceError, match=r"set\.json does not describe a set of generated episodes"):
        generated_sets(workspace)
