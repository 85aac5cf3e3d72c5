"""The gate of a promotion: a comparison grows until a loss is ruled out, and lets few worse policies through."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.evaluation.policies import looks
from mile_desktop.evaluation.statistics import PairedComparison, compare_paired


def gated(before: np.ndarray, after: np.ndarray, first: int = 20) -> PairedComparison:
    """Return the comparison at which the gate ends, as ``compare_policies`` does."""
    for size in looks(first, len(before)):
        paired = compare_paired(before[:size].tolist(), after[:size].tolist())
        if paired.is_decided:
            break
    return paired


def share_used(rate_before: float, rate_after: float, trials: int = 600) -> float:
    """Return how often the gate suggests the new policy; both succeed independently on 100 starts."""
    random = np.random.default_rng(5)
    results = [gated(random.random(100) < rate_before, random.random(100) < rate_after) for _ in range(trials)]
    return sum(each.suggestion == "use" for each in results) / trials


@pytest.mark.parametrize(("before", "after"), [(0.9, 0.75), (0.7, 0.55), (0.5, 0.35)])
def test_a_policy_that_is_worse_by_fifteen_points_hardly_ever_passes(before: float, after: float) -> None:
    assert share_used(before, after) <= 0.05


@pytest.mark.parametrize(("before", "after"), [(0.45, 0.75), (0.7, 0.9)])
def test_a_policy_that_is_clearly_better_passes(before: float, after: float) -> None:
    assert share_used(before, after) >= 0.95


def test_twenty_starts_alone_let_more_worse_policies_through() -> None:
    random = np.random.default_rng(6)
    once = [compare_paired((random.random(20) < 0.7).tolist(), (random.random(20) < 0.55).tolist()) for _ in range(600)]
    assert sum(each.suggestion == "use" for each in once) / 600 > 2 * share_used(0.7, 0.55)


def test_a_decision_ends_a_comparison_early() -> None:
    better = compare_paired([False] * 20, [True] * 12 + [False] * 8)
    assert better.is_decided
    assert better.suggestion == "use"
    worse = compare_paired([True] * 12 + [False] * 8, [False] * 20)
    assert worse.is_decided
    assert worse.suggestion == "keep"
    equal = compare_paired([True] * 10 + [False] * 10, [True] * 10 + [False] * 10)
    assert not equal.is_decided, "twenty equal outcomes do not rule out a loss of ten points"
    assert "still possible" in equal.reason


@given(first=st.integers(1, 60), at_most=st.integers(1, 300))
def test_looks_rise_and_stay_within_what_was_asked_for(first: int, at_most: int) -> None:
    sizes = looks(first, at_most)
    assert list(sizes) == sorted(set(sizes))
    assert sizes[-1] == min(5 * first, at_most)
    assert looks(20, 100) == (20, 50, 100)
    assert looks(20, 20) == (20,)
