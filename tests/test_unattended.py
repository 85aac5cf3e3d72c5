"""The window with no display: runs by itself, and tells by its exit status whether all of it happened."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QImage

from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.doctor import doctor
from mile_desktop.storage.workspace import Workspace

MAIN = Path(__file__).parents[1] / "main.py"
DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
SCENE = "peg-insertion"


def run_unattended(output: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in DISPLAYS}
    command = [sys.executable, str(MAIN), "--output", str(output), *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=110)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, "subprocess.CompletedProcess[str]"]:
    output = tmp_path_factory.mktemp("unattended") / "out"
    return output, run_unattended(
        output, "--rounds", "1", "--episodes", "2", "--starts", "1", "--epochs", "4", "--operator", "attentive"
    )


Ran = tuple[Path, "subprocess.CompletedProcess[str]"]


def summary(output: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((output / "summary.json").read_text())
    return content


def test_it_says_so_runs_and_succeeds(ran: Ran) -> None:
    _, done = ran
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("No display: the same window runs offscreen")
    assert "Round 1: success before" in done.stdout


def test_what_it_tells_is_what_the_workspace_holds(ran: Ran) -> None:
    output, done = ran
    told = summary(output)
    with Workspace.open(output / "workspace", create=False) as workspace:
        catalogue = Catalogue(workspace)
        episodes = catalogue.episodes(SCENE)
        policies = {policy.policy_id for policy in catalogue.policies(SCENE)}
        promoted = catalogue.promoted(SCENE)
        (run,) = catalogue.runs()
        checked = doctor(workspace)
    assert told["problems"] == []
    assert {each.start.operator for each in episodes} == {"attentive"}
    assert checked.problems == ()
    assert told["episodes"] == len(episodes) == 2
    assert told["steps"] == sum(each.steps for each in episodes)
    assert told["takeovers"] == sum(each.takeovers for each in episodes) > 0
    assert told["human_steps"] == sum(each.human_steps for each in episodes)
    assert f"{told['episodes']} episodes, {told['steps']} steps, {told['takeovers']} takeovers" in done.stdout
    (first,) = told["rounds"]
    assert {first["before_policy"], first["after_policy"]} == policies
    assert run.state == "finished"
    assert promoted == (first["after_policy"] if first["suggestion"] == "use" else first["before_policy"])


def test_its_pictures_show_something(ran: Ran) -> None:
    output, _ = ran
    names = summary(output)["screenshots"]
    assert {"round-1-autonomous.png", "round-1-result.png", "page-policies.png"} <= set(names)
    for name in names:
        picture = QImage(str(output / name)).convertToFormat(QImage.Format.Format_RGB888)
        assert (picture.width(), picture.height()) == (1440, 900)
        pixels = np.frombuffer(picture.constBits(), np.uint8)
        assert len(np.unique(pixels)) > 50, f"{name} is blank"


def test_it_fails_when_something_is_missing(tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    done = run_unattended(tmp_path / "out", "--policy", str(tmp_path / "policy"), "--episodes", "1")
    assert done.returncode == 1
    assert "Not every step happened." in done.stdout
    assert summary(tmp_path / "out")["problems"]
