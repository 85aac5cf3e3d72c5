import dataclasses
import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.fit import FittedModel
from mile_desktop.intervention.forecast import SIGNALS, SignalTracker, disagreement
from mile_desktop.intervention.forecast_fit import _updates, fit_forecast, forecast_probabilities
from mile_desktop.intervention.live_estimator import LiveEstimator
from mile_desktop.intervention.model import InterventionModelError, load_intervention_model, save_intervention_model
from mile_desktop.intervention.scores import score_probabilities, takeover_ahead
from mile_desktop.intervention.strata import Pool
from mile_desktop.policies.policy import PolicyOutput
from tests.intervention.toy import recorded


def test_ranks_autonomous_steps_by_what_is_ahead(fitted: FittedModel) -> None:
    fresh = recorded(16, demonstrations=2, seed=30)
    said = forecast_probabilities(fitted.model, fresh)
    asked, ahead = takeover_ahead(fresh)
    assert np.isfinite(said[asked]).all()
    assert np.isnan(said[~asked]).all()
    scores = score_probabilities(said[asked], ahead[asked], fresh.step.numpy()[asked])
    assert scores.auroc > 0.75
    assert scores.brier < scores.rate * (1 - scores.rate)
    forecast = fitted.model.forecast
    assert forecast is not None
    assert forecast.config.score is not None
    assert forecast.config.score.auroc == pytest.approx(scores.auroc, abs=0.15)


@pytest.mark.parametrize(("steps", "updates"), [(20, 300), (6400, 750), (100_000, 1500)])
def test_more_steps_are_trained_on_for_longer(steps: int, updates: int) -> None:
    assert _updates(Pool(torch.zeros(3, 1, dtype=torch.int64), torch.tensor([1, 7, steps]))) == updates


def test_weights_can_only_make_worse_what_is_worse(fitted: FittedModel) -> None:
    forecast = fitted.model.forecast
    assert forecast is not None
    assert len(forecast.config.weights) == len(SIGNALS)
    assert min(forecast.config.weights) >= 0
    middle = list(forecast.config.centre)
    for place, scale in enumerate(forecast.config.scale):
        worse = [*middle[:place], middle[place] + scale, *middle[place + 1 :]]
        assert forecast.probability(worse) >= forecast.probability(middle)
    assert 0 < forecast.probability([math.inf] * len(SIGNALS)) < 1


def test_the_live_forecast_is_the_one_that_was_scored(fitted: FittedModel) -> None:
    fresh = recorded(3, demonstrations=0, seed=31)
    offline = forecast_probabilities(fitted.model, fresh)
    live = LiveEstimator(fitted.model, running_policy_id="p-1")
    before = False
    for row in range(len(fresh)):
        if fresh.step[row] == 0:
            live.reset()
            before = False
        mean, std = fresh.policy_mean[row].numpy(), fresh.policy_std[row].numpy()
        said = live.estimate(fresh.observation[row].numpy(), PolicyOutput(mean, mean, std), intervening=before)
        assert said.forecast == pytest.approx(offline[row], abs=1e-4, nan_ok=True)
        before = bool(fresh.intervention[row])


def test_networks_predict_only_episodes_they_have_not_seen(fitted: FittedModel, steps: SupervisedSteps) -> None:
    forecast = fitted.model.forecast
    assert forecast is not None
    config = forecast.config
    assert sorted(name for names in config.left_out for name in names) == sorted(config.episode_ids)
    seen_by_none = dataclasses.replace(forecast, config=msgspec.structs.replace(config, left_out=((), (), ())))
    honest = forecast_probabilities(fitted.model, steps)
    flattering = forecast_probabilities(fitted.model, steps, seen_by_none)
    asked, ahead = takeover_ahead(steps)
    briers = [np.mean((each[asked] - ahead[asked]) ** 2) for each in (honest, flattering)]
    assert briers[0] > briers[1]


def test_is_fitted_for_a_robot_that_is_new(fitted: FittedModel, steps: SupervisedSteps) -> None:
    plain = fit_forecast(fitted.model, steps)
    promoted = fit_forecast(fitted.model, steps, simulate_promotion=True)
    assert plain is not None
    assert promoted is not None
    assert plain.config.weights != promoted.config.weights
    assert fitted.model.forecast is not None
    assert fitted.model.forecast.config.weights != plain.config.weights


def test_nothing_is_forecast_from_too_little(fitted: FittedModel, steps: SupervisedSteps) -> None:
    assert fit_forecast(fitted.model, recorded(2, demonstrations=2, seed=1)) is None
    silent = dataclasses.replace(steps, intervention=torch.zeros_like(steps.intervention))
    assert fit_forecast(fitted.model, silent) is None
    with pytest.raises(ValueError, match="no forecast"):
        forecast_probabilities(fitted.model.with_forecast(None), steps)


def test_is_saved_with_its_model(fitted: FittedModel, tmp_path: Path) -> None:
    save_intervention_model(tmp_path / "im", fitted.model)
    fresh = recorded(2, demonstrations=0, seed=32)
    before, after = (
        forecast_probabilities(model, fresh) for model in (fitted.model, load_intervention_model(tmp_path / "im"))
    )
    assert np.array_equal(before, after, equal_nan=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weights": (-1.0,) * len(SIGNALS)}, "not finite or negative"),
        ({"weights": (1.0,)}, "9 signals|1 signals"),
        ({"inputs": 3}, "fit it again"),
        ({"corrected": ()}, "fit it again"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(
    fitted: FittedModel, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    forecast = fitted.model.forecast
    assert forecast is not None
    config = msgspec.structs.replace(forecast.config, **change)
    save = fitted.model.with_forecast(dataclasses.replace(forecast, config=config))
    with pytest.raises(InterventionModelError, match=said):
        save_intervention_model(tmp_path / "im", save)


def test_signals_follow_the_course_of_the_episode() -> None:
    tracker = SignalTracker()
    place = {name: index for index, name in enumerate(SIGNALS)}
    first = tracker.step(1.0, 0.0, 0.5, 0.0, 0.0, intervening=False)
    assert first[place["stalled progress"]] == 0
    assert first[place["takeovers so far"]] == 0
    assert first[place["recent release"]] == 0
    good = tracker.step(1.0, 0.0, 0.49, 0.0, 0.0, intervening=False)
    assert good[place["stalled progress"]] == pytest.approx(0)
    stuck = tracker.step(1.0, 0.0, 0.49, 0.0, 0.0, intervening=False)
    assert stuck[place["stalled progress"]] == pytest.approx(0.01)
    tracker.step(1.0, 0.0, 0.49, 0.0, 0.0, intervening=True)
    tracker.step(1.0, 0.0, 0.49, 0.0, 0.0, intervening=True)
    released = tracker.step(9.0, 0.0, 0.49, 0.0, 0.0, intervening=False)
    assert released[place["takeovers so far"]] == 1
    assert released[place["recent release"]] == pytest.approx(math.exp(-1 / 20))
    assert released[place["gathered log-odds"]] == pytest.approx(1.8)
    assert released[place["elapsed time"]] == pytest.approx(0.05)


def test_disagreement_counts_only_those_who_are_asked() -> None:
    means = torch.tensor([[[0.0, 0.0]], [[1.0, 0.0]], [[50.0, 50.0]]])
    asked = torch.tensor([[True], [True], [False]])
    assert disagreement(means, asked).item() == pytest.approx(math.sqrt(0.25))
    assert disagreement(means, torch.tensor([[True], [False], [False]])).item() == 0
