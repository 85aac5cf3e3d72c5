"""Making a scorecard: every predictor of takeovers on chosen episodes, by those who had not seen them."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn import metrics

from mile_desktop.evaluation.prediction import Progress, current_model, ignore, recorded_steps
from mile_desktop.evaluation.scorecard import (
    CurvePoint,
    ReliabilityPoint,
    Scorecard,
    ScoredEpisode,
    ScoredPredictor,
)
from mile_desktop.intervention.compare import predict_all
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.intervention.scores import ScoreError, score_probabilities, takeover_ahead
from mile_desktop.learning.dataset import select_steps, split_episodes
from mile_desktop.storage.alarms import HORIZON_STEPS
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.edits import read_history
from mile_desktop.storage.workspace import Workspace

FEWEST_TO_LEARN_FROM = 5
"""With fewer other episodes the baselines learn from a part of the chosen ones, which are then not scored."""

MOST_EPISODES = 300
"""So many are scored, the newest: every probability goes to the window, which must not stand still for it."""

_HELD_OUT = 0.3
_MOST_POINTS = 160  # of a curve
_DIGITS = 5

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def make_scorecard(
    workspace: Workspace,
    scene: str,
    episode_ids: Sequence[str] = (),
    *,
    reference: str = "",
    seed: int = 0,
    report: Progress = ignore,
) -> Scorecard:
    """Score every predictor on the chosen episodes of ``scene``.

    Parameters
    ----------
    episode_ids
        What to score; empty for all. The baselines learn from the episodes that were not chosen, or where those are too
        few from seven tenths of the chosen ones, which are not scored then.
    reference
        An intervention model's id or folder; empty for the one in use.
    report
        Told the share that is done, and what is being done.

    Raises
    ------
    ScoreError
        There is nothing that could be scored honestly.
    """
    report(0.0, "Reading the recorded episodes")
    model = current_model(workspace, scene, reference)
    steps = recorded_steps(workspace, scene)
    supervised = [name for name, asked in _supervised(steps).items() if asked]
    chosen = [name for name in supervised if name in set(episode_ids)] if episode_ids else supervised
    if not chosen:
        raise ScoreError("None of the chosen episodes was supervised; choose some in which a person could take over.")
    held_out, notes = _honest(model, steps, chosen)
    train, held_out, more = _learned_from(steps, supervised, held_out, seed)
    notes += more
    if len(held_out) > MOST_EPISODES:
        notes += (f"Of {len(held_out)} held-out episodes the newest {MOST_EPISODES} are scored.",)
        held_out = held_out[-MOST_EPISODES:]
    test = _episodes(steps, held_out)
    report(0.15, f"Asking every predictor about {len(held_out)} episodes")

    def tell(done: int, of: int, name: str) -> None:
        report(0.15 + 0.7 * done / of, f"Asking {name}")

    predictions = predict_all(model, train, test, report=tell)
    report(0.9, "Drawing curves")
    asked, ahead = takeover_ahead(test)
    rows = {name: _rows_of(test, name) for name in held_out}
    elapsed = test.step.numpy()
    predictors = tuple(
        _scored(name, soon, asked, ahead, elapsed, list(rows.values())) for name, (_, soon) in predictions.items()
    )
    records = {name: Catalogue(workspace).episode(name) for name in held_out}
    episodes = tuple(
        ScoredEpisode(
            episode_id=name,
            policy_id=records[name].start.policy_id,
            outcome=records[name].outcome,
            first_row=_first_row(workspace, name),
            intervention=tuple(test.intervention.numpy()[place].tolist()),
            asked=tuple(asked[place].tolist()),
            ahead=tuple(ahead[place].tolist()),
        )
        for name, place in rows.items()
    )
    return Scorecard(
        scene=scene,
        model_id=model.config.model_id,
        rate_hz=records[held_out[0]].start.rate_hz,
        horizon_steps=HORIZON_STEPS,
        episodes=episodes,
        learned_from=len(set(train.episode[~train.demonstration].tolist())),
        notes=(*notes, *_notes_on(model, held_out)),
        predictors=predictors,
    )


def _supervised(steps: SupervisedSteps) -> dict[str, bool]:
    """Return for each episode whether it was supervised rather than a demonstration."""
    demonstrated = torch.zeros(len(steps.episode_ids), dtype=torch.bool)
    demonstrated[steps.episode[steps.demonstration]] = True
    return {name: not shown for name, shown in zip(steps.episode_ids, demonstrated.tolist(), strict=True)}


def _honest(model: InterventionModel, steps: SupervisedSteps, chosen: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Leave out episodes that every member of the model has seen; return the others, and what to say about it."""
    judged = model.unseen(steps).any(0)
    numbers = {name: number for number, name in enumerate(steps.episode_ids)}
    honest = [name for name in chosen if bool(judged[steps.episode == numbers[name]].any())]
    if not honest:
        raise ScoreError(
            f"Every member of the intervention model has seen all {len(chosen)} chosen episodes; choose episodes that "
            "were recorded later, or a model of more members."
        )
    left = len(chosen) - len(honest)
    said = f"{left} of {len(chosen)} chosen episodes are left out: every member of the model has seen them."
    return honest, (said,) if left else ()


