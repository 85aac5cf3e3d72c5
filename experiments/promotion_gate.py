"""How often the gate lets a worse policy through, on policies that the experiments trained.

The window compares a new policy with the old one before it suggests *Use*. Here the same rule decides on half of the
evaluation starts of two consecutive policies of a learning curve, and the other half says whether it was right.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from experiments.documents import fill_section
from experiments.learning_cell import LearningCell, LearningCurve
from experiments.results import CellResult, ResultStore
from experiments.tables import number, table
from mile_desktop.evaluation.policies import looks
from mile_desktop.evaluation.statistics import TOLERATED_LOSS, compare_paired

_STARTS = 100
"""Curves with fewer evaluation starts are left out: half of them would say too little."""
_FIRST_LOOK = 20
"""Starts of the window's first comparison."""


@dataclass(frozen=True, slots=True)
class GateTrial:
    """One new policy before the gate."""

    scene: str
    promoted: bool
    difference: float
    """Success of the new policy − that of the old one, on starts that the gate did not see."""

    @property
    def is_worse(self) -> bool:
        """Whether it lost as much as a comparison has to rule out."""
        # Rounded: .9 − 1.0 is a little more than −.1 as a binary number.
        return round(self.difference, 6) <= -TOLERATED_LOSS


def gate_trials(results: Iterable[CellResult]) -> tuple[GateTrial, ...]:
    """Return two trials for each pair of consecutive evaluated policies: each half of the starts decides once."""
    return tuple(trial for result in results for trial in _trials_of(result))


def _trials_of(result: CellResult) -> Iterator[GateTrial]:
    cell, curve = result.cell, result.result
    if not isinstance(cell, LearningCell) or not isinstance(curve, LearningCurve) or cell.arm != "supervised":
        return  # the control arms are no policies that a person would be asked about
    evaluated = [point.outcomes for point in curve.points if len(point.outcomes) >= _STARTS]
    for before, after in pairwise(evaluated):
        # A start on which an episode crashed says nothing about either policy.
        shared = [(a == "1", b == "1") for a, b in zip(before, after, strict=True) if "x" not in (a, b)]
        half = len(shared) // 2
        for seen, held_back in ((shared[:half], shared[half:]), (shared[half:], shared[:half])):
            old, new = (np.mean([pair[side] for pair in held_back]) for side in (0, 1))
            yield GateTrial(cell.scene, is_promoted(seen), float(new - old))


def is_promoted(seen: Sequence[tuple[bool, bool]]) -> bool:
    """Return the window's suggestion: it looks at 20 starts, and at all of ``seen`` (old, new) if that is too few."""
    for size in looks(_FIRST_LOOK, len(seen)):
        paired = compare_paired([old for old, _ in seen[:size]], [new for _, new in seen[:size]])
        if paired.is_decided:
            break
    return paired.suggestion == "use"


def gate_table(trials: Sequence[GateTrial]) -> str:
    """Return one row for what the gate let through and one for what it held back."""
    rows = []
    for name, chosen in (
        ("suggested *Use*", [each for each in trials if each.promoted]),
        ("suggested *Keep*", [each for each in trials if not each.promoted]),
        ("without a gate", list(trials)),
    ):
        worse = sum(each.is_worse for each in chosen)
        mean = float(np.mean([each.difference for each in chosen])) if chosen else float("nan")
        share = 100 * worse / len(chosen) if chosen else float("nan")
        rows.append((name, str(len(chosen)), number(mean, 3, sign=True), str(worse), number(share, 1)))
    return table(("the gate", "trials", "mean difference", "worse by .10 or more", "of 100"), rows)


def report_gate(stores: Sequence[ResultStore], document: Path | None = None) -> str:
    """Return the table over all ``stores``; ``document``: its section ``gate`` gets it.

    Raises
    ------
    ResultError, DocumentError
        A result is damaged, or the document has no section ``gate``.
    """
    trials = gate_trials(each for store in stores for each in store.all())
    text = gate_table(trials) if trials else "No curve with 100 evaluation starts is recorded yet."
    if document is not None:
        fill_section(document, "gate", text)
    return text
