from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.study.latin_square import balanced_square


@given(st.integers(1, 12))
def test_every_condition_is_equally_often_at_every_place_and_after_every_other(conditions: int) -> None:
    rows = balanced_square(conditions)
    assert len(rows) == conditions * (2 if conditions % 2 and conditions > 1 else 1)
    assert all(sorted(row) == list(range(conditions)) for row in rows)
    for column in zip(*rows, strict=True):
        assert set(Counter(column).values()) == {len(rows) // conditions}
    followers = Counter(pair for row in rows for pair in pairwise(row))
    assert len(followers) == conditions * (conditions - 1)
    assert len(set(followers.values())) <= 1


def test_it_needs_a_condition() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        balanced_square(0)
