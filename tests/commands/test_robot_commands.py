"""Wrong usage of ``serve-robot`` and ``robot-keys``, and their output."""

import json
from pathlib import Path

import pytest

from mile_desktop.cli import main


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
