from pathlib import Path

import msgspec

from experiments.__main__ import main
from experiments.control_tables import rivals_table
from experiments.curves import settings_of
from experiments.learning_cell import LearningCell, run_learning
from experiments.reproduction import reproduction_grid
from experiments.results import ResultStore
from experiments.starts import Start
from tests.experiments.examples import point, result, tiny


def test_methods_that_learn_from_decisions_are_told_the_true_cost_and_scale() -> None:
    cells = reproduction_grid(["lunar-lander"], 2, ("mile-paper", "bc"))
    mile, bc = (each for each in cells[:2] if isinstance(each, LearningCell))
    assert (mile.training["cost"], mile.training["cdf_scale"]) == (2.0, 0.8)
    assert "cost" not in bc.training
    assert mile.supervision == bc.supervision
    assert mile.supervision.mental_model == "initial"
    assert mile.settings().mental_model == "published"
    assert not mile.keeps_demonstrations
    assert len(cells) == 4


def test_trainings_without_demonstrations_go_on_from_the_policy_that_ran() -> None:
    # one update with a tiny step: new weights would be far away
    still = msgspec.structs.replace(
        tiny("bc", scene="button-press"),
        training={"method": "bc", "epochs": 1, "learning_rate": 1e-9, "warm_start": False},
        keeps_demonstrations=False,
        evaluate=2,
    )
    before, after = run_learning(still).points
    assert after.outcomes == before.outcomes


def test_report_has_the_pairs_and_fills_its_section(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "work" / "reproduction")
    for cell in reproduction_grid(["lunar-lander"], 3, ("mile-paper", "hg-dagger")):
        assert isinstance(cell, LearningCell)
        good = cell.method == "mile-paper"
        store.write(result(cell, point(0, 0, "01"), point(2, 10, "11" if good else "01"), point(6, 20, "11")))
    document = tmp_path / "document.md"
    document.write_text("<!-- begin reproduction -->\n<!-- end reproduction -->", "utf-8")
    places = ["--work", str(tmp_path / "work"), "--results", str(tmp_path / "results"), "--document", str(document)]
    assert main(["reproduction", "--show", *places]) == 0
    text = document.read_text("utf-8")
    assert "no demonstrations in training" in text
    assert "| mile-paper | hg-dagger | 3 " in text
    assert ".svg)" in text


def test_rivals_are_compared_in_the_same_settings_only() -> None:
    started = [msgspec.structs.replace(tiny(each), start=Start(1)) for each in ("mile-calm", "iwr")]
    bundled = [tiny(each) for each in ("mile-calm", "sirius")]
    settings = settings_of([result(each) for each in (*started, *bundled)])
    assert [each.own_start for each in settings] == [False, True]
    own = rivals_table([each for each in settings if each.own_start], "mile-calm")
    assert "iwr" in own
    assert "sirius" not in own
    assert rivals_table([], "mile-calm") == ""
