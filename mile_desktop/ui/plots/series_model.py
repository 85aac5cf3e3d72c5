"""Series, axes and their numbers as values; no Qt."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mile_desktop.ui.plots.table import Table

LOSSES = (("total", "training loss"), ("held_out", "validation loss"))
"""Losses of a training and their titles. Each gets a plot of its own: they are different measures, and one axis would
suggest that they can be compared."""
SUCCESS = "success"
"""Name of the curve of a comparison: share of successes over the starts that both policies have finished. It stands
where a training holds nothing out, as the default recipe does, so that there is no validation loss."""

Curve = Sequence[tuple[float, float]]
"""Epoch and value."""

Style = Literal["line", "dashed", "dotted", "points", "bars"]


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: what it measures, in which unit, over which range."""

    title: str
    unit: str = ""
    range: tuple[float, float] | None = None
    """None: what the points need."""
    ticks: tuple[tuple[float, str], ...] = ()
    """(position, name) of each category; empty for an axis of numbers."""
    counts: bool = False
    """It counts things: only whole numbers are marked."""

    @property
    def label(self) -> str:
        """``lead time (s)``."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def text(self, value: float) -> str:
        """Return ``value`` as text: the name of a category, or the number with its unit."""
        for position, name in self.ticks:
            if math.isclose(position, value):
                return name
        return f"{value:.4g} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Series:
    """Points that belong together, drawn as a line, as marks, or as bars from zero up."""

    name: str
    points: tuple[tuple[float, float], ...]
    """x, y."""
    colour: str = "policy"
    """A colour of the theme."""
    style: Style = "line"
    x_intervals: tuple[tuple[float, float], ...] = ()
    """Low and high of each point along x, drawn as a bar with ends; empty: none."""
    tips: tuple[str, ...] = ()
    """More about each point, shown below its values; empty: nothing."""

    def __post_init__(self) -> None:
        # Found here, where the caller is known, and not while painting.
        for each, what in ((self.x_intervals, "intervals"), (self.tips, "tips")):
            if each and len(each) != len(self.points):
                raise ValueError(f"{self.name}: {len(each)} {what} for {len(self.points)} points.")


@dataclass(frozen=True, slots=True)
class PointIndex:
    """One point of one series."""

    series: int
    index: int


def table_of(x: Axis, y: Axis, series: Sequence[Series]) -> Table:
    """Return the numbers of all ``series``, one point a row."""
    with_intervals = any(each.x_intervals for each in series)
    columns = ("series", x.label, y.label, *(("low", "high") if with_intervals else ()))
    rows: list[tuple[object, ...]] = []
    for each in series:
        for index, (x_value, y_value) in enumerate(each.points):
            low_high = each.x_intervals[index] if each.x_intervals else ("", "")
            names = (_cell(x, x_value), _cell(y, y_value))
            rows.append((each.name, *names, *(low_high if with_intervals else ())))
    return Table(columns, tuple(rows))


def _cell(axis: Axis, value: float) -> object:
    return axis.text(value) if axis.ticks else value


def step_along(series: Sequence[Series], point: PointIndex | None, points: int, lines: int) -> PointIndex | None:
    """Return where the arrow keys lead from ``point``: ``points`` along the series, ``lines`` to another series."""
    filled = [index for index, each in enumerate(series) if each.points]
    if not filled:
        return None
    # The plot may have been given other series since the point was chosen.
    if point is None or point.series not in filled:
        return PointIndex(filled[0], 0)
    chosen = filled[(filled.index(point.series) + lines) % len(filled)]
    last = len(series[chosen].points) - 1
    return PointIndex(chosen, min(max(point.index + points, 0), last))
