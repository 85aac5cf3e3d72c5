"""The tables of the calls, made from the committed cells."""

from pathlib import Path

import pytest

from experiments.call_tables import call_cells, call_sections
from experiments.results import CellResult, ResultStore

RECORD = Path(__file__).parents[2] / "experiments" / "results" / "validation.jsonl"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[CellResult]:
    return list(ResultStore(tmp_path_factory.mktemp("no cells"), RECORD).all())


def test_every_supervisor_and_scene_has_its_cells(results: list[CellResult]) -> None:
    cells = call_cells(results)
    assert {cell.supervision.kind for cell, _ in cells} == {
        "attentive", "segment", "probit", "novice", "stall", "tired",
    }  # fmt: skip
    assert {cell.scene for cell, _ in cells} == {"peg-insertion", "button-press", "drawer-open"}
    stalls = [score.stall for _, each in cells for score in each.collecting.scores if score.name == "stall"]
    assert stalls
    assert all(each is not None and each.stalled_rate >= each.other_rate for each in stalls)


def test_the_tables_compare_the_forecast_with_the_best_baseline(results: list[CellResult]) -> None:
    text = call_sections(results)
    assert "| stopwatch " in text
    assert "| stall " in text
    overall = next(line for line in text.splitlines() if line.startswith("| all        | AUROC"))
    assert overall.split("|")[4].strip() == str(len(call_cells(results)))
