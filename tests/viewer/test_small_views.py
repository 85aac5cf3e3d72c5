from itertools import pairwise

import pytest

from mile_desktop.viewer.small_views import SmallViews


def drawn(cost_s: float, *, count: int = 3, seconds: float = 6.0, moving: bool = True) -> dict[int, list[float]]:
    """Let a scene move for some seconds; return when each small view was drawn."""
    views = SmallViews()
    views.show(tuple("abc"[:count]), (240, 180))
    times: dict[int, list[float]] = {index: [] for index in range(count)}
    now = 0.0
    while now < seconds:
        views.scene_changed()
        if views.due(now):
            index = views.take()
            times[index].append(now)
            views.drew(index, now, cost_s, moving=moving, share=0.6)
            now += cost_s
        now += 0.01
    return times


@pytest.mark.parametrize("cost_s", [0.005, 0.02, 0.06, 0.1])
def test_each_small_view_is_drawn_twice_a_second_while_the_scene_moves(cost_s: float) -> None:
    for times in drawn(cost_s).values():
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert max(gaps) <= 0.5 + 3 * (cost_s + 0.01)


def test_quick_views_do_not_take_more_than_they_need() -> None:
    for times in drawn(0.001).values():
        assert len(times) == pytest.approx(6.0 / 0.3, abs=3)


def test_what_was_drawn_roughly_is_drawn_again_when_the_scene_rests() -> None:
    views = SmallViews()
    views.show(("a", "b"), (240, 180))
    views.scene_changed()
    for now in (0.0, 1.0):
        views.drew(views.take(), now, 0.01, moving=True, share=0.6)
    assert not views.due(9.0)
    views.settled()
    again = [views.take(), views.take()]
    assert again == [0, 1]
    for index in again:
        views.drew(index, 9.0, 0.01, moving=False, share=0.6)
    views.settled()
    assert not views.due(99.0)


def test_other_views_begin_at_once() -> None:
    views = SmallViews()
    views.show(("a",), (240, 180))
    views.scene_changed()
    views.drew(views.take(), 5.0, 10.0, moving=True, share=0.6)
    views.show(("b",), (240, 180))
    views.scene_changed()
    assert views.due(0.0)
