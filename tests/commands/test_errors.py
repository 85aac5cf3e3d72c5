"""Bad input is one line and status 1; a fault of the program keeps its traceback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mile_desktop.cli import main
from mile_desktop.commands import evaluate, scenes
from mile_desktop.errors import UserError
from mile_desktop.storage.records import EvaluationRecord
from mile_desktop.storage.workspace import Workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an empty workspace, a file that is no text, and a folder that is not empty."""
    Workspace.open(tmp_path / "workspace").close()
    (tmp_path / "binary").write_bytes(b"\xea\xff\x00")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--settings", '{"hidden": 5}'], "Expected `array`, got `int`"),
        (["train", "--settings", '{"epochs": "many"}'], "Expected `int`, got `str`"),
        (["train", "--settings", '{"epochs": 2.5}'], "$.epochs"),
        (["train", "--settings", '{"epochs": -1}'], "epochs"),
        (["train", "--settings", '{"schedule": "steep"}'], "schedule"),
        (["train", "--settings", "{"], "is not JSON"),
        (["train", "--run-id", "../elsewhere"], "'../elsewhere' is not an id"),
        (["train", "--resume", "../elsewhere"], "'../elsewhere' is not an id"),
        (["train", "--resume", "never"], "never"),
        (["train", "--parent", "expert"], "is a program and not a file"),
        (["compare", "--before", "expert", "--after", "nothing"], "no policy 'nothing'"),
        (["export-policy", "FOLDER/full"], "not empty"),
        (["export-policy", "--policy", "expert", "FOLDER/e.zip"], "is a program and not a file"),
        (["import-policy", "FOLDER/full"], "config.json"),
        (["scorecard", "--episodes", "@FOLDER/binary"], "not a text file"),
        (["scorecard", "--episodes", "@FOLDER/missing"], "cannot be read"),
        (["calibrate", "--model", "FOLDER/full"], "supervise one first"),
        (["scenes", "--new", "Two Words"], "lower-case"),
        (["robot-keys", "FOLDER/binary"], "binary"),
        (["rollout", "--robot", "%%%", "--arm"], "not an address of a robot"),
        (["bundle", "--scene", "nothing"], "no scene 'nothing'"),
        (["promote", "nothing"], "none yet"),
        (["rollback"], "no earlier policy"),
    ],
)
def test_bad_input_is_one_line_and_status_1(
    arguments: list[str], words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [each.replace("FOLDER", str(folder)) for each in arguments]
    assert main([*given, "--workspace", str(folder / "workspace")]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert [line.startswith("mile-desktop: ") for line in error.splitlines()] == [True]


def test_a_fault_of_the_program_passes_with_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> tuple[()]:
        raise ValueError("a bug")

    monkeypatch.setattr(scenes, "scenes", broken)
    with pytest.raises(ValueError, match="a bug"):
        main(["scenes"])


@pytest.mark.parametrize(
    ("raised", "status", "words"),
    [
        (UserError("Found a, expected b.\nDo c."), 1, "mile-desktop: Found a, expected b. Do c.\n"),
        (KeyboardInterrupt(), 130, "mile-desktop: cancelled\n"),
        (
            OSError(28, "No space left on device", "/disk"),
            1,
            "mile-desktop: The disk of /disk is full. Free some space there, then run the command again.\n",
        ),
    ],
)
def test_what_a_person_can_correct_is_one_line(
    raised: BaseException,
    status: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> tuple[()]:
        raise raised

    monkeypatch.setattr(scenes, "scenes", fail)
    assert main(["scenes"]) == status
    assert capsys.readouterr().err == words


def test_a_fault_ends_the_process_with_status_1_and_says_where() -> None:
    program = (
        "import sys; from mile_desktop.cli import main; from mile_desktop.commands import scenes; "
        "scenes.scenes = None; sys.exit(main(['scenes']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "TypeError" in done.stderr


def test_an_evaluation_in_which_every_episode_crashed_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A scene that ends the program in each episode; the policy that ran is reported all the same."""
    reason = "lever/scene.py, line 3, in step: SystemExit"
    crashed = EvaluationRecord("e1", "p1", "lever", "", (), (), 2, crash_seeds=(1, 2), crash_reasons=(reason, ""))
    whole = EvaluationRecord("e2", "p2", "lever", "", (1, 2), (True, False), 0)
    monkeypatch.setattr(evaluate, "evaluate_policies", lambda *_, **__: (crashed, whole))
    words = ["evaluate", "--scene", "lever", "--policy", "p1", "p2", "--episodes", "2", "--json"]
    assert main([*words, "--workspace", str(folder / "workspace")]) == 1
    said = capsys.readouterr()
    assert [json.loads(line)["policy"] for line in said.out.splitlines()] == ["p1", "p2"]
    assert said.err.strip().endswith(f"No episode of p1 could be run to its end: {reason}")
