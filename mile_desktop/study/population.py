"""Simulated persons for a study: drawn from a documented population file, each with traits of their own."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np

from mile_desktop.operators.segment import SegmentSettings
from mile_desktop.study.names import Name, StudyFileError, read_toml
from mile_desktop.study.protocol import PROTOCOLS, Condition
from mile_desktop.study.questionnaires import TLX_STEPS, Questionnaire

POPULATION = PROTOCOLS / "population.toml"
"""The population that ships."""

_TREMOR, _LEAN = 0.15, 0.08
"""Of a person without any skill; the segment supervisor's own are half of it."""
_MEMORY_LEAST, _MEMORY_MOST = 0.55, 0.9
_STALL_MOST = 0.35
_AGREEMENT = 0.7
"""Share of the distance at which a person stepped in, under which they hand back."""
_TLX_NOISE = 8.0
_ITEM_NOISE = 1.2


class Trait(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A normal distribution that is cut at both ends."""

    mean: float
    sd: Annotated[float, msgspec.Meta(ge=0.0)]
    least: float
    most: float


class Traits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """In what persons differ."""

    cost: Trait
    delay: Trait
    skill: Trait
    patience: Trait
    workload: Trait


class Effects(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a condition does to a person: assumed, not found."""

    delay_with_calls: Annotated[float, msgspec.Meta(gt=0.0, le=10.0)] = 1.0
    workload_with_strip: float = 0.0
    workload_per_human_share: float = 0.0


class Population(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A population file."""

    format: Literal[1]
    name: Name
    seed: Annotated[int, msgspec.Meta(ge=0)]
    traits: Traits
    effects: Effects = Effects()


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One simulated person."""

    number: int
    cost: float
    delay: float
    skill: float
    patience: float
    workload: float
    effects: Effects

    def settings(self, condition: Condition | None, rate_hz: float) -> SegmentSettings:
        """Return how this person supervises under a condition; None: while practising."""
        factor = self.effects.delay_with_calls if condition is not None and condition.calls else 1.0
        clumsy = 1.0 - self.skill
        return SegmentSettings(
            reaction_steps=max(0, round(self.delay * factor * rate_hz)),
            memory=_MEMORY_LEAST + (_MEMORY_MOST - _MEMORY_LEAST) * self.patience,
            disagreement=self.cost,
            agreement=_AGREEMENT * self.cost,
            stall=_STALL_MOST * (1.0 - self.patience),
            tremor=_TREMOR * clumsy,
            lean=_LEAN * clumsy,
        )

    def answers(
        self, asked: Questionnaire, condition: Condition | None, human_share: float, rng: np.random.Generator
    ) -> dict[str, int | str]:
        """Return answers to a questionnaire after a block in which the person drove this share of the steps."""
        strip = condition is not None and condition.show_p
        level = self.workload + self.effects.workload_per_human_share * human_share
        level += self.effects.workload_with_strip if strip else 0.0
        given: dict[str, int | str] = {}
        for item in asked.asked:
            if item.kind == "text":
                continue  # persons of a simulation have nothing to say
            if item.kind == "scale":
                value = np.clip(rng.normal(level, _TLX_NOISE), 0.0, 100.0)
                given[item.name] = int(TLX_STEPS * round(float(value) / TLX_STEPS))
            else:
                middle = (1 + item.points) / 2
                given[item.name] = int(np.clip(round(rng.normal(middle, _ITEM_NOISE)), 1, item.points))
        return given


def read_population(path: Path) -> Population:
    """Read and check a population file; raises ``StudyFileError`` with file, key, found and expected."""
    population = read_toml(path, Population)
    for name in Traits.__struct_fields__:
        trait: Trait = getattr(population.traits, name)
        if not trait.least <= trait.mean <= trait.most:
            found = f"least {trait.least:g}, mean {trait.mean:g}, most {trait.most:g}"
            raise StudyFileError(path, f"traits.{name}", found, "least ≤ mean ≤ most")
    bounds = {"cost": (0.01, 2.0), "delay": (0.0, 5.0), "skill": (0.0, 1.0), "patience": (0.0, 1.0)}
    for name, (low, high) in bounds.items():
        trait = getattr(population.traits, name)
        if trait.least < low or trait.most > high:
            found = f"least {trait.least:g}, most {trait.most:g}"
            raise StudyFileError(path, f"traits.{name}", found, f"values from {low:g} to {high:g}")
    return population


def draw_person(population: Population, number: int) -> Person:
    """Return person ``number`` of the population; the same one at every call."""
    # A stream for each person: person 5 is the same in a study of 8 and in one of 16.
    rng = np.random.default_rng([population.seed, number])
    drawn = {}
    for name in Traits.__struct_fields__:
        trait: Trait = getattr(population.traits, name)
        drawn[name] = float(np.clip(rng.normal(trait.mean, trait.sd), trait.least, trait.most))
    return Person(number=number, effects=population.effects, **drawn)
