"""The grid of generated data under other dynamics, and its tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from experiments.cells import AnyCell
from experiments.documents import fill_section
from experiments.generation_cell import ARMS, GenerationCell, GenerationOutcome
from experiments.results import ResultStore
from experiments.statistics import mean_with_interval
from experiments.tables import estimate, number, table, with_interval
from mile_desktop.evaluation.statistics import wilson_interval

GENERATION_SCENES = ("button-press", "drawer-open", "lunar-lander")
"""Short episodes first; the lander has no physics that a shift changes, only its actions and sensors."""
FIRST_GRID_SEED = 1
"""Seed 0 was used to try the harness; its numbers are not reported."""


class _Done(NamedTuple):
    cell: GenerationCell
    outcome: GenerationOutcome


def generation_grid(scenes: Sequence[str], seeds: int) -> list[AnyCell]:
    """Return the cells seed by seed: a run that is stopped has compared every scene on fewer seeds."""
    numbers = range(FIRST_GRID_SEED, FIRST_GRID_SEED + seeds)
    return [GenerationCell(scene=scene, seed=seed) for seed in numbers for scene in scenes]


def report_generation(store: ResultStore, document: Path | None = None) -> str:
    """Return the tables of all generation results in ``store``; ``document``: its section ``generation`` gets them.

    Raises
    ------
    ResultError, DocumentError
        A result is damaged, or the document has no such section.
    """
    done = [_Done(each.cell, each.result) for each in store.all()
            if isinstance(each.cell, GenerationCell) and isinstance(each.result, GenerationOutcome)]  # fmt: skip
    text = f"{_success_table(done)}\n\n{_gain_table(done)}\n\n{_data_table(done)}" if done else "Not run yet."
    if document is not None:
        fill_section(document, "generation", text)
    return text


def _scenes(done: Sequence[_Done]) -> list[str]:
    return [scene for scene in GENERATION_SCENES if any(each.cell.scene == scene for each in done)]


def _shifts(done: Sequence[_Done]) -> list[str]:
    return list(dict.fromkeys(shift for each in done for shift in each.cell.shifts))


def _rates(done: Sequence[_Done], scene: str, shift: str, arm: int) -> dict[int, float]:
    """Return seed → success of an arm."""
    return {each.cell.seed: each.outcome.arms[arm].success(shift) for each in done if each.cell.scene == scene}


def _success_table(done: Sequence[_Done]) -> str:
    """Return the success of each arm, all starts of all seeds together."""
    rows = []
    for scene in _scenes(done):
        here = [each for each in done if each.cell.scene == scene]
        for shift in _shifts(done):
            row = [scene, shift, str(len(here))]
            for arm in range(len(ARMS)):
                signs = "".join(each.outcome.arms[arm].outcomes[shift] for each in here)
                successes, starts = signs.count("1"), len(signs) - signs.count("x")
                row.append(with_interval(successes / max(1, starts), wilson_interval(successes, starts)))
            rows.append(row)
    return table(("scene", "shift", "seeds", *ARMS), rows)


def _gain_table(done: Sequence[_Done]) -> str:
    """Return each arm's gain over interventions alone, paired by scene and seed."""
    rows = []
    for shift in [*_shifts(done), "all"]:
        row = [shift]
        for arm in range(1, len(ARMS)):
            gains = [gain for scene in _scenes(done) for gain in _gains(done, scene, shift, arm)]
            row.append(estimate(mean_with_interval(gains), 2, sign=True))
        rows.append([*row, str(len(gains))])
    return table(("shift", *(f"{arm} − interventions" for arm in ARMS[1:]), "pairs"), rows)


def _gains(done: Sequence[_Done], scene: str, shift: str, arm: int) -> list[float]:
    shifts = _shifts(done) if shift == "all" else [shift]
    pairs = [(_rates(done, scene, each, arm), _rates(done, scene, each, 0)) for each in shifts]
    # One value a seed, also over all shifts: the shifts of a cell share their policies and are no new evidence.
    return [sum(ours[seed] - theirs[seed] for ours, theirs in pairs) / len(pairs) for seed in pairs[0][0]]


def _data_table(done: Sequence[_Done]) -> str:
    """Return what was collected and generated, means over the seeds."""
    rows = []
    for scene in _scenes(done):
        here = [each.outcome for each in done if each.cell.scene == scene]
        rows.append((
            scene,
            _mean([each.human_steps for each in here], 0),
            _mean([each.gate_human_error for each in here], 2),
            _mean([each.gate_policy_error for each in here], 2),
            f"{sum(each.gate_opens for each in here)} of {len(here)}",
            _mean([each.arms[1].added_episodes for each in here], 1),
            _mean([each.arms[2].added_episodes for each in here], 1),
            _mean([each.generated_corrections for each in here], 0),
        ))  # fmt: skip
    head = ("scene", "human steps", "error of the learned human", "of the policy", "gate open",
            "replayed episodes", "generated episodes", "corrected steps in them")  # fmt: skip
    return table(head, rows)


def _mean(values: Sequence[float], digits: int) -> str:
    return number(sum(values) / len(values), digits)
