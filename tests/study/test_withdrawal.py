"""A withdrawal leaves nothing of a participant, in no file and in no free page of the database."""

from pathlib import Path

import pytest

from mile_desktop.cli import main
from mile_desktop.storage.catalogue import Catalogue, delete_episode
from mile_desktop.storage.generated_sets import every_set, put_set_aside
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.session import labels_of
from mile_desktop.study.withdrawal import withdraw
from tests.storage.generated_examples import write_example
from tests.storage.samples import a_policy


def ids_of(folder: Path, code: str) -> list[str]:
    with Workspace.open(folder, create=False) as workspace:
        records = Catalogue(workspace).episodes(include_deleted=True)
        return [each.episode_id for each in records if labels_of(each)["participant"] == code]


def files_with(folder: Path, text: str) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_everything_recorded_of_a_participant_is_erased_for_good(copied: Path) -> None:
    theirs, others = ids_of(copied, "P01"), ids_of(copied, "P02")
    study = StudyFolder(copied)
    (copied / "forecasts" / "bundled").mkdir()
    (copied / "analysis").mkdir()
    (copied / "analysis" / "report.html").write_text("everybody")
    # A retraining that was cancelled has left a network, and no policy leads to it.
    for run, learned in (("run-cancelled", theirs[0]), ("run-others", others[0])):
        (copied / "runs" / run / "checkpoint").mkdir(parents=True)
        (copied / "runs" / run / "config.json").write_text(f'{{"episode_ids": ["{learned}"]}}')
    with Workspace.open(copied, create=False) as workspace:
        delete_episode(workspace, theirs[0])  # also what is in the bin
        (copied / "edits" / f"{theirs[1]}.json").write_text("{}")
        done = withdraw(study, workspace, "P01")
    assert done.episodes == len(theirs) >= 5
    for identity in theirs:
        assert not list(copied.rglob(f"*{identity}*"))
        assert not files_with(copied, identity)
    assert not files_with(copied, '"P01"')
    assert [each.name for each in (copied / "runs").iterdir()] == ["run-others"]
    assert not (copied / "analysis").exists()
    assert not list((copied / "forecasts").iterdir())
    file = study.participants()
    assert [each.code for each in file.participants] == ["P02"]
    assert file.withdrawn == 1
    assert ids_of(copied, "P02") == others
    assert "exports" in done.remaining[0]


def test_what_was_generated_by_a_model_of_the_participant_is_erased_with_them(copied: Path) -> None:
    theirs, others = ids_of(copied, "P01"), ids_of(copied, "P02")
    with Workspace.open(copied, create=False) as workspace:
        catalogue = Catalogue(workspace)
        catalogue.add_policy(a_policy("p-theirs", episode_ids=tuple(theirs[:2])))
        catalogue.add_policy(a_policy("p-others", episode_ids=tuple(others[:2])))
        # run-1 was driven by their policy; another policy learned from it, and drove in run-2.
        write_example(workspace, "run-1", policy_id="p-theirs")
        catalogue.add_policy(a_policy("p-next", name="v3", settings={"learned": {"generated_sets": ["run-1"]}}))
        write_example(workspace, "run-2", policy_id="p-next")
        write_example(workspace, "run-3", policy_id="p-others")
        put_set_aside(workspace, "run-1")
        withdraw(StudyFolder(copied), workspace, "P01")
        assert [each.set_id for each in every_set(workspace)] == ["run-3"]
        assert {each.policy_id for each in catalogue.policies()} & {"p-theirs", "p-next", "p-others"} == {"p-others"}
    assert not [path for name in ("run-1", "run-2", "p-next") for path in copied.rglob(f"*{name}*")]


def test_the_command_asks_first_and_the_status_counts_it(
    copied: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["study", "withdraw", str(copied), "P02", "--json"]) == 1
    assert "Nothing was erased" in capsys.readouterr().err
    assert main(["study", "withdraw", str(copied), "P02", "--yes"]) == 0
    assert "P02 has withdrawn" in capsys.readouterr().out
    assert main(["study", "status", str(copied)]) == 0
    assert "1 participant, 1 finished, 1 withdrew." in capsys.readouterr().out


def test_an_open_window_keeps_the_command_from_erasing(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace.open(copied, create=False) as workspace, workspace.hold_window_lock():
        assert main(["study", "withdraw", str(copied), "P02", "--yes"]) == 1
    assert "open in another window" in capsys.readouterr().err
    assert StudyFolder(copied).participants().withdrawn == 0
