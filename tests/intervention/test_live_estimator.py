import dataclasses
import math

import msgspec
import numpy as np
import pytest

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.estimate import InterventionEstimate, InterventionEstimator
from mile_desktop.intervention.fit import FittedModel
from mile_desktop.intervention.live_estimator import LiveEstimator
from mile_desktop.intervention.model import InterventionModel, TemporalParameters
from mile_desktop.intervention.posterior import posterior_predictive
from mile_desktop.intervention.success_band import SuccessBand
from mile_desktop.intervention.temporal import temporal_probabilities
from mile_desktop.policies.policy import PolicyOutput

SAID = InterventionEstimate(0.7, 0.6, 0.8, forecast=0.2)


def output(steps: SupervisedSteps, row: int) -> PolicyOutput:
    mean = steps.policy_mean[row].numpy()
    return PolicyOutput(action=mean, mean=mean, std=steps.policy_std[row].numpy())


def test_says_of_each_step_what_the_model_predicts(fitted: FittedModel, steps: SupervisedSteps) -> None:
    live: InterventionEstimator = LiveEstimator(fitted.model, running_policy_id="p-1")
    offline = fitted.model.predict(steps, honest=False)
    live.reset()
    for row in range(0, 300, 30):
        said = live.estimate(steps.observation[row].numpy(), output(steps, row), intervening=False)
        assert said.probability == pytest.approx(offline.probability[row].item(), abs=1e-5)
        assert 0 <= said.low <= said.probability <= said.high <= 1
        assert 0 <= said.forecast <= 1


def test_one_member_is_the_published_model(fitted: FittedModel, steps: SupervisedSteps) -> None:
    live = LiveEstimator(fitted.model, running_policy_id="p-1", source="published")
    config = fitted.model.config
    distance = fitted.model.distances(steps.observation[:1], steps.policy_mean[:1], steps.policy_std[:1])[:1]
    expected = posterior_predictive(distance, config.action_size, cost=config.cost, cdf_scale=config.cdf_scale)
    said = live.estimate(steps.observation[0].numpy(), output(steps, 0), intervening=False)
    assert said.probability == pytest.approx(expected.probability.item(), abs=1e-5)


def test_the_temporal_model_can_be_the_source(fitted: FittedModel, steps: SupervisedSteps) -> None:
    parameters = TemporalParameters(cost=3.0, cdf_scale=1.5, retention=0.4, delay_steps=3, hand_back=0.2)
    model = fitted.model.with_config(temporal=parameters)
    offline = temporal_probabilities(model, parameters, steps, honest=False)
    live = LiveEstimator(model, running_policy_id="p-1", source="temporal")
    for episode in (0, 1):
        rows = (steps.episode == episode).nonzero()[:, 0].tolist()
        live.reset()
        before = False
        for row in rows:
            said = live.estimate(steps.observation[row].numpy(), output(steps, row), intervening=before)
            assert said.probability == pytest.approx(offline[row], abs=1e-5)
            assert said.low <= said.probability <= said.high
            before = bool(steps.intervention[row])


def test_says_nothing_where_the_policy_is_not_finite(fitted: FittedModel, steps: SupervisedSteps) -> None:
    live = LiveEstimator(fitted.model, running_policy_id="p-1")
    broken = PolicyOutput(*[np.full(2, np.nan, np.float32)] * 3)
    assert math.isnan(live.estimate(steps.observation[0].numpy(), broken, intervening=False).probability)


def with_forecast_from(model: InterventionModel, takeovers: int, recall: float = 0.64) -> InterventionModel:
    """Return ``model`` as if its forecast had been fitted to so many takeovers."""
    forecast = model.forecast
    assert forecast is not None
    assert forecast.config.score is not None
    score = msgspec.structs.replace(forecast.config.score, recall=recall)
    config = msgspec.structs.replace(forecast.config, takeovers=takeovers, score=score)
    return model.with_forecast(dataclasses.replace(forecast, config=config))


@pytest.mark.parametrize(
    ("takeovers", "said"),
    [
        (0, ""),
        (1, ", forecast: adapting to you, alarm: p"),
        (9, ", forecast: adapting to you, alarm: p"),
        (10, ", forecast announces 64%"),
    ],
)
def test_says_what_the_forecast_rests_on(fitted: FittedModel, takeovers: int, said: str) -> None:
    model = with_forecast_from(fitted.model.with_config(takeovers=0), takeovers)
    assert LiveEstimator(model, running_policy_id="p-1").basis == "shipped model" + said


@pytest.mark.parametrize(
    ("takeovers", "basis", "alarm"),
    [
        (0, "shipped model", True),
        (1, "adapting to you: 1 takeover", False),
        (9, "adapting to you: 9 takeovers", False),
        (10, "10 takeovers, alarm: p", True),
    ],
)
def test_says_as_much_as_it_knows(fitted: FittedModel, takeovers: int, basis: str, alarm: bool) -> None:
    model = with_forecast_from(fitted.model, 0).with_config(takeovers=takeovers)
    live = LiveEstimator(model, running_policy_id="p-1")
    assert live.basis == basis
    called_by = SAID.probability if takeovers else SAID.forecast
    assert live.alarm(SAID) == (called_by if alarm else pytest.approx(math.nan, nan_ok=True))


