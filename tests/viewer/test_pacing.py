import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.viewer.draw_rate import CORE_SHARE, MAX_RATE_HZ, MOVING_RATE_HZ, DrawRate


def draw_for(pacer: DrawRate, full_cost_s: float, seconds: float) -> tuple[int, float]:
    """Draw whenever due on a fake clock; return how many pictures and how much processor time."""
    now, pictures, spent_s = 100.0, 0, 0.0
    while now < 100.0 + seconds:
        if pacer.due(now):
            scale = pacer.scale
            cost_s = full_cost_s * scale**2
            pacer.drew(now, cost_s, scale)
            pictures, spent_s = pictures + 1, spent_s + cost_s
        now += 0.001
    return pictures, spent_s


def test_the_first_picture_is_drawn_at_once_and_in_full() -> None:
    pacer = DrawRate()
    assert pacer.due(0.0)
    assert pacer.scale == 1.0


@given(st.floats(0.001, 0.5))
def test_a_core_is_left_to_control(full_cost_s: float) -> None:
    pictures, spent_s = draw_for(DrawRate(), full_cost_s, 10.0)
    assert spent_s <= (CORE_SHARE + 0.05) * 10.0 + full_cost_s
    assert pictures <= MAX_RATE_HZ * 10.0 + 1


@pytest.mark.parametrize("full_cost_s", [0.005, 0.02, 0.04, 0.08, 0.11])
def test_motion_stays_fluent_at_the_price_of_size(full_cost_s: float) -> None:
    pacer = DrawRate()
    draw_for(pacer, full_cost_s, 2.0)
    pictures, _ = draw_for(DrawRate(), full_cost_s, 10.0)
    assert pictures >= 0.9 * min(MOVING_RATE_HZ, MAX_RATE_HZ) * 10.0
    assert 0.5 <= pacer.scale <= 1.0


def test_a_cheap_picture_is_never_made_coarse() -> None:
    pacer = DrawRate()
    draw_for(pacer, 0.02, 5.0)
    assert pacer.scale == 1.0


def test_other_work_counts() -> None:
    pacer = DrawRate()
    pacer.spent(10.0, 0.06)
    assert not pacer.due(10.05)
    assert pacer.due(10.0 + 0.06 / CORE_SHARE)


def test_what_a_picture_costs_is_forgotten_with_its_size() -> None:
    pacer = DrawRate()
    pacer.drew(0.0, 1.0, 1.0)
    assert pacer.scale == 0.5
    pacer.forget()
    assert pacer.scale == 1.0
