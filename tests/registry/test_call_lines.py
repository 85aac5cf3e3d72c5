"""Which episodes the curve of calls is counted on."""

from pathlib import Path

import pytest

from mile_desktop.registry import call_lines
from mile_desktop.storage.records import CALLED_BY
from mile_desktop.storage.workspace import Workspace
from tests.interchange.conftest import record

CALM, TAKEN_OVER = (False, False, False), (False, False, True)


def test_the_newest_episodes_count_and_the_newest_of_them_says_which_number_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_lines, "NEWEST_EPISODES", 2)
    with Workspace.open(tmp_path / "workspace") as workspace:
        recorded = ((TAKEN_OVER, "p"), (TAKEN_OVER, "p"), (CALM, "p"), (CALM, "forecast"))
        for day, (human, called_by) in enumerate(recorded, start=1):
            started = f"2026-03-0{day}T10:00:00+00:00"
            record(workspace, human, started_at=started, extra={CALLED_BY: called_by})
        curve, number = call_lines.recorded_call_curve(workspace, "peg-insertion")
    assert curve.takeovers == 0
    assert number == "forecast"
