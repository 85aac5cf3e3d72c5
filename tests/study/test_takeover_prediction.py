"""Whose takeovers are scored, with steps of a toy task in place of a whole study."""

import dataclasses

import numpy as np
import pytest

from mile_desktop.intervention.compare import Predicted
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.dataset import steps_of
from mile_desktop.study import takeover_prediction
from tests.intervention.toy import recorded


def without_takeovers_in(steps: SupervisedSteps, episode: str) -> SupervisedSteps:
    return dataclasses.replace(steps, intervention=steps.intervention & ~steps_of(steps, {episode}))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_participant_without_a_takeover_is_left_out_and_no_other(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = recorded(3, demonstrations=0, flaw=2.5, seed=2)
    held = {who: [name] for who, name in zip(("P01", "P02", "P03"), steps.episode_ids, strict=True)}
    people = list(held)
    test = without_takeovers_in(steps, steps.episode_ids[place])
    # The networks are not the subject: what they say is the same number at every step.
    monkeypatch.setattr(takeover_prediction, "_fitted", lambda model, *_: model)
    constant = {"stopwatch": Predicted(now=None, soon=np.full(len(test), 0.5))}
    monkeypatch.setattr(takeover_prediction, "predict_all", lambda *_, **__: constant)
    scores: takeover_prediction.PersonScores = {}
    left_out = takeover_prediction._add_scores(scores, None, (steps, test), held, lambda *_: None)  # type: ignore[arg-type]
    assert left_out == [people[place]]
    assert list(scores["stopwatch"]["auroc"]) == [who for who in people if who != people[place]]
