"""Whether anything grew during a soak, and the table of its figures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from faults.soak_samples import Sample

WARM_UP_S = 180.0
"""Pages, caches and the first training come in this time; growth is looked for afterwards."""
_YOUNG_S = 300.0
"""A child grows while it loads, and once more for the next few scenes; it is measured from this age on."""
_LONG_S = 300.0
"""Shorter lives say nothing about growth."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity and how much its median may grow from the first quarter after the warm-up to the last."""

    title: str
    of: Callable[[Sample], float]
    may_grow: float


QUANTITIES = (
    Quantity("window: memory (MiB)", lambda each: each.window.memory_mb, 20.0),
    Quantity("window: threads", lambda each: each.window.threads, 1.0),
    Quantity("window: open handles", lambda each: each.window.handles, 4.0),
    Quantity("window: widgets", lambda each: each.widgets, 60.0),
    Quantity("processes", lambda each: each.processes, 1.0),
    Quantity("blocks of shared memory", lambda each: each.blocks, 1.0),
)
CHILD_MB_A_MINUTE = 1.0
"""Growth of a child's memory that is reported as a leak."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    title: str
    early: float
    late: float
    largest: float
    grew: bool


def rows_of(samples: Sequence[Sample]) -> list[Row]:
    """Return early and late median and the largest value of every quantity after the warm-up."""
    # A run that is shorter than the warm-up is judged as a whole, so that a short trial says something, too.
    settled = [each for each in samples if each.at_s >= WARM_UP_S] or list(samples)
    quarter = max(1, len(settled) // 4)
    rows = []
    for quantity in QUANTITIES:
        values = [quantity.of(each) for each in settled]
        # Medians of quarters: a training that runs in one sample must not count as growth.
        early, late = median(values[:quarter]), median(values[-quarter:])
        rows.append(Row(quantity.title, early, late, max(values), late - early > quantity.may_grow))
    return rows


@dataclass(frozen=True, slots=True)
class ChildRow:
    """One kind of child process over all its lives."""

    role: str
    lives: int
    largest_mb: float
    largest_threads: int
    mb_a_minute: float | None
    """Growth of memory once it is loaded; None where no life was long enough."""

    @property
    def grew(self) -> bool:
        """Whether it counts as a leak."""
        return self.mb_a_minute is not None and self.mb_a_minute > CHILD_MB_A_MINUTE


def child_rows(samples: Sequence[Sample]) -> list[ChildRow]:
    """Return one row for each kind of child; growth is the mean slope over its lives, weighted by their length."""
    rows = []
    for role in sorted({role for each in samples for role in each.children}):
        seen = [each.children[role] for each in samples if role in each.children]
        # a robot needs less memory than a scene: only like is compared with like
        alike = [each.children[role] for each in samples if role in each.children and not each.robot]
        grown = lived = 0.0
        for pid in {each.pid for each in seen}:
            life = [each for each in alike if each.pid == pid and each.age_s >= _YOUNG_S]
            if life and (length := life[-1].age_s - life[0].age_s) >= _LONG_S:
                third = max(1, len(life) // 3)
                # medians of the ends: one sample in the middle of a collection of garbage must not decide
                rise = median(e.memory_mb for e in life[-third:]) - median(e.memory_mb for e in life[:third])
                grown += rise
                # The medians of the first and the last third lie two thirds of the life apart.
                lived += length * 2.0 / 3.0
        slope = 60.0 * grown / lived if lived else None
        most = max(each.threads for each in seen)
        rows.append(ChildRow(role, len({e.pid for e in seen}), max(e.memory_mb for e in seen), most, slope))
    return rows


def grown(samples: Sequence[Sample]) -> list[str]:
    """Return what grew, one sentence each; empty where everything stayed flat."""
    found = [f"{row.title}: {row.early:g} → {row.late:g}" for row in rows_of(samples) if row.grew]
    return found + [f"{row.role}: {row.mb_a_minute:.2f} MiB a minute" for row in child_rows(samples) if row.grew]
