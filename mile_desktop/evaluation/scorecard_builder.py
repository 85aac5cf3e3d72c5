"""Builds a scorecard: every predictor of takeovers on chosen episodes that it had not seen."""

import math
from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
from sklearn import metrics

from mile_desktop.arrays import BoolArray, Float64Array, IntArray
from mile_desktop.evaluation.scorecard import (
    CurvePoint,
    EarlyPoint,
    FittedStall,
    ReliabilityPoint,
    Scorecard,
    ScoredEpisode,
    ScoredPredictor,
)
from mile_desktop.evaluation.scoring_split import ScoringSplit, make_scoring_split
from mile_desktop.intervention.compare import Predicted, predict_all
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.early_accuracy import EarlyAccuracy, early_accuracy
from mile_desktop.intervention.scores import score_probabilities, takeover_ahead
from mile_desktop.intervention.stall_model import StallModel
from mile_desktop.registry.intervention_models import model_in_use
from mile_desktop.registry.recorded_steps import recorded_steps
from mile_desktop.storage.alarms import HORIZON_STEPS
from mile_desktop.storage.call_curve import LineWish, call_curve, choose_line
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.edits import read_history
from mile_desktop.storage.workspace import Workspace

# More points than a plot of this size has pixels in width would change nothing on the screen.
_MOST_POINTS = 160  # of a curve
# Rounded, because the numbers cross a pipe as text.
_DIGITS = 5


def make_scorecard(
    workspace: Workspace,
    scene: str,
    episode_ids: Sequence[str] = (),
    *,
    reference: str = "",
    line: LineWish,
    seed: int = 0,
    report: Callable[[float, str], None],
) -> Scorecard:
    """Score every predictor on the chosen episodes of ``scene``, at the line that ``line`` wishes for.

    Parameters
    ----------
    episode_ids
        Episodes to score; empty for all. The baselines learn from the episodes that were not chosen. If those are too
        few, they learn from seven tenths of the chosen ones, which are then not scored.
    reference
        An intervention model's id or folder; empty for the one in use.
    report
        Called with the finished share and the name of the next part.

    Raises
    ------
    ScoreError
        When no chosen episode can be held out.
    """
    report(0.0, "Reading the recorded episodes")
    model = model_in_use(workspace, scene, reference)
    recorded = recorded_steps(workspace, scene).attended()
    split = make_scoring_split(model, recorded.steps, episode_ids, seed)
    report(0.15, f"Predicting {len(split.held_out)} episodes with every predictor")

    def notify(done: int, of: int, name: str) -> None:
        report(0.15 + 0.7 * done / of, f"Predicting with {name}")

    predictions = predict_all(model, split.train, split.test, report=notify)
    report(0.9, "Drawing curves")
    train, records = split.train, Catalogue(workspace)
    return Scorecard(
        scene=scene,
        model_id=model.config.model_id,
        rate_hz=records.episode(split.held_out[0]).start.rate_hz,
        horizon_steps=HORIZON_STEPS,
        episodes=_scored_episodes(workspace, split),
        # Demonstrations are left out: they contain no takeover to learn from.
        learned_from=len(set(train.episode[~train.demonstration].tolist())),
        notes=(*recorded.notes, *split.notes),
        predictors=_scored_predictors(split, predictions, line),
    )


def _scored_episodes(workspace: Workspace, split: ScoringSplit) -> tuple[ScoredEpisode, ...]:
    asked, ahead = takeover_ahead(split.test)
    intervention, catalogue = split.test.intervention.numpy(), Catalogue(workspace)
    scored = []
    for name in split.held_out:
        record, rows = catalogue.episode(name), _rows_of(split.test, name)
        scored.append(
            ScoredEpisode(
                episode_id=name,
                policy_id=record.start.policy_id,
                outcome=record.outcome,
                first_row=_first_row(workspace, name),
                intervention=tuple(intervention[rows].tolist()),
                asked=tuple(asked[rows].tolist()),
                ahead=tuple(ahead[rows].tolist()),
            )
        )
    return tuple(scored)


