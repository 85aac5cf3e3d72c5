"""How well takeovers are predicted: on held-out episodes of the same person, and on held-out persons.

The predictors and their scores are those of the scorecard (``intervention.compare``). Networks of MILE and of the
forecast are those that ship with the scene or are in use: they were trained before the study. What the published model
fits to a person is fitted here to the training part alone: cost and scale, and the parameters of the temporal model.
"""

import logging
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mile_desktop.arrays import BoolArray
from mile_desktop.intervention.calibration import calibrate
from mile_desktop.intervention.compare import predict_all
from mile_desktop.intervention.cost_fit import CalibrationError
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.intervention.scores import ScoreError, score_probabilities, takeover_ahead
from mile_desktop.intervention.temporal import fit_temporal
from mile_desktop.learning.dataset import select_steps, steps_of, supervised_steps
from mile_desktop.registry.intervention_models import model_in_use
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.comparisons import compare, corrected, estimate
from mile_desktop.study.participants import participants_text
from mile_desktop.study.results import PredictionResult
from mile_desktop.study.tables import StudyTables

SAME_PERSON, OTHER_PERSONS = "held-out episodes of the same person", "held-out persons"
SCORES = ("auroc", "phase_matched_auroc", "brier", "log_likelihood")
MAIN_SCORE = "auroc"
"""The score that is tested; the others are reported."""
_FOLDS = 4
"""Parts into which the persons are split: each is predicted from the others."""
_HELD_OUT = 3
"""Every third episode of a person is held out, so that every block has some in both parts."""
_CALIBRATION_SHARE, _FIT_SHARE = 0.4, 0.7
"""Of the time of one part: up to the end of the calibration, and of all that is fitted to the model. Measured with
10,000 steps: calibration 5.0 s of 12, temporal model 3.3 s."""
_log = logging.getLogger(__name__)

Report = Callable[[float, str], None]
PersonScores = dict[str, dict[str, dict[str, float]]]
"""Predictor → score → participant → value."""


def predict_takeovers(
    tables: StudyTables, workspace: Workspace, scene: str, *, seed: int, report: Report
) -> tuple[PredictionResult, ...]:
    """Score every predictor on the counted episodes of ``scene``, in both ways of holding out.

    Raises
    ------
    ScoreError
        There is no intervention model for the scene.
    """
    model = model_in_use(workspace, scene)
    episodes: dict[str, list[str]] = {}
    for each in tables.counted:
        if each.record.start.scene == scene:
            episodes.setdefault(each.who, []).append(each.record.episode_id)
    names = [name for mine in episodes.values() for name in mine]
    steps = supervised_steps([read_episode(workspace, name) for name in names], [])
    same = _same_person(model, steps, episodes, lambda share, text: report(0.7 * share, text))
    others = _other_persons(model, steps, episodes, seed, lambda share, text: report(0.7 + 0.3 * share, text))
    protocol = tables.study.protocol
    return tuple(
        _result(scene, held_out, scores, notes, protocol.reference, protocol.alpha)
        for held_out, (scores, notes) in ((SAME_PERSON, same), (OTHER_PERSONS, others))
    )


def _same_person(
    model: InterventionModel, steps: SupervisedSteps, episodes: Mapping[str, Sequence[str]], report: Report
) -> tuple[PersonScores, tuple[str, ...]]:
    scores: PersonScores = {}
    left_out = []
    for number, (who, mine) in enumerate(episodes.items()):
        text = f"Participant {number + 1} of {len(episodes)}, from their own episodes"
        held = [name for place, name in enumerate(mine) if place % _HELD_OUT == _HELD_OUT - 1]
        train = select_steps(steps, steps_of(steps, set(mine) - set(held)))
        test = select_steps(steps, steps_of(steps, set(held)))
        left_out += _add_scores(scores, model, (train, test), {who: held}, _part(report, number, len(episodes), text))
    return scores, _left_out(left_out)


