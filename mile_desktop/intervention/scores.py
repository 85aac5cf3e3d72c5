"""How well probabilities predict the takeovers that were recorded.

Standard scores come from scikit-learn; ours are the phase-matched ranking, lead time and false alarms.
"""

import math
from dataclasses import dataclass

import numpy as np

from mile_desktop.arrays import BoolArray, Float64Array, IntArray
from mile_desktop.errors import UserError
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.model import HeldOutScore, InterventionModel
from mile_desktop.intervention.rank_scores import auroc, average_precision
from mile_desktop.intervention.strata import supervised_rows
from mile_desktop.storage.alarms import HORIZON_STEPS, alarm_events

_FLOOR = 1e-6  # keeps the log-likelihood of a predictor that was sure and wrong finite
_PHASES = 10
_RELIABILITY_BINS = 10


class ScoreError(UserError, ValueError):
    """These steps cannot be scored; the message says why."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Steps of similar predicted probability."""

    predicted: float
    observed: float
    steps: int


@dataclass(frozen=True, slots=True)
class PredictionScores:
    """Scores of probabilities against what happened."""

    steps: int
    rate: float
    """Share of the steps where it happened."""
    log_likelihood: float
    """Mean per step."""
    brier: float
    auroc: float
    """NaN where it always or never happened, like the three that follow."""
    average_precision: float
    """Area under the precision–recall curve."""
    phase_matched_auroc: float
    """Only steps at similar elapsed time are compared."""
    calibration_error: float
    """Mean distance between predicted and observed rate over bins of equally many steps."""
    reliability: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True)
class AlarmScores:
    """What an alarm at a threshold would have been worth."""

    threshold: float
    takeovers: int
    announced: int
    """Takeovers before which the probability was above the threshold, without a break up to the takeover."""
    median_lead_s: float
    """How long before these takeovers it crossed; NaN where none was announced."""
    false_alarms_per_minute: float
    """Crossings in successes that no takeover followed soon, per minute of autonomy in all episodes: how often a person
    who watches is called for nothing."""

    @property
    def recall(self) -> float:
        """Share of the takeovers that were announced; NaN where there were none."""
        return self.announced / self.takeovers if self.takeovers else math.nan


def score_probabilities(probability: Float64Array, happened: BoolArray, elapsed: IntArray) -> PredictionScores:
    """Score ``probability`` against ``happened``.

    Parameters
    ----------
    probability : numpy.ndarray
        float64[t] in [0, 1].
    happened : numpy.ndarray
        bool[t].
    elapsed : numpy.ndarray
        int64[t], steps since the episode began.

    Raises
    ------
    ScoreError
        When there are no steps, or probabilities are not finite.
    """
    if not len(probability) or not np.isfinite(probability).all():
        raise ScoreError(f"Scores need finite probabilities of at least one step, got {len(probability)} steps.")
    # For the log-likelihood only: a single step that was sure and wrong would make it −∞.
    p = np.clip(probability, _FLOOR, 1 - _FLOOR)
    bins = _reliability(probability, happened)
    varies = 0 < int(happened.sum()) < len(happened)
    return PredictionScores(
        steps=len(happened),
        rate=float(happened.mean()),
        log_likelihood=float(np.where(happened, np.log(p), np.log1p(-p)).mean()),
        brier=float(np.mean((probability - happened) ** 2)),
        auroc=auroc(happened, probability) if varies else math.nan,
        average_precision=average_precision(happened, probability) if varies else math.nan,
        phase_matched_auroc=phase_matched_auroc(probability, happened, elapsed),
        calibration_error=sum(each.steps * abs(each.predicted - each.observed) for each in bins) / len(happened),
        reliability=bins,
    )


def phase_matched_auroc(probability: Float64Array, happened: BoolArray, elapsed: IntArray) -> float:
    """Return the AUROC over pairs of steps at similar elapsed time.

    Much of any ranking is the phase of the task; here steps are compared within tenths of the elapsed time only, each
    tenth weighted by its number of pairs. NaN where no tenth holds both kinds.
    """
    # ``unique``: with many short episodes, several quantiles coincide.
    edges = np.unique(np.quantile(elapsed, np.linspace(0, 1, _PHASES + 1)[1:-1]))
    phase = np.searchsorted(edges, elapsed, side="right")
    total, pairs = 0.0, 0
    for each in np.unique(phase):
        here = phase == each
        positives, negatives = int(happened[here].sum()), int((~happened[here]).sum())
        if positives and negatives:
            weight = positives * negatives
            total += weight * auroc(happened[here], probability[here])
            pairs += weight
    return total / pairs if pairs else math.nan


