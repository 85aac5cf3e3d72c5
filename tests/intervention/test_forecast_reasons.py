import dataclasses

import msgspec
import numpy as np
import pytest

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.fit import FittedModel
from mile_desktop.intervention.forecast import SIGNAL_KINDS, SIGNALS, SignalTracker
from mile_desktop.intervention.forecast_fit import forecast_trace
from mile_desktop.intervention.forecast_reasons import named_reasons, reason_kinds
from mile_desktop.intervention.live_estimator import LiveEstimator
from mile_desktop.storage.reasons import KINDS, Reason, split_moment
from tests.intervention.test_live_estimator import output, with_forecast_from


def _said(fitted: FittedModel, steps: SupervisedSteps, episode: int = 0) -> list[tuple[float, tuple[Reason, ...]]]:
    model = fitted.model.with_config(score=None)  # p has not earned to call, so the forecast does
    live = LiveEstimator(model, running_policy_id="p-1")
    live.reset()
    rows = (steps.episode == episode).nonzero()[:, 0].tolist()
    said = [live.estimate(steps.observation[row].numpy(), output(steps, row), intervening=False) for row in rows]
    return [(each.forecast, each.reasons) for each in said]


def test_every_signal_is_a_kind_of_reason() -> None:
    assert len(SIGNAL_KINDS) == len(SIGNALS)
    assert set(SIGNAL_KINDS) <= set(KINDS)


def test_what_signals_add_is_the_forecast(fitted: FittedModel) -> None:
    forecast = fitted.model.forecast
    assert forecast is not None
    signals = [centre + scale for centre, scale in zip(forecast.config.centre, forecast.config.scale, strict=True)]
    assert forecast.probability_of(forecast.contributions(signals)) == forecast.probability(signals)
    assert forecast.contributions(signals) == pytest.approx(list(forecast.config.weights))


def test_one_to_three_reasons_stand_where_the_forecast_is_high(fitted: FittedModel, steps: SupervisedSteps) -> None:
    found = [each for episode in range(6) for each in _said(fitted, steps, episode)]
    high = [reasons for forecast, reasons in found if forecast > 0.7]
    assert high
    assert all(1 <= len(reasons) <= 3 for reasons in high)
    for reasons in high:
        shares = [each.share for each in reasons]
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 1.001


def test_the_number_that_calls_is_the_first_reason(fitted: FittedModel, steps: SupervisedSteps) -> None:
    live = LiveEstimator(with_forecast_from(fitted.model, 0).with_config(takeovers=30), running_policy_id="p-1")
    assert live.calls_by == "p"
    live.reset()
    said = live.estimate(steps.observation[0].numpy(), output(steps, 0), intervening=False)
    assert (said.reasons[0].kind, said.reasons[0].value) == ("p", said.probability)
    assert len(said.reasons) <= 3


def test_a_likeness_names_recorded_takeovers(fitted: FittedModel, steps: SupervisedSteps) -> None:
    moments = {moment for _, reasons in _said(fitted, steps, 2) for each in reasons for moment in each.moments}
    begins = {
        (steps.episode_ids[int(steps.episode[row])], int(steps.step[row]))
        for row in range(len(steps))
        if steps.intervention[row] and (steps.step[row] == 0 or not steps.intervention[row - 1])
    }
    assert moments
    assert {split_moment(moment) for moment in moments} <= begins


def test_a_shipped_forecast_names_no_moment_of_the_workspace(fitted: FittedModel) -> None:
    forecast = fitted.model.forecast
    assert forecast is not None
    config = msgspec.structs.replace(forecast.config, takeovers=0)
    adds = [0.0] * len(SIGNALS)
    adds[SIGNAL_KINDS.index("near")] = 2.0
    (reason,) = named_reasons(config, [0.0] * len(SIGNALS), adds, SignalTracker(), lambda: ((0, 1.0),))
    assert (reason.kind, reason.moments) == ("shipped", ())
    assert reason_kinds(config, adds) == ("shipped",)


def test_a_model_from_before_moments_were_kept_still_counts_them(fitted: FittedModel) -> None:
    forecast = fitted.model.forecast
    assert forecast is not None
    old = msgspec.structs.replace(forecast.config, corrected_steps=())
    adds = [0.0] * len(SIGNALS)
    adds[SIGNAL_KINDS.index("near")] = 2.0
    (reason,) = named_reasons(old, [0.0] * len(SIGNALS), adds, SignalTracker(), lambda: ((0, 9.0), (1, 9.0)))
    assert (reason.kind, reason.value, reason.moments) == ("near", 2.0, ())


def test_nothing_unusual_gives_no_reason(fitted: FittedModel) -> None:
    forecast = fitted.model.forecast
    assert forecast is not None
    better = [-1.0] * len(SIGNALS)
    assert named_reasons(forecast.config, better, better, SignalTracker(), lambda: ()) == ()


def test_progress_is_lost_step_by_step_and_found_again() -> None:
    tracker = SignalTracker()
    seen = []
    for time_to_go, taken in [(1.0, 0), (0.99, 0), (0.99, 0), (0.995, 0), (0.999, 1), (0.999, 0), (0.9, 0)]:
        tracker.step(0.0, 0.0, time_to_go, 0.0, 0.0, intervening=bool(taken))
        seen.append(tracker.steps_without_progress)
    assert seen == [0, 0, 1, 2, 0, 1, 0]


def test_offline_and_live_reasons_agree(fitted: FittedModel, steps: SupervisedSteps) -> None:
    model = fitted.model
    assert model.forecast is not None
    unknown = dataclasses.replace(steps, episode_ids=tuple(f"new-{each}" for each in steps.episode_ids))
    trace = forecast_trace(model, unknown)
    rows = np.flatnonzero((steps.episode == 0).numpy())
    rows = rows[: int(steps.intervention[rows].numpy().argmax())] if steps.intervention[rows].any() else rows
    said = _said(fitted, steps)[: len(rows)]
    assert [tuple(each.kind for each in reasons) for _, reasons in said] == [trace.kinds[row] for row in rows.tolist()]
