"""From one demonstration to 95 %: how many operator minutes it takes, and the figure of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.cells import AnyCell
from experiments.documents import fill_section, picture
from experiments.figures import draw_minutes
from experiments.learning_cell import LearningCell, LearningCurve, LearningPoint
from experiments.results import CellResult, ResultStore
from experiments.seeds import REPORTING_SEEDS
from experiments.starts import Start
from experiments.statistics import mean_with_interval, sign_flip_p
from experiments.supervisor_setup import SimulatedSupervisor
from experiments.tables import estimate, number, table
from experiments.variants import variant

ONE_DEMONSTRATION_SCENES = ("button-press", "drawer-open", "pick-place", "lunar-lander", "peg-insertion")
WANTED = 0.95
_METHOD = "mile-tried"
"""The program's default."""
_EARLIER = "mile-calm"
"""An earlier default, of which the record has the same seeds."""
_ROUNDS, _EPISODES, _STARTS = 6, 4, 50
_LEVEL = 0.005
"""Pairs whose difference is smaller are level."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """One seed: the operator's minutes up to each evaluation, and its success."""

    seed: int
    minutes: tuple[float, ...]
    success: tuple[float, ...]
    cpu_s: float

    def reached(self) -> float | None:
        """Return the minutes at the first evaluation at ``WANTED`` or above; None where there is none."""
        found = [minutes for minutes, success in zip(self.minutes, self.success, strict=True) if success >= WANTED]
        return found[0] if found else None

    @property
    def area(self) -> float:
        """Mean success after the rounds; a curve that ended early keeps its last value."""
        after = [*self.success[1:], *[self.success[-1]] * (_ROUNDS + 1 - len(self.success))]
        return float(np.mean(after))

    @property
    def held(self) -> bool:
        """Whether two evaluations in a row were at ``WANTED`` or above."""
        return any(min(pair) >= WANTED for pair in zip(self.success, self.success[1:], strict=False))


def one_demonstration_grid(scenes: Sequence[str], seeds: int, supervisor: str) -> list[AnyCell]:
    """Return the cells seed by seed, so that a run that is stopped has every scene."""
    return [
        LearningCell(
            scene=scene,
            method=_METHOD,
            training=variant(_METHOD),
            supervision=SimulatedSupervisor(kind=supervisor),
            seed=seed,
            rounds=_ROUNDS,
            episodes=_EPISODES,
            evaluate=_STARTS,
            start=Start(demonstrations=1),
            until=WANTED,
        )
        for seed in REPORTING_SEEDS[:seeds]
        for scene in scenes
    ]


def minutes_of(point: LearningPoint) -> float:
    """Return the operator's minutes up to ``point``: watching and driving."""
    return (point.watching_s + point.driving_s) / 60


def report_one_demonstration(store: ResultStore, figures: Path, document: Path | None = None) -> str:
    """Draw success against operator minutes and return the table; ``document``: its section gets both.

    Raises
    ------
    ResultError, DocumentError, FiguresMissingError
        A result is damaged, the document has no section ``one-demonstration``, or matplotlib is not installed.
    """
    groups = _groups(list(store.all()))
    seen_from = figures.parent / "tables.md" if document is None else document
    text = "Not run yet."
    if groups:
        parts = [_table(groups), *_pairs(groups)]
        shown = {key: seeds for key, seeds in groups.items() if key.method == _METHOD}
        for supervisor in dict.fromkeys(key.supervisor for key in shown):
            path = figures / f"{supervisor}.svg"
            draw_minutes({key.scene: seeds for key, seeds in shown.items() if key.supervisor == supervisor}, path)
            parts.append(picture(path, f"Success against operator minutes, {supervisor} supervisor", seen_from))
        text = "\n\n".join(parts)
    if document is not None:
        fill_section(document, "one-demonstration", text)
    return text


class _Group(NamedTuple):
    """One row of the table."""

    supervisor: str
    scene: str
    method: str


def _groups(results: Sequence[CellResult]) -> dict[_Group, list[Minutes]]:
    """Return the seeds of each row: by supervisor, then scene in the order of ``ONE_DEMONSTRATION_SCENES``."""
    found: dict[_Group, list[Minutes]] = {}
    for each in results:
        cell, curve = each.cell, each.result
        if isinstance(cell, LearningCell) and isinstance(curve, LearningCurve):
            points = [point for point in curve.points if point.evaluated]
            found.setdefault(_Group(cell.supervision.title, cell.scene, cell.method), []).append(
                Minutes(
                    cell.seed,
                    tuple(minutes_of(point) for point in points),
                    tuple(point.success for point in points),
                    each.cpu_s,
                )
            )
    order = {scene: place for place, scene in enumerate(ONE_DEMONSTRATION_SCENES)}
    return {
        key: found[key]
        for key in sorted(found, key=lambda key: (key.supervisor, order.get(key.scene, len(order)), key.method))
    }


def _table(groups: dict[_Group, list[Minutes]]) -> str:
    head = (
        "scene",
        "supervisor",
        "learner",
        "seeds",
        "start",
        "round 1",
        "last",
        "reached .95",
        "twice in a row",
        "minutes to .95: median [quartiles]",
        "core-min a seed",
    )
    return table(head, [_row(key, seeds) for key, seeds in groups.items()])


def _pairs(groups: dict[_Group, list[Minutes]]) -> list[str]:
    """Return the default against the one before it, paired by supervisor, scene and seed; empty without a pair."""
    areas = {(key, each.seed): each.area for key, seeds in groups.items() for each in seeds}
    gains = [
        area - areas[before]
        for (key, seed), area in areas.items()
        if key.method == _METHOD and (before := (key._replace(method=_EARLIER), seed)) in areas
    ]
    # One pair has neither an interval nor a p-value.
    if len(gains) < 2:
        return []
    found, p_value = estimate(mean_with_interval(gains), sign=True), number(sign_flip_p(gains), 3)
    ahead, behind = sum(each > _LEVEL for each in gains), sum(each < -_LEVEL for each in gains)
    text = (
        f"`{_METHOD}` against `{_EARLIER}`, mean success over {_ROUNDS} rounds: {found} over {len(gains)} pairs of the "
        f"same scene and seed (p {p_value}); ahead in {ahead}, behind in {behind}."
    )
    return [text]


def _row(key: _Group, seeds: Sequence[Minutes]) -> tuple[str, ...]:
    reached = [each.reached() for each in seeds]
    # A seed that never reached it counts as later than all others. It is not left out: that would flatter the median.
    values = [np.inf if each is None else each for each in reached]
    return (
        key.scene,
        key.supervisor,
        key.method,
        str(len(seeds)),
        number(float(np.median([each.success[0] for each in seeds]))),
        number(float(np.median([each.success[min(1, len(each.success) - 1)] for each in seeds]))),
        number(float(np.median([each.success[-1] for each in seeds]))),
        f"{sum(each is not None for each in reached)} of {len(seeds)}",
        f"{sum(each.held for each in seeds)} of {len(seeds)}",
        _quartiles(values),
        number(sum(each.cpu_s for each in seeds) / 60 / len(seeds), 1),
    )


def _quartiles(values: Sequence[float]) -> str:
    """Return median and quartiles; "not reached" for those that lie at seeds without the success."""
    # Values that were observed, not means of two: between a number and infinity there is nothing.
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75), method="higher")
    shown = [number(each, 1) if np.isfinite(each) else "not reached" for each in (middle, low, high)]
    return f"{shown[0]} [{shown[1]}, {shown[2]}]"
