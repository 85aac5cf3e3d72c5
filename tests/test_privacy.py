"""What the program writes can be read by this account only, unless the person chose otherwise."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

from mile_desktop.cli import main
from mile_desktop.privacy import private_files
from mile_desktop.storage.workspace import Workspace

OTHERS = 0o077


@pytest.fixture(autouse=True)
def usual_mask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    return [str(path) for path in (folder, *folder.rglob("*")) if path.lstat().st_mode & OTHERS]


def test_a_new_workspace_and_everything_in_it_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    common = ["--workspace", str(folder), "--json"]
    assert main(["rollout", "--operator", "segment", "--episodes", "2", *common]) == 0
    settings = '{"ensemble": 2, "hidden": [8], "fit_epochs": 1, "takeover_trial": 0}'
    assert main(["train", "--method", "bc", "--epochs", "1", "--settings", settings, *common]) == 0
    assert {path.suffix for path in folder.rglob("*")} >= {".db", ".parquet", ".safetensors", ".json", ".jsonl"}
    assert open_to_others(folder) == []
    assert os.umask(0o022) == 0o022, "the caller's own rights are as before"


def test_the_programs_own_folders_of_an_earlier_version_are_closed(tmp_path: Path) -> None:
    data = platformdirs.user_data_path("mile-desktop")
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o755)
    with private_files():
        assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_a_workspace_that_a_group_shares_stays_shared(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o2775)
    os.umask(0o002)
    assert main(["rollout", "--episodes", "1", "--workspace", str(folder), "--json"]) == 0
    modes = {stat.S_IMODE(path.stat().st_mode) & 0o060 for path in folder.rglob("*.parquet")}
    assert modes == {0o060}


@pytest.mark.parametrize("name", ["v0.zip", "v0"])
def test_an_export_has_the_accounts_own_rights(tmp_path: Path, name: str) -> None:
    assert main(["export-policy", str(tmp_path / name), "--workspace", str(tmp_path / "w"), "--json"]) == 0
    target = tmp_path / name
    files = [target, *target.iterdir()] if target.is_dir() else [target]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} <= {0o755, 0o644}


def unattended(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    command = [sys.executable, str(Path(__file__).parents[1] / "main.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_a_workspace_that_no_run_has_made_is_not_deleted(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "workspace") as workspace:
        mine = workspace.folder / "episodes" / "mine.txt"
        mine.write_text("kept")
    done = unattended("--unattended", "--output", str(tmp_path))
    assert done.returncode == 1
    assert "holds workspace, which no unattended run has made; nothing was deleted" in done.stderr
    assert mine.read_text() == "kept"


def test_a_run_without_a_display_does_not_ignore_the_workspace(tmp_path: Path) -> None:
    done = unattended("--unattended", "--workspace", str(tmp_path / "w"), "--output", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "leave --workspace out" in done.stderr
    assert not (tmp_path / "out").exists()