def _learned_from(
    steps: SupervisedSteps, supervised: list[str], held_out: list[str], seed: int
) -> tuple[SupervisedSteps, list[str], tuple[str, ...]]:
    """Return what the baselines learn from, which episodes are left to score, and what to say about it."""
    others = [name for name in supervised if name not in set(held_out)]
    if len(others) >= FEWEST_TO_LEARN_FROM:
        return _episodes(steps, others), held_out, ()
    split = split_episodes(_episodes(steps, held_out), share=_HELD_OUT, seed=seed)
    if not len(split.held_out):
        raise ScoreError(
            f"{len(held_out)} episodes are too few to hold some of them out; choose or record at least "
            f"{FEWEST_TO_LEARN_FROM}."
        )
    kept = {split.held_out.episode_ids[number] for number in split.held_out.episode.tolist()}
    left = [name for name in held_out if name in kept]
    said = (
        f"{len(left)} of {len(held_out)} episodes are held out and scored; the baselines learn from the others, "
        "because too few were not chosen."
    )
    return split.train, left, (said,)


def _notes_on(model: InterventionModel, held_out: list[str]) -> tuple[str, ...]:
    config = model.config
    notes = []
    seen = len(set(config.episode_ids) & set(held_out))
    if seen:
        notes.append(
            f"The model was fitted to {seen} of the {len(held_out)} episodes; about each of them only members that "
            "have not seen it are asked. Cost and scale were fitted to all."
        )
    weighed = len(set(config.forecast.episode_ids) & set(held_out)) if config.forecast else 0
    if weighed:
        notes.append(
            f"The forecast's networks are asked in the same way; its nine weights were fitted to {weighed} of them."
        )
    return tuple(notes)


def _episodes(steps: SupervisedSteps, names: Sequence[str]) -> SupervisedSteps:
    wanted = torch.tensor([name in set(names) for name in steps.episode_ids])
    return select_steps(steps, wanted[steps.episode])


def _first_row(workspace: Workspace, name: str) -> int:
    trim = read_history(workspace.edits_path(name), name).trim
    return 0 if trim is None else trim.first


def _rows_of(steps: SupervisedSteps, name: str) -> NDArray[np.int64]:
    return np.flatnonzero(steps.episode.numpy() == steps.episode_ids.index(name))


def _scored(  # noqa: PLR0917 - one row of a table
    name: str,
    probability: FloatArray,
    asked: BoolArray,
    ahead: BoolArray,
    elapsed: NDArray[np.int64],
    episodes: list[NDArray[np.int64]],
) -> ScoredPredictor:
    p, happened = probability[asked], ahead[asked]
    scores = score_probabilities(p, happened, elapsed[asked])
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


def _roc(p: FloatArray, happened: BoolArray) -> tuple[CurvePoint, ...]:
    return _thinned(*metrics.roc_curve(happened, p))


def _precision_recall(p: FloatArray, happened: BoolArray) -> tuple[CurvePoint, ...]:
    precision, recall, thresholds = metrics.precision_recall_curve(happened, p)
    # the last point, (0, 1), belongs to no threshold
    return _thinned(recall[:-1][::-1], precision[:-1][::-1], thresholds[::-1])


def _thinned(x: FloatArray, y: FloatArray, thresholds: FloatArray) -> tuple[CurvePoint, ...]:
    """Keep at most ``_MOST_POINTS``, both ends among them; a threshold above every probability is said as 1."""
    places = np.unique(np.linspace(0, len(x) - 1, min(len(x), _MOST_POINTS)).round().astype(int))
    return tuple(
        CurvePoint(round(float(x[at]), _DIGITS), round(float(y[at]), _DIGITS), min(1.0, float(thresholds[at])))
        for at in places
    )


def _reliability(p: FloatArray, happened: BoolArray) -> tuple[ReliabilityPoint, ...]:
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
