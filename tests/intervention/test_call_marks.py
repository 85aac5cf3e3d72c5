from dataclasses import replace

import numpy as np
import torch

from mile_desktop.intervention.call_marks import (
    JUDGED_STEPS,
    JUDGED_WEIGHT,
    LATE,
    LATE_STEPS,
    UNNECESSARY,
    apply_marks,
)
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.fit import FittedModel
from mile_desktop.intervention.forecast_fit import fit_forecast
from mile_desktop.intervention.scores import takeover_ahead
from mile_desktop.learning.dataset import select_steps
from tests.intervention.toy import recorded


def _marked(row: int, code: int, taken: range = range(0)) -> SupervisedSteps:
    steps = recorded(2, demonstrations=0, length=100)
    nu = torch.zeros(len(steps), dtype=torch.bool)
    nu[list(taken)] = True
    marks = torch.zeros(len(steps), dtype=torch.int64)
    marks[row] = code
    return replace(steps, intervention=nu, call_mark=marks)


def test_an_unnecessary_call_makes_what_was_seen_count_more() -> None:
    steps = _marked(170, UNNECESSARY)
    ahead, weight = apply_marks(steps, takeover_ahead(steps)[1])
    assert not ahead.any()
    assert np.flatnonzero(weight == JUDGED_WEIGHT).tolist() == list(range(170 - JUDGED_STEPS, 171))
    early = _marked(110, UNNECESSARY)  # the mark stays in its own episode
    assert np.flatnonzero(apply_marks(early, takeover_ahead(early)[1])[1] > 1)[0] == 100


def test_a_late_call_moves_the_target_forward() -> None:
    steps = _marked(165, LATE, range(160, 168))
    ahead, weight = apply_marks(steps, takeover_ahead(steps)[1])
    assert ahead[160 - LATE_STEPS : 160].all()
    assert not ahead[: 160 - LATE_STEPS].any()
    assert (weight == 1).all()


def test_nothing_changes_without_marks(fitted: FittedModel, steps: SupervisedSteps) -> None:
    _, ahead = takeover_ahead(steps)
    same, weight = apply_marks(steps, ahead)
    assert same is ahead
    assert (weight == 1).all()


def test_the_refit_counts_the_marks(fitted: FittedModel, steps: SupervisedSteps) -> None:
    marks = torch.zeros(len(steps), dtype=torch.int64)
    marks[(steps.step == 59) & ~steps.intervention] = UNNECESSARY
    plain, judged = (fit_forecast(fitted.model, each) for each in (steps, replace(steps, call_mark=marks)))
    assert plain is not None
    assert judged is not None
    assert judged.config.bias < plain.config.bias, "what a person found unnecessary is expected less"


def test_marks_are_selected_with_their_steps() -> None:
    steps = _marked(170, LATE)
    part = select_steps(steps, steps.episode == 1)
    assert part.call_mark is not None
    assert int(part.call_mark[70]) == LATE
