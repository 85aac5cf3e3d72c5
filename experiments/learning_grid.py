"""The grid of the learning experiment: every learner on every scene and seed, under one supervisor."""

from dataclasses import dataclass
from typing import Any

import msgspec

from experiments.cells import AnyCell
from experiments.learning_cell import LearningCell
from experiments.starts import BUNDLED_START, Start
from experiments.supervisor_setup import SimulatedSupervisor
from experiments.variants import arm_of, variant
from mile_desktop.errors import UserError


class GridError(UserError, ValueError):
    """The grid cannot be built; the message names the wrong setting."""


@dataclass(frozen=True, slots=True)
class LearningGrid:
    """The settings that all cells of a grid share, and those in which they differ."""

    scenes: tuple[str, ...]
    methods: tuple[str, ...]
    """Keys of ``variants.VARIANTS``."""
    seeds: tuple[int, ...]
    supervisor: str
    supervision: dict[str, Any]
    """Fields of ``SimulatedSupervisor`` other than its kind."""
    training: dict[str, Any]
    """Training settings, over those of the learner."""
    rounds: int
    episodes: int
    evaluate: int
    evaluated_after: tuple[int, ...] = ()
    start: Start = BUNDLED_START
    keeps_demonstrations: bool = True


def learning_cells(grid: LearningGrid) -> list[AnyCell]:
    """Return the cells seed by seed: a run that is stopped has compared everything on fewer seeds.

    Raises
    ------
    GridError
        When a setting of the supervisor is unknown or has the wrong type.
    CellError
        When rounds, episodes or seeds make no sense together.
    """
    try:
        supervisor = msgspec.convert({"kind": grid.supervisor, **grid.supervision}, SimulatedSupervisor)
    except msgspec.ValidationError as error:
        raise GridError(f"The settings of the supervisor are wrong: {error}.") from error
    return [
        LearningCell(
            scene=scene,
            method=method,
            training=_training(method, grid),
            supervision=supervisor,
            seed=seed,
            rounds=grid.rounds,
            episodes=grid.episodes,
            evaluate=grid.evaluate,
            evaluated_after=grid.evaluated_after,
            arm=arm_of(method),
            start=grid.start,
            keeps_demonstrations=grid.keeps_demonstrations,
        )
        for seed in grid.seeds
        for scene in grid.scenes
        for method in grid.methods
    ]


def _training(method: str, grid: LearningGrid) -> dict[str, Any]:
    """Return the settings of a learner: its own, then those of the grid; a learner that sets its epochs keeps them."""
    own = variant(method)
    return {**own, **{name: value for name, value in grid.training.items() if name != "epochs" or name not in own}}
