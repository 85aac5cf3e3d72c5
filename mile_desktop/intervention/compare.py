"""Every predictor of takeovers side by side, on episodes none of them has learned from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from mile_desktop.arrays import BoolArray, Float64Array, IntArray
from mile_desktop.intervention.baselines import BASELINES
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.early_accuracy import EarlyAccuracy, early_accuracy
from mile_desktop.intervention.forecast_fit import forecast_trace
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.intervention.posterior import posterior_predictive
from mile_desktop.intervention.scores import (
    AlarmScores,
    PredictionScores,
    ScoreError,
    score_alarm,
    score_probabilities,
    takeover_ahead,
)
from mile_desktop.intervention.stall_model import StallFit, StallModel
from mile_desktop.intervention.strata import supervised_rows
from mile_desktop.intervention.temporal import temporal_probabilities
from mile_desktop.storage.alarms import ReasonCount, alarm_events, count_by_reason
from mile_desktop.storage.call_curve import CallCurve, ChosenLine, LineWish, call_curve, choose_line


@dataclass(frozen=True, slots=True)
class ComparedPredictor:
    """Scores of one predictor."""

    name: str
    now: PredictionScores | None
    """Of ν at each supervised step; None for the forecast, which says nothing about this step alone."""
    ahead: PredictionScores
    """Of a takeover within the next ten steps, in autonomous steps. p of MILE and the temporal model speak of one step:
    there their ranking counts, their level does not."""
    alarm: AlarmScores
    early: tuple[EarlyAccuracy, ...] = ()
    """Balanced accuracy by how early a takeover is announced; empty where none was recorded."""
    stall: StallModel | None = None
    """What was fitted, for the predictor ``stall``."""
    reasons: tuple[ReasonCount, ...] = ()
    """Calls by reason, for the forecast."""
    line: ChosenLine | None = None
    """The line of ``alarm``: its calls in ten minutes and its share of unannounced takeovers."""


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """What one predictor says of the test steps."""

    now: Float64Array | None
    """p of ν at each step, float64[t]; None for the forecast, which says nothing about this step alone."""
    soon: Float64Array
    """p of a takeover within the horizon, float64[t]."""
    stall: StallModel | None = None
    """The fitted model behind ``soon``, for the predictor ``stall``."""
    kinds: tuple[tuple[str, ...], ...] = ()
    """Kinds of the reasons of each step, for the forecast; see ``storage.reasons``."""


def compare_predictors(
    model: InterventionModel,
    train: SupervisedSteps,
    test: SupervisedSteps,
    *,
    line: LineWish = LineWish(),  # noqa: B008 - frozen
    rate_hz: float = 20.0,
) -> tuple[ComparedPredictor, ...]:
    """Score MILE (single, ensemble), the temporal model, the forecast and the baselines on ``test``.

    Parameters
    ----------
    train : SupervisedSteps
        What the baselines learn from; usually what ``model`` was fitted to.
    test : SupervisedSteps
        Held-out episodes; where ``model`` knows some, only members that have not seen them are asked.

    Raises
    ------
    ScoreError
        When there are no supervised steps in ``train`` or ``test``.
    """
    rows = supervised_rows(test).numpy()
    asked, ahead = takeover_ahead(test)
    happened, success = test.intervention.numpy(), test.success.numpy()
    predictions = predict_all(model, train, test)
    elapsed, episode = test.step.numpy(), test.episode.numpy()
    lines = {
        name: choose_line(_curve_of(each.soon[rows], happened[rows], episode[rows], rate_hz), line)
        for name, each in predictions.items()
    }
    score = partial(
        score_alarm, intervention=happened[rows], episode=episode[rows], success=success[rows], rate_hz=rate_hz
    )
    return tuple(
        ComparedPredictor(
            name,
            None if each.now is None else score_probabilities(each.now[rows], happened[rows], elapsed[rows]),
            score_probabilities(each.soon[asked], ahead[asked], elapsed[asked]),
            score(each.soon[rows], threshold=lines[name].threshold),
            early_accuracy(each.soon[rows], happened[rows], episode[rows], rate_hz=rate_hz),
            each.stall,
            _reason_counts(each, happened, success, episode, lines[name].threshold),
            lines[name],
        )
        for name, each in predictions.items()
    )


def predict_all(
    model: InterventionModel,
    train: SupervisedSteps,
    test: SupervisedSteps,
    *,
    report: Callable[[int, int, str], None] = lambda _done, _of, _name: None,
) -> dict[str, Predicted]:
    """Return what every predictor says of ``test``.

    ``report`` is told how many predictors have been asked, of how many, and which is next. Arguments and errors as in
    ``compare_predictors``.
    """
    # Only supervised steps: demonstrations have no π̂ and no decision to predict.
    rows, known = supervised_rows(test).numpy(), supervised_rows(train).numpy()
    if not rows.any() or not known.any():
        raise ScoreError("There are no supervised steps to compare predictors on; supervise an episode first.")
    train_asked, train_ahead = takeover_ahead(train)
    predictions: dict[str, Predicted] = {}
    total = len(BASELINES) + 3
    for number, (name, baseline) in enumerate(BASELINES.items()):
        report(number, total, f"the {name}")
        now = baseline(_select(train, known), train.intervention.numpy()[known], test)
        soon = baseline(_select(train, train_asked), train_ahead[train_asked], test)
        predictions[name] = Predicted(now, soon)
    report(len(BASELINES), total, "the stall model")
    stall = StallFit(train, test)
    stalled = stall.fit(train_asked, train_ahead)
    stalled_now = stall.fit(known, train.intervention.numpy())
    predictions["stall"] = Predicted(stalled_now.probability, stalled.probability, stalled.model)
    report(len(BASELINES) + 1, total, "the intervention model")
    predictions |= {name: Predicted(p, p) for name, p in _of_the_model(model, test).items()}
    if model.forecast is not None:
        report(total - 1, total, "the forecast")
        trace = forecast_trace(model, test)
        predictions["forecast"] = Predicted(None, trace.probability, kinds=trace.kinds)
    return predictions


def _curve_of(soon: Float64Array, happened: BoolArray, episode: IntArray, rate_hz: float) -> CallCurve:
    parts = (episode == each for each in np.unique(episode))
    return call_curve(((soon[part], happened[part]) for part in parts), rate_hz=rate_hz)


def _reason_counts(
    predicted: Predicted, happened: BoolArray, success: BoolArray, episode: IntArray, threshold: float
) -> tuple[ReasonCount, ...]:
    if not predicted.kinds:
        return ()
    parts = []
    for each in np.unique(episode):
        rows = np.flatnonzero(episode == each)
        events = alarm_events(predicted.soon[rows], happened[rows], threshold, success=bool(success[rows].all()))
        parts.append((events, [predicted.kinds[row] for row in rows.tolist()]))
    return count_by_reason(parts)


def _of_the_model(model: InterventionModel, test: SupervisedSteps) -> dict[str, Float64Array]:
    config = model.config
    outputs = model.member_outputs(test.observation, test.policy_mean, test.policy_std)
    unseen = model.unseen(test)
    # Steps that every member has seen are predicted by all of them.
    unseen |= ~unseen.any(0)
    first = torch.zeros_like(unseen)
    # One member for each step stands for the published model: the first one that has not seen the episode.
    first[unseen.double().argmax(0), torch.arange(len(test))] = True
    predicted = {
        name: posterior_predictive(
            outputs.distances, outputs.threshold_loss, cost=config.cost, cdf_scale=config.cdf_scale, asked=asked
        ).probability.numpy()
        for name, asked in (("mile, single", first), ("mile, ensemble", unseen))
    }
    if config.temporal is not None:
        predicted["temporal"] = temporal_probabilities(model, config.temporal, test)
    return predicted


def _select(steps: SupervisedSteps, rows: BoolArray) -> SupervisedSteps:
    """Return some of the steps."""
    chosen = torch.from_numpy(rows)
    columns = {
        name: getattr(steps, name)[chosen]
        for name in SupervisedSteps.__slots__
        if isinstance(getattr(steps, name), torch.Tensor)
    }
    return SupervisedSteps(**columns, episode_ids=steps.episode_ids)
