"""Power of a protocol: simulated persons give the spread, many studies are drawn from them, and the tests are counted.

The whole session of each person is simulated once. A study then draws persons with replacement, and for each condition
episodes of that person with replacement from all of their blocks: so the conditions do not differ, whatever the
population file assumes. A difference of the wanted size is added to one comparison, the planned tests with Holm's
correction are made, and how often that comparison comes out is its power. Size 0 gives the rate of false alarms.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from scipy import stats

from mile_desktop.arrays import BoolArray, Float64Array
from mile_desktop.errors import UserError
from mile_desktop.evaluation.statistics import wilson_interval
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.plan import session_plan
from mile_desktop.study.population import Population, draw_person
from mile_desktop.study.protocol import LAST_ROUND, Comparison, Protocol
from mile_desktop.study.rehearsal import rehearse
from mile_desktop.study.tables import StudyTables

Report = Callable[[float, str], None]

_SIMULATION_SHARE = 0.9


class PowerError(UserError):
    """The power of this protocol cannot be computed."""


class PowerRow(msgspec.Struct, frozen=True, kw_only=True):
    """The chance of finding one difference with one number of participants."""

    measure: str
    first: str
    second: str
    size: float
    """The difference, in the measure's own unit."""
    share: float
    """The same as a share of the measure's mean."""
    participants: int
    found: float
    """Share of the studies in which the comparison came out, after Holm's correction."""
    low: float
    high: float
    """Wilson interval of that share, for the number of studies drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class PersonEpisodes:
    """What one simulated person did."""

    success: Float64Array
    """float64[e], 1 for a success; every counted episode."""
    human_steps: Float64Array
    takeovers: Float64Array
    minutes: Float64Array
    tlx: Float64Array
    """float64[b], raw TLX of each block; empty where none is asked."""


def simulate_persons(
    protocol: str, population: Population, persons: int, *, report: Report = lambda _share, _text: None
) -> tuple[PersonEpisodes, ...]:
    """Simulate the whole session of so many persons, without the window, in a folder that is removed afterwards.

    Raises
    ------
    StudyFileError
        The protocol cannot be used.
    PowerError
        It retrains policies between rounds, which takes minutes for each block.
    """
    with tempfile.TemporaryDirectory(prefix="study-power-") as place:
        study = StudyFolder.create(Path(place) / "study", protocol)
        if any(step.kind == "training" for row in range(len(study.protocol.square))
               for step in session_plan(study.protocol, row)):  # fmt: skip
            raise PowerError(
                "The protocol retrains policies between rounds; its power cannot be simulated. Use one without method."
            )
        for number in range(persons):
            report(_SIMULATION_SHARE * number / persons, f"Simulating person {number + 1} of {persons}")
            rehearse(study, study.add_participant(simulated=True).code, draw_person(population, number))
        with Workspace.open(study.folder, create=False) as workspace:
            return _episodes_of(StudyTables(study, workspace))


def pilot_persons(folder: Path) -> tuple[PersonEpisodes, ...]:
    """Return what the participants of a recorded study did: a pilot, or a simulated study that is there already.

    Raises ``StudyFolderError`` where there is no study, and ``PowerError`` where nothing is recorded in it.
    """
    study = StudyFolder(folder)
    with Workspace.open(study.folder, create=False) as workspace:
        persons = _episodes_of(StudyTables(study, workspace))
    found = tuple(each for each in persons if len(each.success))
    if not found:
        raise PowerError(f"No episode of a block is recorded in {folder}, so it says nothing about the spread.")
    return found


def _episodes_of(tables: StudyTables) -> tuple[PersonEpisodes, ...]:
    tlx: dict[str, list[float]] = {}
    for row in tables.questionnaires():
        if row["item"] == "tlx" and isinstance(row["value"], float):
            tlx.setdefault(str(row["participant"]), []).append(row["value"])
    found = []
    for person in tables.people:
        who = tables.name_of(person.code)
        mine = [each.record for each in tables.counted if each.who == who]
        found.append(
            PersonEpisodes(
                success=np.array([float(each.outcome == "success") for each in mine]),
                human_steps=np.array([float(each.human_steps) for each in mine]),
                takeovers=np.array([float(each.takeovers) for each in mine]),
                minutes=np.array([each.steps / each.start.rate_hz / 60.0 for each in mine]),
                tlx=np.array(tlx.get(who, [])),
            )
        )
    return tuple(found)


def study_power(
    protocol: Protocol,
    persons: Sequence[PersonEpisodes],
    participants: Sequence[int],
    shares: Sequence[float],
    *,
    studies: int,
    seed: int,
    report: Report = lambda _share, _text: None,
) -> tuple[PowerRow, ...]:
    """Return the chance of finding each planned difference, for every size and number of participants.

    Parameters
    ----------
    shares
        Sizes of the difference as shares of the measure's mean over the persons.
    studies
        How many studies are drawn for each number of participants.

    Raises
    ------
    PowerError
        Nothing is planned, or there are too few persons.
    """
    if not protocol.planned:
        raise PowerError("The protocol plans no comparison, so there is no difference whose power could be computed.")
    if len(persons) < 2:
        raise PowerError("One simulated person has no spread; simulate at least 2, better 12 or more.")
    rows: list[PowerRow] = []
    for place, count in enumerate(participants):
        report(_SIMULATION_SHARE + 0.1 * place / len(participants), f"Drawing {studies} studies of {count}")
        rng = np.random.default_rng([seed, count])
        drawn = _draw(protocol, persons, count, studies, rng)
        for number, comparison in enumerate(protocol.planned):
            mean = float(np.nanmean(drawn[comparison.measure][comparison.conditions[0]]))
            for share in shares:
                came_out = _came_out(protocol, drawn, number, share * mean)
                rows.append(_row(comparison, share * mean, share, count, int(came_out.sum()), studies))
    return tuple(rows)


def _row(  # noqa: PLR0917 - one row of a table
    comparison: Comparison, size: float, share: float, participants: int, found: int, studies: int
) -> PowerRow:
    low, high = wilson_interval(found, studies)
    first, second = comparison.conditions
    return PowerRow(
        measure=comparison.measure,
        first=first,
        second=second,
        size=size,
        share=share,
        participants=participants,
        found=found / studies,
        low=low,
        high=high,
    )


Drawn = Mapping[str, Mapping[str, Float64Array]]
"""Measure → condition → float64[studies, participants]."""


def _draw(
    protocol: Protocol, persons: Sequence[PersonEpisodes], count: int, studies: int, rng: np.random.Generator
) -> Drawn:
    """Draw studies in which the conditions do not differ."""
    chosen = rng.integers(len(persons), size=(studies, count))
    in_block = round(np.mean([len(block.starts) for block in protocol.blocks]))
    blocks = len(protocol.blocks) // len(protocol.conditions)
    rounds = max(block.rounds for block in protocol.blocks)
    measures = {each.measure for each in protocol.planned}
    drawn: dict[str, dict[str, Float64Array]] = {measure: {} for measure in measures}
    for condition in protocol.conditions:
        values = {measure: np.full((studies, count), np.nan) for measure in measures}
        for person, each in enumerate(persons):
            places = np.nonzero(chosen == person)
            amount = len(places[0])
            if not amount:
                continue
            episodes = rng.integers(len(each.success), size=(amount, in_block * blocks))
            for measure in measures:
                counted = episodes
                if measure.endswith(LAST_ROUND):
                    # Only the spread is wanted, and that of fewer episodes is larger.
                    counted = episodes[:, : len(episodes[0]) // rounds]
                values[measure][places] = _value(measure.removesuffix(LAST_ROUND), each, counted, blocks, rng)
        for measure in measures:
            drawn[measure][condition.name] = values[measure]
    return drawn


def _value(
    measure: str, person: PersonEpisodes, episodes: np.ndarray, blocks: int, rng: np.random.Generator
) -> Float64Array:
    """Return the measure of each drawn set of episodes, float64[amount]."""
    if measure == "tlx":
        if not len(person.tlx):
            return np.full(len(episodes), np.nan)
        mean: Float64Array = person.tlx[rng.integers(len(person.tlx), size=(len(episodes), blocks))].mean(1)
        return mean
    success, human = person.success[episodes].sum(1), person.human_steps[episodes].sum(1)
    match measure:
        case "success":
            found = person.success[episodes].mean(1)
        case "success_per_minute":
            found = success / person.minutes[episodes].sum(1)
        case "success_per_human_step":
            # Nobody drove: the measure does not exist, as in the analysis.
            found = np.where(human > 0, 100.0 * success / np.maximum(human, 1.0), np.nan)
        case "human_steps":
            found = human / blocks
        case _:
            found = person.takeovers[episodes].sum(1) / blocks
    value: Float64Array = found
    return value


def _came_out(protocol: Protocol, drawn: Drawn, number: int, size: float) -> BoolArray:
    """Return for each study whether comparison ``number``, to which ``size`` is added, is significant."""
    p = []
    for place, each in enumerate(protocol.planned):
        first, second = (drawn[each.measure][name] for name in each.conditions)
        moved = second + (size if place == number else 0.0)
        p.append(stats.ttest_rel(moved, first, axis=1, nan_policy="omit").pvalue)
    values = np.nan_to_num(np.array(p, dtype=np.float64), nan=1.0)
    # The comparison must also point to the right side; with a size of 0 either side is a false alarm.
    first, second = (drawn[protocol.planned[number].measure][name] for name in protocol.planned[number].conditions)
    right = np.ones(values.shape[1], bool) if size == 0 else np.nanmean(second + size - first, axis=1) * size > 0
    result: BoolArray = holm_rejects(values, protocol.alpha)[number] & right
    return result


def holm_rejects(p: Float64Array, alpha: float) -> BoolArray:
    """Return for each hypothesis and study whether Holm's step-down test rejects it: bool[m, n] of float64[m, n].

    For all studies at once. statsmodels' ``multipletests``, which the analysis of one study uses, takes one set of p
    values and collects Python's garbage at every call, a tenth of a second each.
    """
    order = np.argsort(p, axis=0)
    bounds = alpha / np.arange(len(p), 0, -1)[:, None]
    # Step down from the smallest p: the first that is not below its bound keeps itself and all larger ones.
    rejected = np.logical_and.accumulate(np.take_along_axis(p, order, axis=0) <= bounds, axis=0)
    result = np.zeros(p.shape, bool)
    np.put_along_axis(result, order, rejected, axis=0)
    return result
