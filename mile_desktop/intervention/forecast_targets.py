"""What the forecast is fitted to: takeovers ahead, and how attempts ended that nobody watched.

A supervisor takes over in attempts that would have succeeded, and leaves no record of the failures that it prevents. So
a forecast that learned from takeovers alone called in every success of the lunar lander. Unattended attempts show both.
"""

from dataclasses import dataclass

import numpy as np
import torch

from mile_desktop.arrays import BoolArray, Float64Array
from mile_desktop.intervention.call_marks import apply_marks
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.scores import takeover_ahead

FAILING_STEPS = 60
"""The last three seconds of an unattended failure count as if a takeover were ahead: nobody can say when earlier a
person would have had to step in. With one and a half or six seconds the forecast was no better."""
SUCCESS_WEIGHT = 4.0
"""Steps of unattended successes count as much as those that a person has judged, see ``call_marks``. With 10 the lunar
lander's forecast ranked the supervisor's takeovers worse (AUROC .67 in place of .73) and called no better."""


@dataclass(frozen=True, slots=True, eq=False)
class ForecastTargets:
    """Targets of the logistic and of the onset classifier, one for each of ``t`` steps."""

    asked: BoolArray
    """Steps that are learned from."""
    ahead: BoolArray
    weight: Float64Array
    scored: BoolArray
    """What happened: takeovers ahead as they were recorded, without marks, and how unattended attempts ended."""
    quiet: BoolArray
    """Steps of unattended successes: nobody is needed there."""


def forecast_targets(steps: SupervisedSteps) -> ForecastTargets:
    """Return the targets with marks and outcomes applied."""
    asked, happened = takeover_ahead(steps)
    ahead, weight = apply_marks(steps, happened)
    if steps.unattended is None or not bool(steps.unattended.any()):
        nobody = np.zeros(len(steps), dtype=np.bool_)
        return ForecastTargets(asked, ahead, weight, happened, nobody)
    alone, success = steps.unattended.numpy(), steps.success.numpy()
    failed = alone if steps.failed is None else alone & steps.failed.numpy()
    failing = failed & ~success & (steps_left(steps).numpy() < FAILING_STEPS)
    return ForecastTargets(
        # The earlier part of a failure, and attempts that were broken off, are neither good nor bad.
        asked=asked & (~alone | success | failing),
        ahead=ahead | failing,
        weight=np.where(alone & success, SUCCESS_WEIGHT, weight),
        scored=happened | failing,
        quiet=alone & success,
    )


def steps_left(steps: SupervisedSteps) -> torch.Tensor:
    """Return how many steps of its episode follow each step, float32[t]."""
    last = torch.zeros(len(steps.episode_ids), dtype=torch.int64)
    last.scatter_reduce_(0, steps.episode, steps.step, "amax")
    return (last[steps.episode] - steps.step).float()
