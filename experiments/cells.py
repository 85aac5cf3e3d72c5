"""All kinds of cells, and how each is run."""

from collections.abc import Callable
from typing import Any

from experiments.learning_cell import LearningCell, LearningCurve, run_learning
from experiments.prediction_cell import PredictionCell, PredictionOutcome, run_prediction
from experiments.recovery_cell import Recovery, RecoveryCell, run_recovery
from experiments.temporal_cell import TemporalCell, TemporalOutcome, run_temporal

AnyCell = LearningCell | RecoveryCell | TemporalCell | PredictionCell
"""Settings of one cell."""

AnyResult = LearningCurve | Recovery | TemporalOutcome | PredictionOutcome
"""What comes of it."""

_RUNS: dict[type, Callable[[Any], AnyResult]] = {
    LearningCell: run_learning,
    RecoveryCell: run_recovery,
    TemporalCell: run_temporal,
    PredictionCell: run_prediction,
}


def run_cell(cell: AnyCell) -> AnyResult:
    """Compute the result of ``cell``: a function of its settings alone, alike in whatever process it is called."""
    return _RUNS[type(cell)](cell)
