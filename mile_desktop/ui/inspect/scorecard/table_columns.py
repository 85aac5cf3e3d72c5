"""Columns of the scorecard's tables: predictors, episodes, and the steps at a chosen point."""

import math
from dataclasses import dataclass

from mile_desktop.evaluation.scorecard import ScoredPredictor
from mile_desktop.storage.alarms import ReasonCount
from mile_desktop.storage.reasons import SHORT_NAMES
from mile_desktop.ui.inspect.scorecard.model import EpisodeScore, StepRange, ThresholdScore, curve_style
from mile_desktop.ui.widgets.tables import Column

_FALSE_ALARM = "Alarms without a takeover after them, in episodes that ended in success"


@dataclass(frozen=True, slots=True)
class PredictorLine:
    """One predictor with its score at the threshold."""

    predictor: ScoredPredictor
    score: ThresholdScore


def _figure(value: float | None, form: str = ".3f") -> str:
    return "–" if value is None or math.isnan(value) else format(value, form)


def _order(value: float | None) -> float:
    return -math.inf if value is None or math.isnan(value) else value


def _half_second_early(predictor: ScoredPredictor) -> float | None:
    return next((each.balanced_accuracy for each in predictor.early if math.isclose(each.lead_s, 0.5)), None)


def _short(episode_id: str) -> str:
    return episode_id.removeprefix("ep-")


PREDICTORS: tuple[Column[PredictorLine], ...] = (
    Column(
        "Predictor",
        lambda each: each.predictor.name,
        tip=lambda _: "In the colour of its curves",
        colour=lambda each: curve_style(each.predictor.name)[0],
    ),
    Column(
        "AUROC",
        lambda each: _figure(each.predictor.auroc),
        lambda each: _order(each.predictor.auroc),
        is_number=True,
        tip=lambda _: "Area under the ROC curve for a takeover within the horizon",
    ),
    Column(
        "matched",
        lambda each: _figure(each.predictor.phase_matched_auroc),
        lambda each: _order(each.predictor.phase_matched_auroc),
        is_number=True,
        tip=lambda _: "AUROC in which only steps at similar elapsed time are compared",
    ),
    Column(
        "PR area",
        lambda each: _figure(each.predictor.average_precision),
        lambda each: _order(each.predictor.average_precision),
        is_number=True,
        tip=lambda each: f"Area under the precision–recall curve; a constant has {each.predictor.rate:.3f}",
    ),
    Column("Brier", lambda each: _figure(each.predictor.brier), lambda each: each.predictor.brier, is_number=True),
    Column(
        "ECE",
        lambda each: _figure(each.predictor.calibration_error),
        lambda each: each.predictor.calibration_error,
        is_number=True,
        tip=lambda _: "Calibration error: mean distance between predicted and observed rate",
    ),
    Column(
        "½ s early",
        lambda each: _figure(_half_second_early(each.predictor)),
        lambda each: _order(_half_second_early(each.predictor)),
        is_number=True,
        tip=lambda _: "Balanced accuracy of an alarm that has to come half a second before the takeover",
    ),
    Column(
        "announced",
        lambda each: f"{each.score.announced}/{each.score.takeovers}",
        lambda each: each.score.announced,
        is_number=True,
        tip=lambda _: "Takeovers before which p was above the threshold without a break",
    ),
    Column(
        "lead (s)",
        lambda each: _figure(each.score.median_lead_s, ".2f"),
        lambda each: _order(each.score.median_lead_s),
        is_number=True,
    ),
    Column(
        "false/min",
        lambda each: _figure(each.score.false_alarms_per_minute, ".1f"),
        lambda each: _order(each.score.false_alarms_per_minute),
        is_number=True,
        tip=lambda _: f"{_FALSE_ALARM}; per minute of autonomy in all episodes",
    ),
)

PREDICTORS_LEAVE_OUT = (3, 5, 4, 8, 2, 6)
"""Of these columns the first ones are left out first where the table is too narrow. What stays says how the predictor
ranks and how it calls."""
EPISODES_LEAVE_OUT = (5, 2, 1)
"""Brier, length and outcome; the last column takes the rest of the width and always stays."""
REASONS_LEAVE_OUT = (3,)
"""Calls in failures, which are not judged."""
STEPS_LEAVE_OUT = (2, 1)
"""Length and number of the first step; the click leads there."""

EPISODES: tuple[Column[EpisodeScore], ...] = (
    Column("Episode", lambda each: _short(each.episode_id), tip=lambda each: each.episode_id),
    Column("Outcome", lambda each: each.outcome),
    Column("Steps", lambda each: f"{each.steps}", lambda each: each.steps, is_number=True),
    Column(
        "announced",
        lambda each: f"{each.announced}/{each.takeovers}",
        lambda each: each.takeovers - each.announced,
        is_number=True,
        tip=lambda _: "Announced takeovers at the threshold; sorted by the missed ones",
    ),
    Column(
        "false alarms",
        lambda each: f"{each.false_alarms}",
        lambda each: each.false_alarms,
        is_number=True,
        tip=lambda _: _FALSE_ALARM,
    ),
    Column("Brier", lambda each: _figure(each.brier), lambda each: _order(each.brier), is_number=True),
    Column("mean p", lambda each: _figure(each.mean), lambda each: _order(each.mean), is_number=True),
)

STEP_RANGES: tuple[Column[StepRange], ...] = (
    Column("What happened", lambda each: each.text),
    Column("Step", lambda each: f"{each.row}", lambda each: each.row, is_number=True),
    Column("Steps", lambda each: f"{each.rows}", lambda each: each.rows, is_number=True),
    Column("p", lambda each: _figure(each.probability), lambda each: _order(each.probability), is_number=True),
    Column("Episode", lambda each: _short(each.episode_id), tip=lambda each: each.episode_id),
)

REASONS: tuple[Column[ReasonCount], ...] = (
    Column(
        "Reason",
        lambda each: SHORT_NAMES.get(each.kind, each.kind),
        tip=lambda _: "A call counts for each of its reasons (three at most)",
    ),
    Column("hits", lambda each: f"{each.hits}", lambda each: each.hits, is_number=True),
    Column(
        "false alarms",
        lambda each: f"{each.false_alarms}",
        lambda each: each.false_alarms,
        is_number=True,
        tip=lambda _: _FALSE_ALARM,
    ),
    Column(
        "in failures",
        lambda each: f"{each.unanswered}",
        lambda each: each.unanswered,
        is_number=True,
        tip=lambda _: "Calls without a takeover in episodes that did not end in success: neither right nor wrong",
    ),
    Column(
        "right",
        lambda each: _figure(each.right, ".0%"),
        lambda each: _order(each.right),
        is_number=True,
        tip=lambda _: "Hits among hits and false alarms with this reason",
    ),
)
