"""Results as Markdown."""

import math
from collections.abc import Iterable, Sequence

from experiments.curves import MethodCurve, Setting
from experiments.statistics import Estimate, mean_with_interval, paired_difference
from mile_desktop.evaluation.statistics import Interval

REFERENCE = "iwr"
"""The areas of all other methods are compared with this method's."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table with aligned columns."""
    cells = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def number(value: float, digits: int = 2, *, sign: bool = False) -> str:
    """Write a number; a dash for NaN."""
    if not math.isfinite(value):
        return "–"
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def with_interval(mean: float, interval: Interval, digits: int = 2, *, sign: bool = False) -> str:
    """Write a number and its interval."""
    if not math.isfinite(interval[0]):
        return number(mean, digits, sign=sign)
    low, high = (number(each, digits, sign=sign) for each in interval)
    return f"{number(mean, digits, sign=sign)} [{low}, {high}]"


def estimate(value: Estimate | None, digits: int = 3, *, sign: bool = False) -> str:
    """Write an estimate; a dash for None."""
    return "–" if value is None else with_interval(value.mean, value.interval, digits, sign=sign)


_LEARNING_HEAD = (
    "learner",
    "seeds",
    "start",
    "best round",
    "last round",
    "human steps",
    "operator min",
    "area",
    f"area − {REFERENCE}, paired",
    "core-min",
)


def learning_table(setting: Setting) -> str:
    """Return one row a learner: success at the start and in the end, area, difference in area to the reference."""
    return _table_of((), [((), each) for each in _learning_rows(setting)])


def overview_table(settings: Sequence[Setting]) -> str:
    """Return the rows of all ``settings`` in one table."""
    rows = [((setting.scene, setting.supervision), row) for setting in settings for row in _learning_rows(setting)]
    return _table_of(("scene", "supervisor"), rows)


def _table_of(head: tuple[str, ...], rows: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> str:
    """Return a table; without the operator's time when no row has it, as in results from before it was measured."""
    column = _LEARNING_HEAD.index("operator min")
    kept = [place for place in range(len(_LEARNING_HEAD)) if place != column or any(r[place] != "–" for _, r in rows)]
    names = (*head, *(_LEARNING_HEAD[place] for place in kept))
    return table(names, [(*first, *(row[place] for place in kept)) for first, row in rows])


def _learning_rows(setting: Setting) -> list[tuple[str, ...]]:
    reference = setting.curve(REFERENCE)
    return [_learning_row(each, reference) for each in setting.curves]


def _learning_row(curve: MethodCurve, reference: MethodCurve | None) -> tuple[str, ...]:
    compared = None if reference is None or reference is curve else paired_difference(curve.areas, reference.areas)
    return (
        curve.method,
        str(len(curve.seeds)),
        number(float(curve.success[0])),
        number(curve.best),
        with_interval(curve.final, curve.final_interval),
        f"{curve.human_steps[-1]:.0f}",
        "–" if curve.operator_minutes is None else number(curve.operator_minutes, 1),
        estimate(curve.area),
        estimate(compared, sign=True),
        number(curve.cpu_s / 60, 1),
    )


def learning_section(setting: Setting) -> str:
    """Return a description of one setting and its table."""
    return f"{describe(setting)}\n\n{learning_table(setting)}"


def describe(setting: Setting) -> str:
    """Describe one setting in a sentence."""
    return (
        f"**{setting.scene}**, supervisor *{setting.supervision}*: {setting.rounds} rounds of {setting.episodes} "
        f"episodes, evaluated on {setting.evaluate} starts; areas up to {setting.budget:.0f} human steps."
    )


def wrong_table(accurate: Setting, wrong: Sequence[Setting]) -> str:
    """Return learners under a supervisor with a wrong picture of the robot, against the same with a right one."""
    head = ("supervisor", "learner", "seeds", "last round", "human steps", "last − with a right supervisor, paired")
    rows = [
        (
            setting.supervision,
            curve.method,
            str(len(curve.seeds)),
            with_interval(curve.final, curve.final_interval),
            f"{curve.human_steps[-1]:.0f}",
            estimate(None if right is None else paired_difference(curve.finals, right.finals), 2, sign=True),
        )
        for setting in wrong
        for curve in setting.curves
        for right in (accurate.curve(curve.method),)
    ]
    return table(head, rows)


BCE_PAIRS = (("mile-iwr", "iwr"), ("mile-silent", "mile-imitation"))
"""The same imitation with and without the intervention term."""


def bce_table(settings: Sequence[Setting]) -> str:
    """Return the difference that the intervention term makes to the same imitation."""
    head = ("supervisor", "with", "without", "seeds", "success with", "without", "difference, paired", "human steps")
    rows = [
        (
            setting.supervision,
            ours.method,
            theirs.method,
            str(len(ours.seeds)),
            with_interval(ours.final, ours.final_interval),
            with_interval(theirs.final, theirs.final_interval),
            estimate(paired_difference(ours.finals, theirs.finals), sign=True),
            f"{ours.human_steps[-1]:.0f}",
        )
        for setting in settings
        for ours, theirs in ((setting.curve(first), setting.curve(second)) for first, second in BCE_PAIRS)
        if ours is not None and theirs is not None
    ]
    return table(head, rows)


PAIRS = (
    ("mile", "iwr"),
    ("mile", "hg-dagger"),
    ("mile", "bc"),
    ("mile", "mile-silent"),
    ("hg-dagger", "iwr"),
    ("mile-silent", "hg-dagger"),
    ("mile-no-silence", "hg-dagger"),
    ("mile-silent", "mile-no-silence"),
)
"""Learners compared over all scenes; ``mile-no-silence`` is HG-DAgger's imitation with the intervention term."""


def pairs_table(settings: Sequence[Setting]) -> str:
    """Return differences over all scenes, paired by scene and seed; pairs without a common seed are left out."""
    head = ("learner", "against", "pairs", "difference in area", "difference in success after the last round")
    rows = [
        (first, second, str(len(areas)), _over_all(areas), _over_all(finals))
        for first, second in PAIRS
        for areas, finals in (
            (differences(settings, first, second, "areas"), differences(settings, first, second, "finals")),
        )
        if areas
    ]
    return table(head, rows)


def differences(settings: Sequence[Setting], first: str, second: str, what: str) -> list[float]:
    """Return ``first`` − ``second`` for every setting and seed that has both."""
    found: list[float] = []
    for setting in settings:
        ours, theirs = (getattr(setting.curve(name), what, {}) for name in (first, second))
        found.extend(ours[seed] - theirs[seed] for seed in sorted(ours.keys() & theirs.keys()))
    return found


def _over_all(values: Sequence[float]) -> str:
    return estimate(mean_with_interval(values), sign=True)
