"""A whole session through the real window, offscreen, as the command runs it; and what keeps it from starting."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mile_desktop.cli import main
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.session import labels_of
from tests.study.conftest import SHORT


def test_a_session_runs_through_the_window_and_no_other_one(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(SHORT, encoding="utf-8")
    earlier = StudyFolder.create(tmp_path / "s", str(tmp_path / "p.toml"))
    for _ in range(2):  # an earlier call for two participants was interrupted
        earlier.add_participant(simulated=True)
    command = [sys.executable, "-m", "mile_desktop", "study", "simulate", "--protocol", str(tmp_path / "p.toml")]
    command += ["--participants", "1", "--output", str(tmp_path / "s"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    end = json.loads(done.stdout.splitlines()[-1])
    assert (end["participants"], end["finished"], end["episodes"]) == (1, 1, 4)
    study = StudyFolder(tmp_path / "s")
    person, other = study.participants().participants
    assert (other.stage, other.done) == ("new", ())
    with Workspace.open(study.folder, create=False) as workspace:
        records = Catalogue(workspace).episodes()
        promoted = Catalogue(workspace).promotion_history("button-press")
    # Everything that was recorded carries the participant, and nothing was recorded beside it.
    assert {labels_of(each)["participant"] for each in records} == {person.code}
    counted = [each for each in records if labels_of(each)["step"] != "practice"]
    assert [(labels_of(each)["condition"], each.start.seed) for each in counted] == [
        *(("off", 11), ("off", 12), ("on", 21), ("on", 22)),
    ]
    assert [each.episode_id for each in person.episodes] == [each.episode_id for each in counted]
    assert len(person.answers) == 3
    assert len(promoted) <= 1  # of free supervision before the session; a study promotes nothing
    assert not list((study.folder / "forecasts").iterdir())  # no forecast learned from one person for the next


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--protocol", "nothing"], "expected a protocol file or the name of one that ships"),
        (["--population", "/nowhere.toml"], "/nowhere.toml: found no readable file"),
    ],
)
def test_mistakes_are_reported_before_a_folder_is_made(
    arguments: list[str], text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", "simulate", "--output", str(tmp_path / "s"), *arguments]) == 1
    assert text in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_a_study_with_people_is_not_simulated_into(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    StudyFolder.create(tmp_path / "s", "takeover-prediction").add_participant()
    assert main(["study", "simulate", "--output", str(tmp_path / "s")]) == 1
    assert "holds a study with people" in capsys.readouterr().err


def test_a_study_that_is_open_in_a_window_is_not_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = StudyFolder.create(tmp_path / "s", "takeover-prediction")
    with Workspace.open(study.folder) as workspace, workspace.hold_window_lock():
        assert main(["study", "simulate", "--output", str(study.folder)]) == 1
    assert "open in another window" in capsys.readouterr().err
