import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from mile_desktop.evaluation.statistics import compare_paired, exact_mcnemar, wilson_interval

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS)
def test_wilson_agrees_with_scipy(counts: tuple[int, int]) -> None:
    successes, episodes = counts
    expected = binomtest(successes, episodes).proportion_ci(method="wilson")
    assert wilson_interval(successes, episodes) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_no_episodes_say_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "episodes"), [(3, 2), (-1, 2)])
def test_contradicting_counts_are_refused(successes: int, episodes: int) -> None:
    with pytest.raises(ValueError, match="successes must lie between"):
        wilson_interval(successes, episodes)


def test_a_loss_suggests_keeping_the_old_policy() -> None:
    comparison = compare_paired([True, True, False, True], [True, False, False, True])
    assert comparison.suggestion == "keep"
    assert comparison.difference == -0.25
    assert "worse" in comparison.reason


def test_no_loss_suggests_the_new_policy_and_says_when_it_is_unsure() -> None:
    comparison = compare_paired([True, False], [True, True])
    assert comparison.suggestion == "use"
    assert "No loss was seen" in comparison.reason


def test_a_clear_gain_is_called_one() -> None:
    comparison = compare_paired([False] * 30, [True] * 25 + [False] * 5)
    assert comparison.difference_interval[0] > 0
    assert "better" in comparison.reason


def test_nothing_to_compare_on_keeps_the_old_policy() -> None:
    assert compare_paired([], []).suggestion == "keep"


def test_outcomes_of_different_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="same seeds"):
        compare_paired([True], [])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=80))
def test_the_paired_interval_is_ordered_and_mirrors(pairs: list[tuple[bool, bool]]) -> None:
    before, after = [b for b, _ in pairs], [a for _, a in pairs]
    there, back = compare_paired(before, after), compare_paired(after, before)
    low, high = there.difference_interval
    assert -1 <= low <= high <= 1
    assert math.isclose(low, -back.difference_interval[1], abs_tol=1e-12)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_sign_test_of_scipy(gained: int, lost: int) -> None:
    expected = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert exact_mcnemar(gained, lost) == pytest.approx(expected, abs=1e-12)


def test_seeds_on_which_both_agree_say_nothing() -> None:
    few = compare_paired([True, False, False], [True, True, True])
    many = compare_paired([True, False, False, *[True] * 50], [True, True, True, *[True] * 50])
    assert (few.gained, few.lost) == (many.gained, many.lost) == (2, 0)
    assert few.p_value == many.p_value == 0.5


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        exact_mcnemar(-1, 2)
