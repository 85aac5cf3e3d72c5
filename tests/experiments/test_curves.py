import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.curves import area_under, settings_of
from experiments.learning_cell import LearningPoint
from experiments.statistics import mean_with_interval, paired_difference
from mile_desktop.evaluation.statistics import wilson_interval
from tests.experiments.examples import point, result, tiny


def test_area_of_a_straight_line_and_of_what_is_held() -> None:
    rising = [point(0, 0, "00"), point(1, 100, "11")]
    assert area_under(rising, 100) == pytest.approx(0.5)
    assert area_under(rising, 50) == pytest.approx(0.25)
    assert area_under(rising, 200) == pytest.approx(0.75)


def test_rounds_that_were_not_evaluated_are_passed_over() -> None:
    assert area_under([point(0, 0, "00"), point(1, 10, ""), point(2, 100, "11")], 100) == pytest.approx(0.5)


@given(st.lists(st.tuples(st.integers(0, 200), st.text("01x", min_size=1, max_size=9)), max_size=6), st.floats(0, 1000))
def test_area_is_a_success_rate(rounds: list[tuple[int, str]], budget: float) -> None:
    points: list[LearningPoint] = [point(0, 0, "01")]
    for steps, outcomes in rounds:
        points.append(point(len(points), points[-1].human_steps + steps, outcomes))
    assert -1e-9 <= area_under(points, budget) <= 1 + 1e-9


def test_seeds_are_pooled_and_compared_in_pairs() -> None:
    good = [result(tiny("mile", seed), point(0, 0, "01"), point(1, 100, "11")) for seed in range(3)]
    bad = [result(tiny("iwr", seed), point(0, 0, "01"), point(1, 100, "01")) for seed in range(2)]
    (setting,) = settings_of([*bad, *good])
    assert [each.method for each in setting.curves] == ["mile", "iwr"]
    mile, iwr = setting.curves
    assert mile.seeds == (0, 1, 2)
    assert mile.final == 1.0
    assert mile.final_interval == wilson_interval(6, 6)
    difference = paired_difference(mile.areas, iwr.areas)
    assert difference is not None
    assert difference.seeds == 2
    assert difference.mean == pytest.approx(0.25)


def test_broken_down_episodes_count_neither_way() -> None:
    (setting,) = settings_of([result(tiny(), point(0, 0, "1x"), point(1, 5, "x0"))])
    assert setting.curves[0].success.tolist() == [1.0, 0.0]


def test_one_seed_has_no_interval() -> None:
    alone = mean_with_interval([0.4])
    assert alone.mean == 0.4
    assert alone.interval[0] != alone.interval[0]


def test_only_rounds_that_all_were_evaluated_after_are_compared() -> None:
    often = result(tiny("mile", 0), point(0, 0, "01"), point(1, 50, "00"), point(2, 100, "11"))
    seldom = result(tiny("mile", 1), point(0, 0, "01"), point(1, 50, ""), point(2, 100, "11"))
    (setting,) = settings_of([often, seldom])
    assert setting.curves[0].success.tolist() == [0.5, 1.0]
    assert setting.curves[0].areas == {0: 0.75, 1: 0.75}


def test_results_on_other_starts_get_a_figure_of_their_own() -> None:
    few = result(msgspec.structs.replace(tiny(), evaluate=50), point(0, 0, "01"), point(1, 50, "00"))
    many = result(msgspec.structs.replace(tiny(), evaluate=100), point(0, 0, "01"), point(1, 50, "00"))
    slugs = [setting.slug for setting in settings_of([few, many])]
    assert len(set(slugs)) == 2
    assert slugs[1] == f"{slugs[0]}-100-starts"
