"""All kinds of cells, and how each is run."""

from mile_desktop.evaluation.experiments.learning import LearningCell, LearningCurve, run_learning

AnyCell = LearningCell
"""Settings of one cell."""

AnyResult = LearningCurve
"""What comes of it."""


def run_cell(cell: AnyCell) -> AnyResult:
    """Compute the result of ``cell``: a function of its settings alone, alike in whatever process it is called."""
    return run_learning(cell)
