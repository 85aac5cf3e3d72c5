"""Success against human steps: curves of several seeds put together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from experiments.learning_cell import LearningCell, LearningCurve, LearningPoint
from experiments.results import CellResult
from experiments.statistics import Estimate, mean_with_interval
from experiments.variants import VARIANTS
from mile_desktop.arrays import Float64Array
from mile_desktop.evaluation.statistics import Interval, wilson_interval

_STARTS_AT_FIRST = 50
_Member = tuple[LearningCell, LearningCurve, float]
"""Settings, result and processor time of one seed."""
_Key = tuple[str, str, int, int, int]
"""Scene, conditions, rounds, episodes, evaluation starts."""


@dataclass(frozen=True, slots=True, eq=False)
class MethodCurve:
    """One method in one setting, over all its seeds."""

    method: str
    seeds: tuple[int, ...]
    human_steps: Float64Array
    """float64[p], mean over seeds, of the evaluated rounds."""
    success: Float64Array
    """float64[p], pooled over seeds."""
    low: Float64Array
    high: Float64Array
    """float64[p], Wilson intervals of the pooled evaluations."""
    areas: Mapping[int, float]
    """Seed → mean success over human steps from 0 to the setting's budget."""
    area: Estimate
    finals: Mapping[int, float]
    """Seed → success after the last round."""
    final: float
    final_interval: Interval
    best: float
    """Highest pooled success of the evaluated rounds."""
    cpu_s: float
    """Of all seeds."""
    operator_minutes: float | None
    """Watching and driving up to the last round, mean over seeds; None in results from before it was measured."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """Curves that may be compared: same scene, supervisor, rounds, episodes and evaluation."""

    scene: str
    supervision: str
    """The supervisor, and the start where it is not the bundled policy."""
    rounds: int
    episodes: int
    evaluate: int
    budget: float
    """Human steps up to which areas are taken: the median over all cells of the total after the last round."""
    curves: tuple[MethodCurve, ...]
    """In the order of ``VARIANTS``."""
    wrong: bool = False
    """The supervisor has a wrong picture of the robot."""
    own_start: bool = False
    """The learners begin with a policy that has learned from new demonstrations, not with the bundled one."""

    @property
    def slug(self) -> str:
        """For file names."""
        words = f"{self.scene} {self.supervision} {self.rounds}x{self.episodes}".replace(",", " ").split()
        # The first results had 50 starts, and their figures have names without it.
        starts = [] if self.evaluate == _STARTS_AT_FIRST else [f"{self.evaluate}-starts"]
        return "-".join([*words, *starts])

    def curve(self, method: str) -> MethodCurve | None:
        """Return the curve of ``method``; None when the setting has none."""
        return next((each for each in self.curves if each.method == method), None)


def settings_of(results: Iterable[CellResult]) -> tuple[Setting, ...]:
    """Group learning results that may be compared; results of other kinds are ignored."""
    groups: dict[_Key, list[_Member]] = {}
    for each in results:
        cell, curve = each.cell, each.result
        if isinstance(cell, LearningCell) and isinstance(curve, LearningCurve):
            key = (cell.scene, _conditions(cell), cell.rounds, cell.episodes, cell.evaluate)
            groups.setdefault(key, []).append((cell, curve, each.cpu_s))
    return tuple(_setting(key, groups[key]) for key in sorted(groups))


def _conditions(cell: LearningCell) -> str:
    """Return the supervisor's name, and what differs from a bundled start with its demonstrations in every batch."""
    without = "" if cell.keeps_demonstrations else "no demonstrations in training"
    return ", ".join(each for each in (cell.supervision.title, cell.start.title, without) if each)


def area_under(points: Sequence[LearningPoint], budget: float) -> float:
    """Return the mean success over human steps from 0 to ``budget``: straight lines between evaluations.

    A learner that used fewer steps keeps its last success up to ``budget``: it would have gone on with that policy.
    """
    evaluated = [each for each in points if each.evaluated]
    steps = np.array([each.human_steps for each in evaluated], float)
    success = np.array([each.success for each in evaluated])
    if budget <= 0:
        return float(success[0])
    inside = steps < budget
    at = np.concatenate((steps[inside], [budget]))
    value = np.concatenate((success[inside], [np.interp(budget, steps, success)]))
    return float(np.trapezoid(value, at) / budget)


def _setting(key: _Key, members: Sequence[_Member]) -> Setting:
    # Before rounds are left out: what was spent counts, whether it was evaluated or not.
    budget = float(np.median([curve.points[-1].human_steps for _, curve, _ in members]))
    members = _at_common_rounds(members)
    methods = sorted({cell.method for cell, _, _ in members}, key=list(VARIANTS).index)
    curves = tuple(
        _method_curve(method, sorted((each for each in members if each[0].method == method), key=_seed), budget)
        for method in methods
    )
    first = members[0][0]
    return Setting(
        *key,
        budget=budget,
        curves=curves,
        wrong=first.supervision.inaccurate,
        own_start=first.start.demonstrations > 0,
    )


def _seed(member: _Member) -> int:
    return member[0].seed


def _at_common_rounds(members: Sequence[_Member]) -> list[_Member]:
    """Leave out rounds that were not evaluated in all of ``members``: areas over different rounds do not compare."""
    rounds = set.intersection(*({each.round for each in curve.points if each.evaluated} for _, curve, _ in members))
    return [
        (cell, msgspec.structs.replace(curve, points=tuple(each for each in curve.points if each.round in rounds)), cpu)
        for cell, curve, cpu in members
    ]


def _method_curve(method: str, members: Sequence[_Member], budget: float) -> MethodCurve:
    rows = [[point for point in curve.points if point.evaluated] for _, curve, _ in members]
    columns = list(zip(*rows, strict=False))
    counts = [_pooled(column) for column in columns]
    success = np.array([successes / max(1, episodes) for successes, episodes in counts])
    intervals = np.array([wilson_interval(*each) for each in counts])
    areas = {cell.seed: area_under(curve.points, budget) for cell, curve, _ in members}
    return MethodCurve(
        method=method,
        seeds=tuple(areas),
        human_steps=np.array([np.mean([point.human_steps for point in column]) for column in columns]),
        success=success,
        low=intervals[:, 0],
        high=intervals[:, 1],
        areas=areas,
        area=mean_with_interval(list(areas.values())),
        finals={cell.seed: curve.points[-1].success for cell, curve, _ in members},
        final=float(success[-1]),
        final_interval=wilson_interval(*counts[-1]),
        best=float(success.max()),
        cpu_s=sum(cpu_s for _, _, cpu_s in members),
        operator_minutes=_operator_minutes([curve.points[-1] for _, curve, _ in members]),
    )


def _pooled(column: Sequence[LearningPoint]) -> tuple[int, int]:
    return sum(each.outcomes.count("1") for each in column), sum(each.evaluated for each in column)


def _operator_minutes(last: Sequence[LearningPoint]) -> float | None:
    # an old result has steps and no time; an arm without an operator has neither, and its time is 0
    if any(each.steps and not (each.watching_s or each.driving_s) for each in last):
        return None
    return float(np.mean([(each.watching_s + each.driving_s) / 60 for each in last]))
