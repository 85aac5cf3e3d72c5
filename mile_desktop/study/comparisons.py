"""Paired comparisons over participants: means, intervals and tests by scipy, Holm's correction by statsmodels."""

import itertools
import math
import warnings
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

from mile_desktop.study.protocol import Protocol
from mile_desktop.study.tables import Row

FEWEST = 3
"""With fewer participants no test is made: two differences say nothing about their spread."""

ByPerson = Mapping[str, float]
"""Participant → value."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A mean over participants with its interval."""

    name: str
    participants: int
    mean: float | None
    low: float | None = None
    high: float | None = None
    values: tuple[float, ...] = ()
    """One for each participant, sorted."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A paired comparison: ``second`` minus ``first``."""

    measure: str
    first: str
    second: str
    planned: bool
    participants: int
    """Participants with both values."""
    difference: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    """Of the paired t-test, two-sided."""
    p_holm: float | None = None
    """After Holm's correction over its family: the planned comparisons, or those looked at afterwards."""
    p_wilcoxon: float | None = None
    """Of the signed-rank test, as a check that does not assume a normal distribution."""
    significant: bool = False


def estimate(name: str, values: ByPerson, confidence: float) -> Estimate:
    """Return the mean and its t interval."""
    found = np.array([value for value in values.values() if math.isfinite(value)])
    if not len(found):
        return Estimate(name=name, participants=0, mean=None)
    mean = float(found.mean())
    low = high = None
    if len(found) >= FEWEST:
        half = float(stats.sem(found)) * float(stats.t.ppf(0.5 + confidence / 2, len(found) - 1))
        low, high = mean - half, mean + half
    return Estimate(
        name=name, participants=len(found), mean=mean, low=low, high=high, values=tuple(sorted(found.tolist()))
    )


def compare(
    measure: str, names: tuple[str, str], first: ByPerson, second: ByPerson, *, planned: bool, confidence: float
) -> Compared:
    """Compare two values of the same participants."""
    both = [
        (first[who], second[who])
        for who in first
        if who in second and math.isfinite(first[who]) and math.isfinite(second[who])
    ]
    shared = {"measure": measure, "first": names[0], "second": names[1], "planned": planned, "participants": len(both)}
    if not both:
        return Compared(**shared, difference=None)  # type: ignore[arg-type]
    a, b = (np.array(values) for values in zip(*both, strict=True))
    difference = float((b - a).mean())
    if len(both) < FEWEST or not np.ptp(b - a):
        # Without spread a t-test divides by zero: equal differences are reported as they are.
        return Compared(**shared, difference=difference)  # type: ignore[arg-type]
    test = stats.ttest_rel(b, a)
    interval = test.confidence_interval(confidence)
    with warnings.catch_warnings():
        # Few participants and ties: scipy says that it falls back to another way of computing.
        warnings.simplefilter("ignore")
        wilcoxon = float(stats.wilcoxon(b, a).pvalue)
    return Compared(
        **shared,  # type: ignore[arg-type]
        difference=difference,
        low=float(interval.low),
        high=float(interval.high),
        p=float(test.pvalue),
        p_wilcoxon=wilcoxon,
    )


def corrected(family: Sequence[Compared], alpha: float) -> tuple[Compared, ...]:
    """Return the family with Holm's correction; comparisons without a test stay as they are."""
    tested = [number for number, each in enumerate(family) if each.p is not None]
    if not tested:
        return tuple(family)
    rejected, adjusted, _, _ = multipletests([family[number].p for number in tested], alpha=alpha, method="holm")
    found = list(family)
    for number, reject, p in zip(tested, rejected, adjusted, strict=True):
        found[number] = msgspec.structs.replace(family[number], p_holm=float(p), significant=bool(reject))
    return tuple(found)


def by_condition(blocks: Iterable[Row], measure: str) -> dict[str, dict[str, float]]:
    """Return condition → participant → value of the measure, averaged over the participant's blocks."""
    gathered: dict[str, dict[str, list[float]]] = {}
    for row in blocks:
        value = row.get(measure)
        if isinstance(value, (int, float)) and math.isfinite(value):
            gathered.setdefault(str(row["condition"]), {}).setdefault(str(row["participant"]), []).append(float(value))
    return {
        condition: {who: sum(values) / len(values) for who, values in people.items()}
        for condition, people in gathered.items()
    }


def condition_comparisons(protocol: Protocol, blocks: Sequence[Row]) -> tuple[Compared, ...]:
    """Return the planned comparisons of conditions, and every other one as looked at afterwards."""
    confidence = 1.0 - protocol.alpha
    values = {measure: by_condition(blocks, measure) for measure in protocol.measures}
    wanted = {(each.measure, frozenset(each.conditions)) for each in protocol.planned}
    found: dict[bool, list[Compared]] = {True: [], False: []}
    names = [each.name for each in protocol.conditions]
    pairs: list[tuple[str, tuple[str, str]]] = [(each.measure, each.conditions) for each in protocol.planned]
    pairs += [
        (measure, pair)
        for measure in protocol.measures
        for pair in itertools.combinations(names, 2)
        if (measure, frozenset(pair)) not in wanted
    ]
    for measure, (first, second) in pairs:
        planned = (measure, frozenset((first, second))) in wanted
        a, b = values[measure].get(first, {}), values[measure].get(second, {})
        found[planned].append(compare(measure, (first, second), a, b, planned=planned, confidence=confidence))
    return (*corrected(found[True], protocol.alpha), *corrected(found[False], protocol.alpha))


def condition_estimates(protocol: Protocol, blocks: Sequence[Row]) -> dict[str, tuple[Estimate, ...]]:
    """Return measure → mean of each condition, in the order of the protocol."""
    confidence = 1.0 - protocol.alpha
    found = {}
    for measure in protocol.measures:
        values = by_condition(blocks, measure)
        found[measure] = tuple(
            estimate(each.name, values.get(each.name, {}), confidence) for each in protocol.conditions
        )
    return found
