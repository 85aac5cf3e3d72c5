import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.statistics import holm, mean_with_interval, paired_difference, sign_flip_p


def test_paired_difference_uses_shared_seeds_only() -> None:
    found = paired_difference({0: 0.5, 1: 0.7, 2: 0.9}, {1: 0.6, 2: 0.7, 5: 0.0})
    assert found is not None
    assert found.seeds == 2
    assert found.mean == pytest.approx(0.15)
    assert paired_difference({0: 1.0}, {1: 1.0}) is None


def test_interval_is_students() -> None:
    found = mean_with_interval([0.0, 0.1, 0.2])
    assert found.mean == pytest.approx(0.1)
    # t(0.975, 2) = 4.303, standard error 0.1/√3
    assert found.interval[1] == pytest.approx(0.1 + 4.3027 * 0.1 / math.sqrt(3), abs=1e-4)


def test_sign_flips_are_counted_exactly() -> None:
    # of 2^5 sign patterns only all plus and all minus are as extreme
    assert sign_flip_p([0.1, 0.2, 0.15, 0.3, 0.05]) == pytest.approx(2 / 32)
    assert sign_flip_p([0.1, -0.1]) == 1.0
    assert sign_flip_p([0.0, 0.0, 0.0]) == 1.0
    assert sign_flip_p([0.1 + 0.01 * seed for seed in range(20)]) < 0.001


def test_holm_on_a_worked_example() -> None:
    # sorted .01 .02 .03 .04 times 4 3 2 1, then made monotone
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx((0.06, 0.04, 0.06, 0.06))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_lowers_a_p_value_and_keeps_the_order(values: list[float]) -> None:
    adjusted = holm(values)
    assert all(before <= after + 1e-12 for before, after in zip(values, adjusted, strict=True))
    assert all(after <= 1 for after in adjusted)
    pairs = sorted(zip(values, adjusted, strict=True))
    assert all(low[1] <= high[1] + 1e-12 for low, high in itertools.pairwise(pairs))
