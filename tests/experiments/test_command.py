import json
from pathlib import Path

import pytest

from experiments.__main__ import main
from experiments.results import ResultStore
from experiments.seeds import CHOOSING_SEEDS
from tests.experiments.examples import WrittenDown, result, tiny


@pytest.fixture
def output(tmp_path: Path) -> Path:
    store = ResultStore(tmp_path / "work" / "learning")
    for method in ("bc", "iwr"):
        store.write(result(tiny(method)))
    return tmp_path


def places(folder: Path) -> list[str]:
    return ["--work", str(folder / "work"), "--results", str(folder / "results")]


def test_shows_what_is_there(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learning", "--show", *places(output)]) == 0
    assert "| attentive  | bc " in capsys.readouterr().out
    assert main(["learning", "--show", "--json", *places(output)]) == 0
    assert json.loads(capsys.readouterr().out)["figures"] == str(output / "results" / "learning")


def test_cells_that_are_there_are_not_run_again(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grid = ["--methods", "bc", "iwr", "--seeds", "1", "--rounds", "1", "--episodes", "1", "--evaluate", "1"]
    assert main(["learning", *grid, "--epochs", "1", *places(output)]) == 0
    printed = capsys.readouterr().out
    assert "[" not in printed.split("|")[0]  # no progress line: nothing ran


@pytest.mark.parametrize(
    ("arguments", "seeds"),
    [
        ([], (0, 1, 2)),
        (["--seeds", "2", "--first-seed", "7"], (7, 8)),
        (["--seed-set", "choosing"], CHOOSING_SEEDS),
        (["--seed-set", "reporting", "--seeds", "2"], (100, 101)),
    ],
)
def test_number_of_seeds_counts_in_a_set_as_well(
    arguments: list[str], seeds: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = WrittenDown()
    monkeypatch.setattr("experiments.__main__.LocalEngine", lambda *_: engine)
    assert main(["learning", "--methods", "bc", *arguments, *places(tmp_path)]) == 0
    assert tuple(each.seed for each in engine.asked) == seeds


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--settings", "no"], 1, "--settings is not JSON"),
        (["--supervision", "3"], 1, "expected an object"),
        (["--supervision", '{"patience": 3}'], 1, "patience"),
        (["--scene", "moon"], 1, "moon"),
        (["--methods", "magic"], 2, "magic"),
        (["--rounds", "0"], 2, "above 0"),
        (["--rounds", "2", "--evaluated-after", "3"], 1, "there are 2 rounds"),
        (["--nice", "40"], 2, "0 to 19"),
    ],
)
def test_bad_usage_is_said_in_one_line(
    arguments: list[str], status: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["learning", *arguments, *places(tmp_path)]) == status
    said = capsys.readouterr().err
    assert words in said
    assert status == 2 or said.count("\n") == 1


def test_validation_fills_its_document(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "work" / "validation")
    store.write(result(tiny("iwr")))
    store.write(result(tiny("mile-iwr")))
    document = tmp_path / "document.md"
    sections = ("calibration", "temporal", "calls", "first-minutes", "prediction", "methods", "inaccuracy", "bce")
    document.write_text("\n".join(f"<!-- begin {each} -->\n<!-- end {each} -->" for each in sections), "utf-8")
    assert main(["validation", "--show", *places(tmp_path), "--document", str(document)]) == 0
    text = document.read_text("utf-8")
    assert text.count("Not run yet.") == 7
    assert "| attentive  | mile-iwr | iwr" in text


def test_record_holds_the_cells_of_the_work_folder(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", "learning", *places(output)]) == 0
    assert "holds 2 cells" in capsys.readouterr().out
    record = output / "results" / "learning.jsonl"
    assert len(record.read_text("utf-8").splitlines()) == 2
    # without the work folder the same tables come from the record
    assert main(["learning", "--show", "--results", str(output / "results"), "--work", str(output / "none")]) == 0
    assert "| attentive  | bc " in capsys.readouterr().out


def test_a_fault_of_the_harness_keeps_its_traceback(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise ValueError("a bug")

    monkeypatch.setattr("experiments.__main__.report_learning", broken)
    with pytest.raises(ValueError, match="a bug"):
        main(["learning", "--show", *places(output)])
