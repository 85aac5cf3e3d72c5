import numpy as np
import pytest

from mile_desktop.intervention.fit import FittedModel
from mile_desktop.intervention.forecast_level import CALL_LINE, CALLED_SHARE, FEWEST_SUCCESSES, with_level


def test_few_further_successes_are_called_at_the_default_line(fitted: FittedModel) -> None:
    """The promise, over many sets of successes whose numbers have nothing to do with the default line."""
    forecast = fitted.model.forecast
    assert forecast is not None
    random, line = np.random.default_rng(0), np.log(CALL_LINE / (1 - CALL_LINE))
    called = []
    for _ in range(60):
        known, fresh = (random.normal(-4, 2, (30, 1)) + random.normal(0, 0.5, (30, 50)) for _ in range(2))
        config = with_level(forecast.config, known.ravel(), np.repeat(np.arange(30), 50))
        shifted = fresh + config.bias - forecast.config.bias
        lasted = np.lib.stride_tricks.sliding_window_view(shifted, 3, axis=1).min(2).max(1)
        called.append((lasted >= line).mean())
    assert np.mean(called) == pytest.approx(CALLED_SHARE, abs=0.03)


def test_too_few_successes_change_nothing(fitted: FittedModel) -> None:
    forecast = fitted.model.forecast
    assert forecast is not None
    few = FEWEST_SUCCESSES - 1
    assert with_level(forecast.config, np.zeros(few * 5), np.repeat(np.arange(few), 5)) is forecast.config


def test_a_single_step_that_jumps_is_no_call(fitted: FittedModel) -> None:
    forecast = fitted.model.forecast
    assert forecast is not None
    calm = np.full((FEWEST_SUCCESSES, 20), -3.0)
    jumpy = calm.copy()
    jumpy[:, 10] = 9.0
    names = np.repeat(np.arange(FEWEST_SUCCESSES), 20)
    assert with_level(forecast.config, jumpy.ravel(), names) == with_level(forecast.config, calm.ravel(), names)
