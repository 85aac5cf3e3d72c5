"""``promote``, ``rollback`` and ``policies``: what a headless run does with the policies it trained."""

import json
import shutil
from pathlib import Path

import pytest

from mile_desktop.cli import main
from mile_desktop.registry.bundled import adopt_bundled
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.ids import now
from mile_desktop.storage.records import EvaluationRecord
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_policy

PEG = "peg-insertion"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with the bundled policy, v1 that was trained from it, and v2 from that."""
    with Workspace.open(tmp_path / "workspace") as workspace:
        bundled = adopt_bundled(workspace, PEG)
        catalogue = Catalogue(workspace)
        for number, parent in ((1, bundled), (2, "p1")):
            shutil.copytree(workspace.policy_folder(bundled), workspace.policy_folder(f"p{number}"))
            catalogue.add_policy(a_policy(f"p{number}", name=f"v{number}", parent_id=parent))
        for seeds, outcomes in (((1, 2), (False, True)), ((2, 3), (True, True))):
            catalogue.add_evaluation(
                EvaluationRecord(f"e{seeds[0]}", "p1", PEG, now(), seeds=seeds, outcomes=outcomes, crashes=0)
            )
    return tmp_path / "workspace"


class CommandLine:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *words: str, as_json: bool = True) -> tuple[int, str, str]:
        status = main([*words, "--workspace", str(self.folder), *(["--json"] if as_json else [])])
        captured = self._capsys.readouterr()
        return status, captured.out, captured.err

    def promoted(self) -> str | None:
        with Workspace.open(self.folder) as workspace:
            return Catalogue(workspace).promoted(PEG)


@pytest.fixture
def command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(folder, capsys)


def test_a_policy_is_promoted_by_its_id_or_its_name_and_only_once(command_line: CommandLine) -> None:
    status, said, _ = command_line("promote", "p1")
    assert status == 0
    assert json.loads(said) == {"scene": PEG, "policy": "p1", "name": "v1", "changed": True}
    assert json.loads(command_line("promote", "v1", "--scene", PEG)[1])["changed"] is False
    assert "was promoted already" in command_line("promote", "p1", as_json=False)[1]
    assert command_line.promoted() == "p1"


def test_rollback_promotes_the_one_before(command_line: CommandLine) -> None:
    command_line("promote", "p1")
    command_line("promote", "p2")
    status, said, _ = command_line("rollback")
    assert (status, json.loads(said)["policy"]) == (0, "p1")
    assert command_line.promoted() == "p1"


def test_what_cannot_be_promoted_is_an_error_that_names_the_choices(command_line: CommandLine) -> None:
    status, said, error = command_line("promote", "v9")
    assert (status, said) == (1, "")
    assert "no policy 'v9'" in error
    assert "p1 (v1)" in error
    assert "none yet" in command_line("promote", "p1", "--scene", "lunar-lander")[2]
    assert "no earlier policy of peg-insertion" in command_line("rollback")[2]
    assert command_line.promoted() is None


def test_a_name_that_two_policies_have_asks_for_the_id(command_line: CommandLine) -> None:
    with Workspace.open(command_line.folder) as workspace:
        Catalogue(workspace).add_policy(a_policy("p9", name="v1", scene="lunar-lander"))
    status, _, error = command_line("promote", "v1")
    assert status == 1
    assert "p9 (lunar-lander)" in error


def test_a_damaged_policy_is_not_promoted(command_line: CommandLine) -> None:
    (command_line.folder / "policies" / "p1" / "model.safetensors").write_bytes(b"damaged")
    status, _, error = command_line("promote", "p1")
    assert status == 1
    assert "model.safetensors" in error
    assert command_line.promoted() is None


def test_policies_are_listed_below_their_parents_with_their_newest_results(command_line: CommandLine) -> None:
    command_line("promote", "p1")
    status, said, _ = command_line("policies")
    first, second, third = (json.loads(line) for line in said.splitlines())
    assert status == 0
    assert [each["name"] for each in (first, second, third)] == ["v0", "v1", "v2"]
    assert (second["parent"], third["parent"]) == (first["policy"], "p1")
    assert [each["promoted"] for each in (first, second, third)] == [False, True, False]
    assert (second["evaluated"], second["successes"]) == (3, 2)
    assert third["interval"] is None
    text = command_line("policies", as_json=False)[1]
    assert "2 of 3 succeeded" in text
    assert "    v2" in text


def test_archived_policies_are_listed_on_request(command_line: CommandLine) -> None:
    with Workspace.open(command_line.folder) as workspace:
        Catalogue(workspace).archive_policy("p1")
    assert len(command_line("policies")[1].splitlines()) == 2
    assert len(command_line("policies", "--archived")[1].splitlines()) == 3
    assert "no policy of lunar-lander" in command_line("policies", "--scene", "lunar-lander", as_json=False)[1]