def _reliability(probability: Float64Array, happened: BoolArray) -> tuple[ReliabilityBin, ...]:
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, _RELIABILITY_BINS) if len(part)]
    return tuple(
        ReliabilityBin(float(probability[part].mean()), float(happened[part].mean()), len(part)) for part in parts
    )


def score_alarm(
    probability: Float64Array,
    intervention: BoolArray,
    episode: IntArray,
    *,
    success: BoolArray,
    threshold: float = 0.5,
    rate_hz: float = 20.0,
    horizon_steps: int = HORIZON_STEPS,
) -> AlarmScores:
    """Say what an alarm at ``threshold`` would have been worth.

    Parameters
    ----------
    probability, intervention, episode : numpy.ndarray
        float64[t], bool[t] and int64[t], steps in order; ``probability`` may be NaN where nothing was predicted.
    success : numpy.ndarray
        bool[t]: the episode of the step ended in success. Only there can an alarm be false.
    horizon_steps : int
        A crossing in a success with no takeover within so many steps is a false alarm.
    """
    leads: list[int] = []
    false_alarms = 0
    # Episode by episode, so that an alarm does not reach into the next one.
    for each in np.unique(episode):
        rows = episode == each
        events = alarm_events(
            probability[rows],
            intervention[rows],
            threshold,
            success=bool(success[rows].all()),
            horizon_steps=horizon_steps,
        )
        leads += events.leads
        false_alarms += len(events.false_alarms)
    announced = [lead for lead in leads if lead > 0]
    minutes = int((~intervention).sum()) / rate_hz / 60
    return AlarmScores(
        threshold=threshold,
        takeovers=len(leads),
        announced=len(announced),
        median_lead_s=float(np.median(announced)) / rate_hz if announced else math.nan,
        false_alarms_per_minute=false_alarms / minutes if minutes else math.nan,
    )


def takeover_ahead(steps: SupervisedSteps, horizon_steps: int = HORIZON_STEPS) -> tuple[BoolArray, BoolArray]:
    """Return where a forecast is asked for, and whether a takeover came within ``horizon_steps``; bool[t] each.

    Asked for in autonomous steps only: the step before was not the human's. The step itself counts as the first.
    """
    asked = np.zeros(len(steps), dtype=np.bool_)
    ahead = np.zeros(len(steps), dtype=np.bool_)
    supervised = supervised_rows(steps).numpy()
    episode, intervention = steps.episode.numpy(), steps.intervention.numpy()
    for each in np.unique(episode[supervised]):
        rows = np.flatnonzero(supervised & (episode == each))
        taken = intervention[rows]
        asked[rows] = ~np.concatenate(([False], taken[:-1]))
        # Filled with "no takeover": the last steps of an episode see fewer steps ahead.
        padded = np.concatenate((taken, np.zeros(horizon_steps - 1, dtype=np.bool_)))
        ahead[rows] = np.lib.stride_tricks.sliding_window_view(padded, horizon_steps).any(1)
    return asked, ahead


def held_out_score(model: InterventionModel, steps: SupervisedSteps) -> HeldOutScore | None:
    """Score ``model`` on supervised steps of episodes that the members asked have not seen; None where ν never varies.

    Where every member has seen every episode (one or two members, one or two episodes) nothing is held out: None.
    """
    rows = supervised_rows(steps) & model.unseen(steps).any(0)
    intervention = steps.intervention[rows].numpy()
    # One kind alone cannot be ranked.
    if not 0 < intervention.sum() < len(intervention):
        return None
    probability = model.predict(steps).probability[rows].numpy()
    return as_held_out(probability, intervention, steps.step[rows].numpy())


def as_held_out(probability: Float64Array, happened: BoolArray, elapsed: IntArray) -> HeldOutScore:
    """Score predictions that were held out, against the constant."""
    scores = score_probabilities(probability, happened, elapsed)
    return HeldOutScore(
        steps=scores.steps,
        observed_rate=scores.rate,
        predicted_rate=float(probability.mean()),
        log_likelihood=scores.log_likelihood,
        brier=scores.brier,
        brier_constant=scores.rate * (1 - scores.rate),
        auroc=scores.auroc,
    )
