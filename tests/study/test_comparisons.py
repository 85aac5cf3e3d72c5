import numpy as np
import pytest
from scipy import stats

from mile_desktop.study.comparisons import (
    Compared,
    by_condition,
    compare,
    condition_comparisons,
    corrected,
    estimate,
)
from mile_desktop.study.protocol import find_protocol, read_protocol
from mile_desktop.study.tables import Row

PROTOCOL = read_protocol(find_protocol("takeover-prediction"))


def people(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> dict[str, float]:
    return {f"s{number}": float(value) for number, value in enumerate(values)}


def test_a_paired_comparison_is_scipys() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=9), rng.normal(0.8, size=9)
    found = compare("tlx", ("x", "y"), people(a), {**people(b), "extra": 4.0}, planned=True, confidence=0.95)
    test = stats.ttest_rel(b, a)
    assert found.participants == 9
    assert found.p == pytest.approx(test.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(test.confidence_interval(0.95)))
    assert found.p_wilcoxon == pytest.approx(stats.wilcoxon(b, a).pvalue)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_participants_are_not_tested(count: int) -> None:
    values = people(np.arange(count, dtype=np.float64))
    found = compare("tlx", ("x", "y"), values, values, planned=True, confidence=0.95)
    assert found.p is None
    assert estimate("x", values, 0.95).low is None


def test_equal_differences_are_reported_without_a_test() -> None:
    values = people(np.arange(5.0))
    found = compare("tlx", ("x", "y"), values, {who: v + 1 for who, v in values.items()}, planned=True, confidence=0.95)
    assert (found.difference, found.p) == (1.0, None)


def test_holm_is_over_the_tested_ones_of_the_family() -> None:
    def one(p: float | None) -> Compared:
        return Compared(measure="m", first="a", second="b", planned=True, participants=8, difference=1.0, p=p)

    found = corrected([one(0.01), one(None), one(0.03)], 0.05)
    assert [each.p_holm for each in found] == [pytest.approx(0.02), None, pytest.approx(0.03)]
    assert [each.significant for each in found] == [True, False, True]


def test_blocks_of_one_condition_are_averaged_and_missing_values_left_out() -> None:
    rows: list[Row] = [
        {"participant": "s1", "condition": "plain", "tlx": 20.0},
        {"participant": "s1", "condition": "plain", "tlx": 40.0},
        {"participant": "s2", "condition": "plain", "tlx": None},
        {"participant": "s1", "condition": "strip", "tlx": float("nan")},
    ]
    assert by_condition(rows, "tlx") == {"plain": {"s1": 30.0}}


def test_planned_comparisons_are_kept_apart_from_those_looked_at_afterwards() -> None:
    rng = np.random.default_rng(0)
    rows: list[Row] = [
        {"participant": f"s{who}", "condition": each.name, "tlx": float(rng.normal()), "success_per_minute": 1.0}
        for who in range(6)
        for each in PROTOCOL.conditions
    ]
    found = condition_comparisons(PROTOCOL, rows)
    planned = [(each.measure, each.first, each.second) for each in found if each.planned]
    assert planned == [(each.measure, *each.conditions) for each in PROTOCOL.planned]
    assert len(found) - len(planned) == 6 * 6 - len(planned), "one round, so no measure of the last one"
