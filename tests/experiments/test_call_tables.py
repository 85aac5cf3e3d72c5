"""The tables of the calls, made from the committed cells."""

from pathlib import Path

import msgspec
import pytest

from experiments.call_tables import call_cells, call_sections, first_minutes_table
from experiments.results import CellResult, ResultStore, cell_key
from experiments.starts import Start

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


def test_first_minutes_stand_in_a_table_of_their_own(results: list[CellResult]) -> None:
    cell, outcome = call_cells(results)[0]
    assert first_minutes_table(each for each in results if each.cell == cell) == ""
    first = msgspec.structs.replace(cell, start=Start(demonstrations=1), episodes=4)
    assert cell_key(first) != cell_key(cell)
    started = [msgspec.structs.replace(results[0], cell=first, result=outcome)]
    assert call_cells(started) == []
    (row,) = first_minutes_table(started).splitlines()[2:]
    forecast = next(each.auroc for each in outcome.collecting.scores if each.name == "forecast")
    assert row.split("|")[1:4] == [f" {cell.scene} ", " 4        ", " 1     "]
    assert f" {forecast:.2f} " in row
