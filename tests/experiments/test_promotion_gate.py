from pathlib import Path

import msgspec
import pytest

from experiments.promotion_gate import GateTrial, gate_table, gate_trials, is_promoted, report_gate
from experiments.results import ResultStore
from tests.experiments.examples import point, result, tiny


def pairs(both: int, gained: int, lost: int) -> list[tuple[bool, bool]]:
    return [(False, True)] * gained + [(True, False)] * lost + [(True, True)] * both


def test_gate_follows_the_windows_rule() -> None:
    assert is_promoted(pairs(both=20, gained=20, lost=10))
    assert not is_promoted(pairs(both=20, gained=10, lost=20))


def test_gate_ends_at_the_first_look_that_decides() -> None:
    # Twenty clear gains decide; the thirty losses behind them are not looked at.
    assert is_promoted(pairs(both=0, gained=20, lost=30))


def test_each_half_of_the_starts_decides_once() -> None:
    good_then_bad = "1" * 50 + "0" * 50
    trials = gate_trials([result(tiny(), point(0, 0, "0" * 50 + "1" * 50), point(1, 5, good_then_bad))])
    assert [(each.promoted, each.difference) for each in trials] == [(True, -1.0), (False, 1.0)]
    assert [each.is_worse for each in trials] == [True, False]
    assert GateTrial("peg", True, 0.9 - 1.0).is_worse, "exactly the loss that counts"


def test_short_evaluations_and_policies_that_stay_are_left_out() -> None:
    curve = (point(0, 0, "0" * 100), point(1, 5, "1" * 100))
    stays = msgspec.structs.replace(tiny("no-retraining"), training={"method": "bc"}, arm="no-retraining")
    assert gate_trials([result(stays, *curve), result(tiny(), point(0, 0, "01"), point(1, 5, "11"))]) == ()
    assert len(gate_trials([result(tiny(), *curve, point(2, 6, ""), point(3, 7, "1" * 100))])) == 4


def test_crashed_starts_say_nothing() -> None:
    trials = gate_trials([result(tiny(), point(0, 0, "x" * 60 + "0" * 60), point(1, 5, "0" * 60 + "1" * 60))])
    assert [each.difference for each in trials] == [1.0, 1.0]


def test_table_counts_what_passed(tmp_path: Path) -> None:
    text = gate_table([GateTrial("peg", True, 0.2), GateTrial("peg", True, -0.1), GateTrial("peg", False, -0.3)])
    assert "| suggested *Use*  | 2      | +0.050          | 1                    | 50.0   |" in text
    assert "| suggested *Keep* | 1      | −0.300          | 1                    | 100.0  |" in text
    assert "| without a gate   | 3      | −0.067          | 2                    | 66.7   |" in text
    document = tmp_path / "page.md"
    document.write_text("<!-- begin gate -->\n<!-- end gate -->\n", "utf-8")
    assert "No curve" in report_gate([ResultStore(tmp_path)], document)
    assert "No curve" in document.read_text("utf-8")


@pytest.mark.parametrize("size", [2, 19, 20, 21, 50])
def test_any_number_of_starts_is_decided(size: int) -> None:
    assert is_promoted([(False, True)] * size)
