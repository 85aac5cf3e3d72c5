from dataclasses import replace

import numpy as np
import pytest
import torch

from mile_desktop.intervention.calibration import Calibration, calibrate
from mile_desktop.intervention.cost_fit import (
    CalibrationError,
    RecordedDecisions,
    Threshold,
    fit_cost_and_scale,
    standard_error_of_cost,
)
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.fit import FitSettings, FittedModel, fit_intervention_model
from mile_desktop.intervention.strata import supervised_episodes
from mile_desktop.intervention.temporal import fit_temporal
from tests.intervention.test_forecast_targets import alone, joined
from tests.intervention.toy import recorded

FOUND = Calibration(
    cost=5.0, cdf_scale=3.0, cost_error=0.5, cost_before=6.0, cdf_scale_before=2.0, steps=900, takeover_steps=170,
    held_out_share=1.0, observed_rate=0.19, predicted_rate_before=0.1, predicted_rate=0.19,
    log_likelihood_before=-0.6, log_likelihood=-0.4, auroc_before=0.81, auroc=0.82, p_low=0.02, p_high=0.7,
)  # fmt: skip


def drawn(cost: float, scale: float, *, count: int = 4000, dimensions: int = 4, seed: int = 0) -> RecordedDecisions:
    """Draw ν from the model itself."""
    random = np.random.default_rng(seed)
    distances = random.gamma(2.0, 3.0, count)
    noise = random.gamma(dimensions / 2, size=count) + scale * random.standard_normal(count)
    return RecordedDecisions(
        distances=torch.from_numpy(distances[None]),
        asked=torch.ones(1, count, dtype=torch.bool),
        intervention=torch.from_numpy(distances - cost > noise),
        threshold_loss=dimensions,
        episode=torch.arange(count) // 100,
    )


@pytest.mark.parametrize(("cost", "scale"), [(2.0, 2.0), (6.0, 0.5), (0.0, 4.0)])
def test_recovers_the_cost_and_scale_that_were_used(cost: float, scale: float) -> None:
    decisions = drawn(cost, scale)
    found = fit_cost_and_scale(decisions, start=Threshold(20.0, 10.0))
    error = standard_error_of_cost(decisions, *found)
    assert found[0] == pytest.approx(cost, abs=4 * error)
    assert 0 < error < 0.4
    assert found[1] == pytest.approx(scale, rel=0.25)


def test_standard_error_agrees_with_the_spread_of_repeated_calibrations() -> None:
    repeats = [drawn(3.0, 1.5, count=1000, seed=seed) for seed in range(25)]
    found = [fit_cost_and_scale(each, start=Threshold(3.0, 1.5)) for each in repeats]
    stated = np.mean([standard_error_of_cost(each, *at) for each, at in zip(repeats, found, strict=True)])
    assert stated == pytest.approx(np.std([cost for cost, _ in found]), rel=0.5)


def test_separable_decisions_do_not_drive_the_scale_out_of_bounds() -> None:
    decisions = drawn(3.0, 1.0, count=40)
    split = decisions.distances[0] > 6
    separable = replace(decisions, intervention=split)
    cost, scale = fit_cost_and_scale(separable, start=Threshold(2.0, 2.0))
    assert 0.02 <= scale < 5
    assert np.isfinite(cost)


def test_calibrating_a_model_predicts_the_observed_rate_and_is_likelier(fitted: FittedModel) -> None:
    other = recorded(12, demonstrations=0, seed=20)
    off = fitted.model.with_config(cost=fitted.model.config.cost + 9, cdf_scale=4.0)
    model, found = calibrate(off, other)
    assert found.log_likelihood > found.log_likelihood_before
    assert abs(found.predicted_rate - found.observed_rate) < 0.02
    assert abs(found.predicted_rate_before - found.observed_rate) > 0.02
    assert (model.config.cost, model.config.cdf_scale) == (found.cost, found.cdf_scale)
    assert found.steps == len(other)
    assert found.takeover_steps == int(other.intervention.sum())
    assert found.held_out_share == 1.0


def test_says_why_it_cannot_calibrate(fitted: FittedModel, steps: SupervisedSteps) -> None:
    calm = drawn(3.0, 1.0, count=10)
    never, always = torch.zeros(10, dtype=torch.bool), torch.ones(10, dtype=torch.bool)
    with pytest.raises(CalibrationError, match="no takeover in these 10 steps"):
        replace(calm, intervention=never)
    with pytest.raises(CalibrationError, match="All 10 steps are takeovers"):
        replace(calm, intervention=always)


def test_the_ranking_is_measured_before_and_after(fitted: FittedModel) -> None:
    _, found = calibrate(fitted.model, recorded(12, demonstrations=0, seed=20))
    assert found.auroc is not None
    assert found.auroc_before is not None
    assert 0.5 < found.auroc <= 1
    assert 0 <= found.p_low < found.p_high <= 1
    assert found.problem == ""


def test_a_fit_that_flattens_p_is_refused_with_both_ends() -> None:
    flat = replace(FOUND, p_low=0.18, p_high=0.2)
    assert "between 0.18 and 0.20 in nine of ten steps" in flat.problem
    assert "retrain" in flat.problem


def test_takeovers_that_follow_nothing_flatten_p_and_are_refused(fitted: FittedModel) -> None:
    """The likelihood rises all the same: a constant p at the observed rate fits such takeovers best."""
    other = recorded(12, demonstrations=0, seed=20)
    random = torch.Generator().manual_seed(3)
    anywhere = torch.rand(len(other), generator=random) < 0.19
    _, found = calibrate(fitted.model, replace(other, intervention=anywhere & ~other.demonstration))
    assert found.log_likelihood > found.log_likelihood_before
    assert "nearly the same at every moment" in found.problem


def test_a_fit_that_ranks_worse_is_refused_with_both_rankings() -> None:
    assert "AUROC 0.81 before, 0.70 after" in replace(FOUND, auroc_before=0.81, auroc=0.7).problem
    assert replace(FOUND, auroc_before=0.81, auroc=0.80).problem == "", "within chance"
    assert replace(FOUND, auroc_before=None, auroc=None).problem == ""


def test_attempts_that_nobody_watched_say_nothing_about_a_person(fitted: FittedModel, steps: SupervisedSteps) -> None:
    # Failures among them: a person who watched would have stepped in.
    both = joined(steps, alone(8, length=60, fails=(0, 1, 2, 3)))
    assert len(both.attended()) == len(steps)
    assert calibrate(fitted.model, both)[1] == calibrate(fitted.model, steps)[1]
    assert fit_temporal(fitted.model, both) == fit_temporal(fitted.model, steps)
    quick = FitSettings(members=2, epochs=1, temporal=False)
    assert fit_intervention_model(both, quick).model.config.episode_ids == supervised_episodes(steps)
