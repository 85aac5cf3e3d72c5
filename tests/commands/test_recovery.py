"""A command sees the episodes of a killed process: it recovers them first, and says so."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mile_desktop.cli import main
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.spill import UnwrittenEpisode, write_spill
from mile_desktop.storage.steps import encode
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_start, a_step

DEAD = "UPDATE journal SET pid = 0x3fffffff, process = ''"

COMMANDS = (
    ["rollout", "--operator", "segment"],
    ["train"],
    ["policies"],
    ["promote", "nothing"],
    ["rollback"],
    ["evaluate", "--episodes", "1"],
    ["compare", "--before", "initial", "--after", "nothing"],
    ["calibrate"],
    ["predict"],
    ["forecast"],
    ["scorecard"],
    ["export-policy", "PLACE/v0.zip"],
    ["import-policy", "PLACE/nothing.zip"],
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with an episode of three steps that a dead process left open."""
    place = tmp_path / "workspace"
    with Workspace.open(place) as workspace:
        journal = EpisodeJournal(workspace)
        journal.begin(a_start("ep-left"))
        journal.append(a_step(0), a_step(1), a_step(2))
        workspace.query(DEAD)
    return place


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda each: each[0])
def test_every_command_recovers_first_and_says_so(
    arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [each.replace("PLACE", str(folder.parent)) for each in arguments]
    main([*given, "--json", "--workspace", str(folder)])
    printed = capsys.readouterr()
    assert printed.err.splitlines()[0] == (
        "mile-desktop: Episode ep-left was left open by a killed process; its 3 steps were recovered."
    )
    for line in printed.out.splitlines():
        json.loads(line)  # programs still read nothing but the result
    with Workspace.open(folder) as workspace:
        assert Catalogue(workspace).episode("ep-left").recovered
        assert not workspace.query("SELECT * FROM journal")


def test_a_command_of_a_window_leaves_it_to_the_window(folder: Path) -> None:
    command = [sys.executable, "-m", "mile_desktop", "threshold", "--background", "--json", "--workspace", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # a process: its priority is lowered
    assert "ep-left" not in done.stderr
    with Workspace.open(folder) as workspace:
        assert workspace.query("SELECT * FROM journal")


def test_a_living_process_keeps_its_episode(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace.open(folder) as workspace:
        journal = EpisodeJournal(workspace)
        journal.begin(a_start("ep-living"))
        journal.append(a_step(0))
        main(["policies", "--workspace", str(folder)])
        journal.append(a_step(1))
        record = journal.close("success")
    assert record is not None
    assert record.steps == 2
    assert "ep-living" not in capsys.readouterr().err


def test_a_living_process_keeps_its_file_of_unwritten_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "workspace"
    Workspace.open(folder).close()
    path = write_spill(folder, [UnwrittenEpisode(a_start("ep-spilt"), [(0, encode(a_step(0)))])])
    content = path.read_bytes()
    assert main(["policies", "--workspace", str(folder)]) == 0
    assert path.read_bytes() == content  # this process lives: its file stays


def test_what_cannot_be_recovered_is_said_and_the_command_goes_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Workspace.open(folder) as workspace:
        workspace.query("UPDATE journal SET start = '{'")
    assert main(["policies", "--workspace", str(folder)]) == 0
    error = capsys.readouterr().err
    assert "cannot be made an episode; they are kept in" in error
