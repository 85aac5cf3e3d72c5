from pathlib import Path

import msgspec
import pytest

from experiments.__main__ import main
from experiments.learning_cell import LearningCell, LearningPoint
from experiments.one_demonstration import Minutes, one_demonstration_grid, report_one_demonstration
from experiments.results import CellResult, ResultStore
from experiments.seeds import REPORTING_SEEDS
from tests.experiments.examples import result


def curve(cell: LearningCell, *rounds: tuple[float, str]) -> CellResult:
    points = [
        LearningPoint(round=number, watching_s=40 * minutes, driving_s=20 * minutes, outcomes=outcomes)
        for number, (minutes, outcomes) in enumerate(rounds)
    ]
    return result(cell, *points)


def cells(seeds: int) -> list[LearningCell]:
    found = one_demonstration_grid(["button-press"], seeds, "attentive")
    return [each for each in found if isinstance(each, LearningCell)]


def test_minutes_are_those_of_the_first_evaluation_that_is_good_enough() -> None:
    seed = Minutes(0, (0.0, 0.5, 1.0, 1.5), (0.1, 0.96, 0.9, 0.98), 60.0)
    assert seed.reached() == 0.5
    assert not seed.held
    assert Minutes(0, (0.0, 1.0), (0.1, 0.9), 60.0).reached() is None
    assert Minutes(0, (0.0, 1.0, 2.0), (0.1, 1.0, 1.0), 60.0).held


def test_table_counts_seeds_that_never_get_there_as_latest(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "work")
    fast, slow, never = cells(3)
    store.write(curve(fast, (0, "0001"), (0.5, "1111"), (0.9, "1111")))
    store.write(curve(slow, (0, "0001"), (0.5, "0111"), (1.5, "1111")))
    store.write(curve(never, (0, "0001"), (0.5, "0001"), (3.0, "0011")))
    text = report_one_demonstration(store, tmp_path / "figures")
    assert "2 of 3" in text
    assert "1 of 3" in text
    assert "1.5 [1.5, not reached]" in text
    assert (tmp_path / "figures" / "attentive.svg").read_text("utf-8").count("<path") > 3


def test_default_is_compared_with_the_one_before_on_the_same_seeds(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "work")
    first, second = cells(2)
    store.write(curve(first, (0, "00"), (0.5, "11"), (0.9, "11")))
    store.write(curve(second, (0, "00"), (0.5, "01"), (0.9, "11"), (1.2, "11")))
    assert "pairs" not in report_one_demonstration(store, tmp_path / "figures")
    store.write(curve(msgspec.structs.replace(first, method="mile-calm"), (0, "00"), (0.5, "01"), (0.9, "01")))
    assert "pairs" not in report_one_demonstration(store, tmp_path / "figures"), "one pair has no interval"
    store.write(curve(msgspec.structs.replace(second, method="mile-calm"), (0, "00"), (0.5, "01"), (0.9, "11")))
    text = report_one_demonstration(store, tmp_path / "figures")
    assert "mean success over 6 rounds: +0.250" in text
    assert "over 2 pairs" in text
    assert "ahead in 1, behind in 0" in text
    assert Minutes(0, (0.0, 0.5, 0.9), (0.0, 0.5, 1.0), 1.0).area == pytest.approx(5.5 / 6)


def test_cells_are_reporting_seeds_from_one_demonstration() -> None:
    found = cells(10)
    assert [each.seed for each in found] == list(REPORTING_SEEDS[:10])
    assert {each.start.demonstrations for each in found} == {1}
    assert {each.until for each in found} == {0.95}


def test_command_shows_and_fills_its_section(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = ["--work", str(tmp_path / "work"), "--results", str(tmp_path / "results")]
    assert main(["one-demonstration", "--show", *places]) == 0
    assert "Not run yet." in capsys.readouterr().out
    cell = msgspec.structs.replace(cells(1)[0], rounds=1)
    ResultStore(tmp_path / "work" / "one-demonstration").write(curve(cell, (0, "01"), (1, "11")))
    document = tmp_path / "document.md"
    document.write_text("<!-- begin one-demonstration -->\n<!-- end one-demonstration -->", "utf-8")
    assert main(["one-demonstration", "--show", *places, "--document", str(document)]) == 0
    assert "results/one-demonstration/attentive.svg" in document.read_text("utf-8")
