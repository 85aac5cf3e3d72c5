"""All kinds of cells, and the function that runs each."""

from collections.abc import Callable
from typing import Any

from experiments.generation_cell import GenerationCell, GenerationOutcome, run_generation
from experiments.learning_cell import LearningCell, LearningCurve, run_learning
from experiments.prediction_cell import PredictionCell, PredictionOutcome, run_prediction
from experiments.recovery_cell import Recovery, RecoveryCell, run_recovery
from experiments.temporal_cell import TemporalCell, TemporalOutcome, run_temporal
from experiments.words_cell import WordsCell, WordsOutcome, run_words

AnyCell = LearningCell | RecoveryCell | TemporalCell | PredictionCell | GenerationCell | WordsCell
"""Settings of one cell."""

AnyResult = LearningCurve | Recovery | TemporalOutcome | PredictionOutcome | GenerationOutcome | WordsOutcome
"""Result of one cell."""

_RUNS: dict[type, Callable[[Any], AnyResult]] = {
    LearningCell: run_learning,
    RecoveryCell: run_recovery,
    TemporalCell: run_temporal,
    PredictionCell: run_prediction,
    GenerationCell: run_generation,
    WordsCell: run_words,
}


def run_cell(cell: AnyCell) -> AnyResult:
    """Compute the result of ``cell``. It depends on the settings alone, not on the process that runs it."""
    return _RUNS[type(cell)](cell)
