"""The grids of the validation: calibration, temporal model and prediction under supervisors that are known exactly."""

from collections.abc import Callable, Sequence

from experiments.cells import AnyCell
from experiments.learning_cell import LearningCell
from experiments.prediction_cell import PredictionCell
from experiments.recovery_cell import RecoveryCell
from experiments.seeds import REPORTING_SEEDS
from experiments.starts import Start
from experiments.supervisor_setup import SimulatedSupervisor
from experiments.temporal_cell import TemporalCell
from experiments.variants import variant

COSTS, SCALES = (4.0, 12.0, 30.0), (0.5, 2.0, 8.0)
_LEARNED_SEEDS = 3  # fitting an ensemble takes ten times as long as calling the expert

TEMPORAL_SUPERVISORS: tuple[SimulatedSupervisor, ...] = (
    SimulatedSupervisor("probit"),
    SimulatedSupervisor("probit", {"delay_steps": 4}),
    SimulatedSupervisor("probit", {"hand_back": 0.1}),
    SimulatedSupervisor("probit", {"delay_steps": 4, "hand_back": 0.1}),
    SimulatedSupervisor("probit", {"cost": 8.0, "retention": 0.7, "delay_steps": 4, "hand_back": 0.1}),
    SimulatedSupervisor("attentive"),
    SimulatedSupervisor("segment"),
)
"""Supervisors with and without delay, persistence and evidence; neither model family contains the last two."""

METHODS = (
    "mile",
    "mile-silent",
    "iwr",
    "bc",
    "hg-dagger",
    "sirius",
    "mile-joint",
    "mile-published",
    "mile-iwr",
    "rlif",
)

WRONG: tuple[SimulatedSupervisor, ...] = (
    SimulatedSupervisor("attentive", lag_steps=6),
    SimulatedSupervisor("attentive", bias=0.25),
    SimulatedSupervisor("attentive", noise_std=0.3),
    SimulatedSupervisor("attentive", lag_rounds=1),
)
"""With a picture of the robot that is late by steps, biased, noisy, or late by a round."""

_LEARNING_EPOCHS = 60

REGIMES: tuple[SimulatedSupervisor, ...] = (
    SimulatedSupervisor("attentive"),
    SimulatedSupervisor("probit", {"cost": 4.0}),
    SimulatedSupervisor("probit", {"cost": 30.0}),
)
"""Takes over where it matters; at small errors; only at large errors."""


def calibration_grid(scene: str, seeds: int) -> list[AnyCell]:
    """Return cells that estimate the cost and scale of the supervisor."""
    known: list[AnyCell] = [
        RecoveryCell(scene=scene, cost=cost, cdf_scale=scale, seed=seed)
        for seed in range(seeds)
        for cost in COSTS
        for scale in SCALES
    ]
    # Fewer seeds, because the fit of an ensemble is most of the cost of a cell.
    learned = [
        RecoveryCell(scene=scene, cost=cost, cdf_scale=2.0, networks="learned", episodes=16, seed=seed)
        for seed in range(min(seeds, _LEARNED_SEEDS))
        for cost in COSTS
    ]
    return known + learned


def temporal_grid(scene: str, seeds: int) -> list[AnyCell]:
    """Return cells that compare the temporal model with the instantaneous one."""
    known: list[AnyCell] = [
        TemporalCell(scene=scene, supervision=supervisor, seed=seed)
        for seed in range(seeds)
        for supervisor in TEMPORAL_SUPERVISORS
    ]
    learned = [
        TemporalCell(scene=scene, supervision=supervisor, networks="learned", seed=seed)
        for seed in range(min(seeds, _LEARNED_SEEDS))
        for supervisor in (TEMPORAL_SUPERVISORS[0], TEMPORAL_SUPERVISORS[3])
    ]
    return known + learned


def prediction_grid(scene: str, seeds: int) -> list[AnyCell]:
    """Return cells that score predictors before and after a promotion."""
    return [
        PredictionCell(scene=scene, supervision=supervisor, seed=seed)
        for seed in range(seeds)
        for supervisor in (SimulatedSupervisor("attentive"), SimulatedSupervisor("probit"))
    ]


SUPERVISOR_KINDS = ("attentive", "segment", "probit", "novice", "stall", "tired")
CALL_SCENES = ("peg-insertion", "button-press", "drawer-open")


def calls_grid(scene: str, seeds: int) -> list[AnyCell]:
    """Return cells that score every predictor under every kind of supervisor, with today's way of training."""
    return [
        PredictionCell(
            scene=scene, supervision=SimulatedSupervisor(kind), seed=seed, recipe="default", ideas=False, unattended=10
        )
        for seed in range(seeds)
        for kind in SUPERVISOR_KINDS
    ]


def first_minutes_grid(scene: str, seeds: int) -> list[AnyCell]:
    """Return cells that score predictors after the first one and two rounds from one demonstration."""
    return [
        PredictionCell(
            scene=scene,
            supervision=SimulatedSupervisor("attentive"),
            seed=seed,
            episodes=episodes,
            recipe="default",
            ideas=False,
            unattended=10,
            start=Start(demonstrations=1),
        )
        for seed in REPORTING_SEEDS[:seeds]
        for episodes in (4, 8)
    ]


def methods_grid(scene: str, seeds: int) -> list[AnyCell]:
    """Return a curve for every method and every form of MILE."""
    return [_curve(scene, method, SimulatedSupervisor(), seed) for seed in range(seeds) for method in METHODS]


def inaccuracy_grid(scene: str, seeds: int) -> list[AnyCell]:
    """Return curves under supervisors with a wrong picture of the robot."""
    return [
        _curve(scene, method, wrong, seed)
        for seed in range(seeds)
        for wrong in WRONG
        for method in ("mile-silent", "iwr")
    ]


def bce_grid(scene: str, seeds: int) -> list[AnyCell]:
    """Return single trainings on twenty episodes, with and without the BCE for the same imitation.

    ``mile-iwr`` is ``iwr`` with the intervention term, ``mile-silent`` is ``mile-imitation`` with it.
    """
    pairs = [(supervisor, method) for supervisor in REGIMES for method in ("iwr", "mile-iwr")]
    pairs += [(REGIMES[0], method) for method in ("mile-imitation", "mile-silent")]
    return [
        LearningCell(
            scene=scene,
            method=method,
            training={**variant(method), "epochs": _LEARNING_EPOCHS},
            supervision=supervisor,
            seed=seed,
            rounds=1,
            episodes=20,
        )
        for seed in range(seeds)
        for supervisor, method in pairs
    ]


def _curve(scene: str, method: str, supervision: SimulatedSupervisor, seed: int) -> LearningCell:
    return LearningCell(
        scene=scene,
        method=method,
        training={**variant(method), "epochs": _LEARNING_EPOCHS},
        supervision=supervision,
        seed=seed,
        evaluated_after=(1, 2, 4),
    )


Grid = Callable[[str, int], Sequence[AnyCell]]

PARTS: dict[str, Grid] = {
    "calibration": calibration_grid,
    "temporal": temporal_grid,
    "prediction": prediction_grid,
    "calls": calls_grid,
    "first-minutes": first_minutes_grid,
    "methods": methods_grid,
    "inaccuracy": inaccuracy_grid,
    "bce": bce_grid,
}
"""Name on the command line → scene and number of seeds → cells."""