def _other_persons(
    model: InterventionModel,
    steps: SupervisedSteps,
    episodes: Mapping[str, Sequence[str]],
    seed: int,
    report: Report,
) -> tuple[PersonScores, tuple[str, ...]]:
    people = sorted(episodes)
    np.random.default_rng(seed).shuffle(people)
    folds = min(_FOLDS, len(people))
    scores: PersonScores = {}
    left_out: list[str] = []
    if folds == 1:
        return scores, ("Only one participant: nobody can be predicted from others.",)
    for fold in range(folds):
        held = {who: episodes[who] for who in people[fold::folds]}
        mask = steps_of(steps, {name for mine in held.values() for name in mine})
        text = f"Part {fold + 1} of {folds} of the participants, from the others"
        both = select_steps(steps, ~mask), select_steps(steps, mask)
        left_out += _add_scores(scores, model, both, held, _part(report, fold, folds, text))
    return scores, _left_out(left_out)


def _part(report: Report, number: int, of: int, whose: str) -> Report:
    """Return where part ``number`` of ``of`` equal ones reports its own share."""
    return lambda share, text: report((number + share) / of, f"{whose}: {text}")


def _left_out(people: Sequence[str]) -> tuple[str, ...]:
    if not people:
        return ()
    are = "is" if len(people) == 1 else "are"
    why = "there is no takeover of theirs to predict, or too little to learn from"
    return (f"{participants_text(len(people))} {are} left out: {why}.",)


def _add_scores(
    scores: PersonScores,
    model: InterventionModel,
    both: tuple[SupervisedSteps, SupervisedSteps],
    held: Mapping[str, Sequence[str]],
    report: Report,
) -> list[str]:
    """Learn from the first of ``both``, predict the second, and add each participant's scores.

    Returns those of whom there are no scores.
    """
    train, test = both
    try:
        fitted = _fitted(model, train, report)
        predicted = predict_all(
            fitted, train, test, report=lambda done, of, name: report(_FIT_SHARE + (1 - _FIT_SHARE) * done / of, name)
        )
    except (ScoreError, ValueError) as error:
        _log.warning("Participants %s are not predicted: %s", ", ".join(held), error)
        return list(held)
    asked, ahead = takeover_ahead(test)
    elapsed = test.step.numpy()
    left_out = []
    for who, names in held.items():
        rows: BoolArray = steps_of(test, set(names)).numpy() & asked
        if not 0 < int(ahead[rows].sum()) < int(rows.sum()):
            left_out.append(who)
            continue
        for name, each in predicted.items():
            found = score_probabilities(each.soon[rows], ahead[rows], elapsed[rows])
            for score in SCORES:
                scores.setdefault(name, {}).setdefault(score, {})[who] = float(getattr(found, score))
    return left_out


def _fitted(model: InterventionModel, train: SupervisedSteps, report: Report) -> InterventionModel:
    """Return the model with cost, scale and temporal parameters fitted to the training part."""
    try:
        report(0.0, "cost and scale")
        model, _ = calibrate(model, train)
        if model.config.temporal is not None:
            report(_CALIBRATION_SHARE, "the temporal model")
            model = model.with_config(temporal=fit_temporal(model, train).parameters)
    except CalibrationError as error:
        _log.warning("Cost and scale stay as they are: %s", error)
    return model


def _result(  # noqa: PLR0917 - one row of the report
    scene: str, held_out: str, scores: PersonScores, notes: tuple[str, ...], reference: str, alpha: float
) -> PredictionResult:
    confidence = 1.0 - alpha
    estimates = {
        score: tuple(estimate(name, found[score], confidence) for name, found in scores.items()) for score in SCORES
    }
    family = [
        compare(
            MAIN_SCORE,
            (name, reference),
            found[MAIN_SCORE],
            scores[reference][MAIN_SCORE],
            planned=True,
            confidence=confidence,
        )
        for name, found in scores.items()
        if name != reference and reference in scores
    ]
    people = {who for found in scores.values() for who, value in found[MAIN_SCORE].items() if math.isfinite(value)}
    return PredictionResult(
        scene=scene,
        held_out=held_out,
        participants=len(people),
        estimates=estimates,
        comparisons=corrected(family, alpha),
        notes=notes,
    )
