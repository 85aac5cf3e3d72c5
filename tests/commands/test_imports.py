"""The command line starts without importing what the asked-for command does not use."""

import subprocess
import sys
from pathlib import Path

import pytest

from mile_desktop.cli import COMMANDS
from mile_desktop.commands.command import Command

_HEAVY = ("torch", "pybullet", "PySide6", "scipy", "pyarrow", "sklearn", "pygame", "cv2", "av", "gymnasium")
_PROGRAM = """
import sys
from mile_desktop.cli import main
status = main(sys.argv[2:])
print("imported:", *sorted(set(sys.argv[1].split(",")) & set(sys.modules)))
sys.exit(status)
"""


def imported(*arguments: str) -> tuple[int, list[str]]:
    """Run the command line in a fresh process; return its status and which heavy modules it imported."""
    command = [sys.executable, "-c", _PROGRAM, ",".join(_HEAVY), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [line for line in done.stdout.splitlines() if line.startswith("imported:")]
    assert said, done.stderr
    return done.returncode, said[-1].split()[1:]


@pytest.mark.parametrize(
    ("arguments", "status"), [(["--help"], 0), (["--version"], 0), (["rolout"], 2), (["train", "--epoch"], 2)]
)
def test_help_version_and_mistakes_import_nothing_heavy(arguments: list[str], status: int) -> None:
    assert imported(*arguments) == (status, [])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_help_of_a_command_does_not_import_what_it_runs_with(command: Command) -> None:
    assert imported(command.name, "--help") == (0, [])


def test_a_run_imports_no_qt_and_no_more_than_it_needs(tmp_path: Path) -> None:
    status, found = imported("policies", "--workspace", str(tmp_path / "missing"))
    assert status == 1
    assert found == ["pyarrow"]


def test_what_runs_after_every_episode_does_not_wait_for_torch() -> None:
    """It takes 1.7 s of a processor that the robot, the view and the window share."""
    code = "import mile_desktop.commands.check_data, sys; print(*sorted(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "pyarrow" in found
    assert not {"torch", "scipy", "sklearn", "PySide6", "pybullet"} & set(found)


def test_the_processes_of_a_robot_start_without_the_libraries_that_only_scores_need() -> None:
    code = "import mile_desktop.rollout.worker, mile_desktop.evaluation.worker, sys; print(*sorted(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "torch" in found
    assert not {"sklearn", "pandas", "matplotlib", "PySide6", "cv2", "av"} & set(found)
