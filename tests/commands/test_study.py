import json
from pathlib import Path

import pytest

from mile_desktop.cli import main


def test_check_shows_the_order_and_status_begins_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "check", "takeover-prediction", "--json"]) == 0
    checked = json.loads(capsys.readouterr().out)
    assert checked["square"][0] == ["plain", "strip", "strip-calls", "calls"]
    assert checked["episodes"] == 16
    assert main(["study", "new", str(tmp_path / "s"), "--protocol", "takeover-prediction"]) == 0
    assert main(["study", "--json", "status", str(tmp_path / "s")]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["participants"] == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["check", "nothing"], "expected a protocol file or the name of one that ships"),
        (["status", "/nowhere"], "There is no study in /nowhere"),
        (["withdraw", "/nowhere", "P01", "--yes"], "There is no study in /nowhere"),
    ],
)
def test_errors_are_one_line(arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", *arguments]) == 1
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert text in error