def test_raises_no_alarm_where_a_constant_does_as_well(fitted: FittedModel) -> None:
    score = fitted.model.config.score
    assert score is not None
    poor = msgspec.structs.replace(score, brier=score.brier_constant + 0.01)
    model = with_forecast_from(fitted.model, 0).with_config(takeovers=30, score=poor)
    live = LiveEstimator(model, running_policy_id="p-1")
    assert live.basis == "30 takeovers, not better than a constant yet"
    assert math.isnan(live.alarm(SAID))


@pytest.mark.parametrize(
    ("takeovers", "of_forecast", "calls"), [(0, 0, True), (0, 9, False), (0, 10, True), (30, 30, True), (30, 9, False)]
)
def test_the_forecast_calls_where_p_is_no_better_than_a_constant(
    fitted: FittedModel, takeovers: int, of_forecast: int, calls: bool
) -> None:
    score = fitted.model.config.score
    assert score is not None
    poor = msgspec.structs.replace(score, auroc=0.46)
    model = with_forecast_from(fitted.model, of_forecast).with_config(takeovers=takeovers, score=poor)
    live = LiveEstimator(model, running_policy_id="p-1")
    assert (live.calls_by == "forecast") is calls
    assert live.alarm(SAID) == (SAID.forecast if calls else pytest.approx(math.nan, nan_ok=True))
    assert math.isnan(LiveEstimator(model, running_policy_id="p-2").alarm(SAID))


def test_the_forecast_calls_where_both_have_earned_it(fitted: FittedModel) -> None:
    both = with_forecast_from(fitted.model, 10).with_config(takeovers=10)
    assert LiveEstimator(both, running_policy_id="p-1").calls_by == "forecast"
    of_few = with_forecast_from(fitted.model, 9).with_config(takeovers=10)
    live = LiveEstimator(of_few, running_policy_id="p-1")
    assert live.calls_by == "p"
    assert "alarm: p" in live.basis


def test_a_new_policy_is_called_new_for_four_episodes_and_its_band_is_wide(
    fitted: FittedModel, steps: SupervisedSteps
) -> None:
    model = with_forecast_from(fitted.model, 0).with_config(takeovers=30)
    familiar = LiveEstimator(model, running_policy_id="p-1")
    new = LiveEstimator(model, running_policy_id="p-2")
    arguments = steps.observation[5].numpy(), output(steps, 5)
    narrow = familiar.estimate(*arguments, intervening=False)
    for _ in range(4):
        new.reset()
        wide = new.estimate(*arguments, intervening=False)
        assert new.basis == "30 takeovers, new policy"
        assert math.isnan(new.alarm(SAID))
        assert wide.high - wide.low > narrow.high - narrow.low
        assert wide.probability == narrow.probability
    new.reset()
    assert new.basis == "30 takeovers, alarm: p"
    assert new.estimate(*arguments, intervening=False) == narrow


def test_time_does_not_pass_while_the_robot_holds(fitted: FittedModel, steps: SupervisedSteps) -> None:
    """A person who holds the robot for a minute must not find a forecast that has waited all that time."""
    rows = (steps.episode == 0).nonzero()[:20, 0].tolist()

    def forecasts(held: int) -> list[float]:
        live = LiveEstimator(fitted.model, running_policy_id="p-1")
        live.reset()
        found = []
        for number, row in enumerate(rows):
            observation = steps.observation[row].numpy()
            for _ in range(held if number == 10 else 0):
                live.estimate(observation, output(steps, row), intervening=False, held=True)
            found.append(live.estimate(observation, output(steps, row), intervening=False).forecast)
        return found

    assert forecasts(600) == forecasts(0)


def _band_of(policy_id: str, edge: float) -> SuccessBand:
    odds = math.log(edge / (1 - edge))
    return SuccessBand(
        policy_id=policy_id,
        model_mark="",
        number="forecast",
        successes=18,
        share=0.1,
        course=(odds - 1.0,),
        spread=(1.0,),
        departures=(0.5, *(1.0,) * 8),
    )


def test_a_new_policy_calls_by_the_band_of_its_own_successes(fitted: FittedModel, steps: SupervisedSteps) -> None:
    low, high = (
        LiveEstimator(fitted.model, running_policy_id="p-2", band=_band_of("p-2", edge)) for edge in (0.001, 0.999)
    )
    blind = LiveEstimator(fitted.model, running_policy_id="p-2")
    assert (blind.calls_by, blind.wants_band) == ("", True)
    assert (low.calls_by, low.wants_band) == ("forecast", False)
    assert "10% of its 18 successes" in low.basis
    said = {name: each.estimate(steps.observation[0].numpy(), output(steps, 0), intervening=False)
            for name, each in (("low", low), ("high", high), ("blind", blind))}  # fmt: skip
    assert low.alarm(said["low"]) == said["low"].forecast
    assert said["low"].usual == pytest.approx(0.001)
    assert [each.kind for each in said["low"].reasons][:1] == ["band"]
    assert "band" not in [each.kind for each in said["high"].reasons]
    assert math.isnan(said["blind"].usual)
    for _ in range(4):  # four episodes: the policy is no longer new, and the line that a person has set counts
        low.reset()
        after = low.estimate(steps.observation[0].numpy(), output(steps, 0), intervening=False)
    assert math.isnan(after.usual)
