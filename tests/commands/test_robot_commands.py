"""Wrong usage of ``serve-robot`` and ``robot-keys``, and their output."""

import json
from pathlib import Path

import numpy as np
import pytest

from mile_desktop.cli import main
from mile_desktop.robots.simulated import SimulatedRobot
from mile_desktop.scenes.shift import read_shift
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--bind", "0.0.0.0"], "clear text is not served there"),
        (["--keys", "no-such-folder"], "robot-keys"),
        (["--scene", "nope"], "There is no scene 'nope'"),
    ],
)
def test_what_cannot_be_served_is_said_before_anything_starts(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve-robot", *words]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["--port", "99999"], ["--camera-size", "big"], ["--watchdog", "60"], ["--camera-rate", "0"]]
)
def test_bad_usage_is_bad_usage(words: list[str]) -> None:
    assert main(["serve-robot", *words]) == 2


def test_keys_are_made_shown_and_windows_let_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert main(["robot-keys", "--window", "--json"]) == 0
    window = json.loads(capsys.readouterr().out)["public_key"]
    robot = tmp_path / "robot"
    assert main(["robot-keys", str(robot), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["public_key"]) == 40
    assert main(["robot-keys", str(robot), "--let-in", window, "--name", "ann", "--json"]) == 0
    assert window in (robot / "windows" / "ann.key").read_text()
    assert main(["robot-keys", str(robot), "--let-in", "nonsense"]) == 1
    assert main(["robot-keys"]) == 1


def test_a_robot_that_is_not_armed_is_not_driven(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["rollout", "--robot", "tcp://127.0.0.1:9", "--workspace", str(tmp_path)]) == 1
    assert "add --arm" in capsys.readouterr().err


def test_a_wrong_shift_is_said_before_anything_starts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "worn.toml"
    path.write_text("[physics]\nfriction = -1\n")
    assert main(["serve-robot", "--shift", str(path)]) == 1
    said = capsys.readouterr().err
    assert f"{path}: physics.friction: found -1, expected a number from 0.05 to 20" in said


def test_a_shift_belongs_to_the_side_of_the_stand_in(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = ["rollout", "--robot", "tcp://127.0.0.1:9", "--arm", "--shift", "mild", "--workspace", str(tmp_path)]
    assert main(command) == 1
    assert "serve-robot --shift" in capsys.readouterr().err


def test_a_rollout_under_a_shift_records_which_and_says_what_has_no_effect(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command = ["rollout", "--scene", "lunar-lander", "--shift", "mild", "--workspace", str(tmp_path / "w"), "--json"]
    assert main(command) == 0
    assert "The shift mild names friction, mass, gains, dead_band, which change nothing" in capsys.readouterr().err
    with Workspace.open(tmp_path / "w") as workspace:
        (record,) = Catalogue(workspace).episodes("lunar-lander")
    assert record.start.extra["shift"] == read_shift("mild").label
    assert record.start.extra["shift_ranges"]["delay_steps"] == [1.0, 1.0]


def test_a_shifted_stand_in_says_so_and_moves_late() -> None:
    robot = SimulatedRobot("lunar-lander", shift=read_shift("delayed"))
    usual = SimulatedRobot("lunar-lander")
    try:
        assert robot.describe().shift == read_shift("delayed").label
        assert robot.describe().name.endswith(", delayed shift")
        assert usual.describe().shift == ""
        main_engine = np.array([0, 0, 1, 0], np.float32)
        for each in (robot, usual):
            each.reset(3)
            each.act(main_engine)
        assert not np.array_equal(robot.read_state().scene_state, usual.read_state().scene_state)
    finally:
        robot.close()
        usual.close()