def _scored_predictors(
    split: ScoringSplit, predictions: Mapping[str, Predicted], wish: LineWish
) -> tuple[ScoredPredictor, ...]:
    asked, ahead = takeover_ahead(split.test)
    elapsed = split.test.step.numpy()
    rows = [_rows_of(split.test, name) for name in split.held_out]
    taken = split.test.intervention.numpy()
    curves = {name: call_curve((each.soon[part], taken[part]) for part in rows) for name, each in predictions.items()}
    return tuple(
        msgspec.structs.replace(
            _scored(name, each.soon, asked, ahead, elapsed, rows),
            early=early_points(early_accuracy(each.soon, split.test.intervention.numpy(), split.test.episode.numpy())),
            stall=fitted_stall(each.stall),
            line=choose_line(curves[name], wish),
            curve=curves[name],
            reasons=tuple(tuple(" ".join(each.kinds[row]) for row in part) for part in rows) if each.kinds else (),
        )
        for name, each in predictions.items()
    )


def early_points(scores: Sequence[EarlyAccuracy]) -> tuple[EarlyPoint, ...]:
    """Return balanced accuracies as they cross a pipe."""
    return tuple(
        EarlyPoint(
            each.lead_s,
            round(each.balanced_accuracy, _DIGITS),
            round(each.announced, _DIGITS),
            round(each.calm, _DIGITS),
            each.takeovers,
        )
        for each in scores
    )


def fitted_stall(model: StallModel | None) -> FittedStall | None:
    """Return a fitted model as it crosses a pipe."""
    if model is None:
        return None
    return FittedStall(
        measure=model.measure,
        steps=model.steps,
        least_progress=model.least_progress if math.isfinite(model.least_progress) else None,
        stalled_rate=model.stalled_rate,
        other_rate=model.other_rate,
    )


def _first_row(workspace: Workspace, name: str) -> int:
    trim = read_history(workspace.edits_path(name), name).trim
    return 0 if trim is None else trim.first


def _rows_of(steps: SupervisedSteps, name: str) -> IntArray:
    return np.flatnonzero(steps.episode.numpy() == steps.episode_ids.index(name))


def _scored(  # noqa: PLR0917 - one row of a table
    name: str,
    probability: Float64Array,
    asked: BoolArray,
    ahead: BoolArray,
    elapsed: IntArray,
    episodes: list[IntArray],
) -> ScoredPredictor:
    p, happened = probability[asked], ahead[asked]
    scores = score_probabilities(p, happened, elapsed[asked])
    # Both curves need at least one step of each kind.
    varies = 0 < int(happened.sum()) < len(happened)
    return ScoredPredictor(
        name=name,
        steps=scores.steps,
        rate=scores.rate,
        log_likelihood=scores.log_likelihood,
        brier=scores.brier,
        auroc=_known(scores.auroc),
        average_precision=_known(scores.average_precision),
        phase_matched_auroc=_known(scores.phase_matched_auroc),
        calibration_error=scores.calibration_error,
        roc=_roc(p, happened) if varies else (),
        precision_recall=_precision_recall(p, happened) if varies else (),
        reliability=_reliability(p, happened),
        traces=tuple(tuple(map(_known, probability[rows].tolist())) for rows in episodes),
    )


def _roc(p: Float64Array, happened: BoolArray) -> tuple[CurvePoint, ...]:
    return _thinned(*metrics.roc_curve(happened, p))


def _precision_recall(p: Float64Array, happened: BoolArray) -> tuple[CurvePoint, ...]:
    precision, recall, thresholds = metrics.precision_recall_curve(happened, p)
    # the last point, (0, 1), belongs to no threshold
    return _thinned(recall[:-1][::-1], precision[:-1][::-1], thresholds[::-1])


def _thinned(x: Float64Array, y: Float64Array, thresholds: Float64Array) -> tuple[CurvePoint, ...]:
    """Keep at most ``_MOST_POINTS``, both ends among them; a threshold above every probability becomes 1."""
    # By index and not by threshold, so that steep parts of the curve keep their points.
    places = np.unique(np.linspace(0, len(x) - 1, min(len(x), _MOST_POINTS)).round().astype(int))
    return tuple(
        CurvePoint(round(float(x[at]), _DIGITS), round(float(y[at]), _DIGITS), min(1.0, float(thresholds[at])))
        for at in places
    )


def _reliability(p: Float64Array, happened: BoolArray) -> tuple[ReliabilityPoint, ...]:
    # Ten bins of equal size. Bins of equal width would be empty where the predictor is never sure.
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, 10) if len(part)]
    return tuple(
        ReliabilityPoint(
            float(p[part].mean()), float(happened[part].mean()), len(part), float(p[part].min()), float(p[part].max())
        )
        for part in parts
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, _DIGITS)
