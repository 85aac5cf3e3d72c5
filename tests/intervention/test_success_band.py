import numpy as np
import pytest

from mile_desktop.arrays import Float64Array
from mile_desktop.intervention.success_band import FEWEST_SUCCESSES, SuccessBand, fit_success_band


def _courses(count: int, seed: int, *, lift: float = 0.0) -> list[Float64Array]:
    """Courses that rise in the middle of the episode, as near a difficult place; of different lengths."""
    random = np.random.default_rng(seed)
    courses = []
    for _ in range(count):
        steps = np.arange(random.integers(60, 90))
        odds = -3 + 2 * np.exp(-(((steps - 40) / 8) ** 2)) + 0.4 * random.standard_normal() + lift * (steps > 20)
        courses.append(1 / (1 + np.exp(-odds)))
    return courses


def _band(count: int = 40, seed: int = 0) -> SuccessBand:
    band = fit_success_band(_courses(count, seed), policy_id="p", model_mark="m", number="forecast")
    assert band is not None
    return band


def _leaves(band: SuccessBand, course: Float64Array) -> bool:
    return any(value > band.edge(step) for step, value in enumerate(course.tolist()))


def test_few_further_successes_leave_the_band_and_most_failures_do() -> None:
    """The promise: at most a tenth. Over many bands, because one band may have bad luck."""
    left = [_leaves(_band(seed=seed), each) for seed in range(8) for each in _courses(20, 1000 + seed)]
    assert np.mean(left) < 0.13
    assert np.mean([_leaves(_band(), each) for each in _courses(50, 7, lift=3.0)]) > 0.9


def test_the_edge_follows_the_course() -> None:
    band = _band()
    assert band.edge(40) > 2 * band.edge(5)
    assert band.edge(10_000) == band.edge(len(band.course) - 1)


@pytest.mark.parametrize(("count", "share"), [(6, 0.25), (10, 1 / 6), (18, 0.1), (40, 0.1)])
def test_few_successes_promise_less(count: int, share: float) -> None:
    assert _band(count).share == pytest.approx(share)


def test_too_few_successes_make_no_band() -> None:
    assert fit_success_band(_courses(FEWEST_SUCCESSES - 1, 0), policy_id="p", model_mark="m", number="p") is None


def test_how_unusual_a_value_is() -> None:
    band = _band()
    assert band.below(10, 0.99) == 1.0
    assert band.below(10, 1e-4) == 0.0
