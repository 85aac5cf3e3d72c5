"""Gains of the methods over the control arms: differences paired by scene and seed, corrected for their number."""

from collections.abc import Sequence

from experiments.arms import CONTROL_ARMS
from experiments.curves import Setting
from experiments.statistics import holm, mean_with_interval, sign_flip_p
from experiments.tables import differences, estimate, number, table
from experiments.variants import VARIANTS

RIVALS = ("hg-dagger", "iwr", "sirius", "bc", "rlif", "mile-four", "mile-calm", "mile-today", "mile-weighed")

_HEAD = (
    "learner",
    "against",
    "pairs",
    "difference in area",
    "difference in success after the last round",
    "p",
    "p, Holm",
)


def controls_table(settings: Sequence[Setting]) -> str:
    """Return each method against each control arm over all ``settings``; an empty string without a control arm.

    p is of the difference in success after the last round. Holm's correction is over all rows of one control arm.
    """
    rows = [row for control in CONTROL_ARMS for row in _against(control, settings)]
    return table(_HEAD, rows) if rows else ""


def rivals_table(settings: Sequence[Setting], ours: str) -> str:
    """Return ``ours`` against each of ``RIVALS`` in the same settings; an empty string where there is none.

    Negative differences: the rival is ahead. p is of the difference in area. Holm's correction is over all rows.
    """
    areas = {each: differences(settings, ours, each, "areas") for each in RIVALS if each != ours}
    found = {name: each for name, each in areas.items() if each}
    p_values = [sign_flip_p(each) for each in found.values()]
    rows = [
        (
            ours,
            name,
            str(len(each)),
            estimate(mean_with_interval(each), sign=True),
            estimate(mean_with_interval(differences(settings, ours, name, "finals")), sign=True),
            number(p, 3),
            number(adjusted, 3),
        )
        for (name, each), p, adjusted in zip(found.items(), p_values, holm(p_values), strict=True)
    ]
    return table(_HEAD, rows) if rows else ""


def _against(control: str, settings: Sequence[Setting]) -> list[tuple[str, ...]]:
    pairs = {name: differences(settings, name, control, "finals") for name in VARIANTS if name not in CONTROL_ARMS}
    found = {name: finals for name, finals in pairs.items() if finals}
    p_values = [sign_flip_p(finals) for finals in found.values()]
    return [
        (
            name,
            control,
            str(len(finals)),
            estimate(mean_with_interval(differences(settings, name, control, "areas")), sign=True),
            estimate(mean_with_interval(finals), sign=True),
            number(p, 3),
            number(adjusted, 3),
        )
        for (name, finals), p, adjusted in zip(found.items(), p_values, holm(p_values), strict=True)
    ]
