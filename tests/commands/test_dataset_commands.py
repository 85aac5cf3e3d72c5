import json
from pathlib import Path

import pytest

from mile_desktop.cli import main
from mile_desktop.paths import bundled_demonstrations
from mile_desktop.storage.adoption import add_episodes
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.episodes import read_episode_file
from mile_desktop.storage.workspace import Workspace

PEG = "peg-insertion"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a workspace with two of the demonstrations that ship."""
    files = sorted(bundled_demonstrations(PEG).glob("*.parquet"))[:2]
    with Workspace.open(tmp_path / "workspace") as workspace:
        add_episodes(workspace, map(read_episode_file, files))
    return tmp_path / "workspace"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_data_set_goes_out_and_comes_back(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = str(tmp_path / "set")
    assert main(["export-dataset", "--json", "--workspace", str(workspace), target]) == 0
    *steps, result = lines(capsys)
    assert steps
    assert all(0 <= step["progress"] <= 1 for step in steps)  # type: ignore[operator]
    assert (result["episodes"], result["target"]) == (2, target)
    features = json.loads((tmp_path / "set" / "meta" / "info.json").read_text())["features"]
    assert features["observation.state"]["names"][0] == "end effector x @ t-3 (m)"

    other = str(tmp_path / "other")
    assert main(["import-dataset", "--json", "--workspace", other, target]) == 0
    assert lines(capsys)[-1]["demonstrations"] == 2
    with Workspace.open(other) as found:
        assert [each.outcome for each in Catalogue(found).episodes(PEG)] == ["success", "success"]
    assert main(["import-dataset", "--workspace", other, "--scene", "lunar-lander", target]) == 1
    assert "52 observation entries, lunar-lander has 8; choose another scene." in capsys.readouterr().err


def test_an_existing_folder_is_refused_in_one_sentence(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine.txt").touch()
    assert main(["export-dataset", "--workspace", str(workspace), "--force", str(tmp_path / "set")]) == 1
    assert "was not written by an earlier export, so it is not replaced" in capsys.readouterr().err
    assert main(["import-dataset", "--workspace", str(workspace), str(tmp_path / "nothing")]) == 1
    assert "There is nothing at" in capsys.readouterr().err
