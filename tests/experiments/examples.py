"""Cells that take a second, and results that were never computed."""

from collections.abc import Sequence

from experiments.cells import AnyCell
from experiments.engines import Cancelled, CellDone, CellFailed, OnEvent
from experiments.learning_cell import LearningCell, LearningCurve, LearningPoint
from experiments.results import CellResult


def tiny(method: str = "bc", seed: int = 0, scene: str = "peg-insertion") -> LearningCell:
    return LearningCell(
        scene=scene,
        method=method,
        training={"method": method, "epochs": 1},
        seed=seed,
        rounds=1,
        episodes=1,
        evaluate=1,
    )


def point(number: int, human_steps: int, outcomes: str) -> LearningPoint:
    return LearningPoint(round=number, human_steps=human_steps, outcomes=outcomes)


def result(cell: LearningCell, *points: LearningPoint) -> CellResult:
    curve = LearningCurve(
        initial_policy="initial", settings={}, points=points or (point(0, 0, "0011"), point(1, 10, "1111"))
    )
    return CellResult(cell=cell, result=curve, versions={}, cpu_s=60.0, wall_s=70.0, finished_at="")


class WrittenDown:
    """An engine that knows every result by heart; ``fails`` names methods that it does not know."""

    def __init__(self, fails: str = "") -> None:
        self.asked: list[AnyCell] = []
        self._fails = fails

    def run(self, cells: Sequence[AnyCell], on_event: OnEvent, cancelled: Cancelled) -> None:
        for cell in cells:
            if cancelled():
                return
            self.asked.append(cell)
            assert isinstance(cell, LearningCell)
            on_event(CellFailed(cell, "forgot it") if cell.method == self._fails else CellDone(result(cell)))
