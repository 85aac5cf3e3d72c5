"""The results that documents rest on are of the learners they name."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from experiments.learning_cell import LearningCell, LearningCurve
from experiments.results import CellResult, ResultStore, cell_key
from experiments.variants import variant

RESULTS = Path(__file__).parents[2] / "experiments" / "results"


def recorded(part: str) -> list[CellResult]:
    return list(ResultStore(RESULTS / "no work folder", RESULTS / f"{part}.jsonl").all())


def curves(part: str) -> Iterator[tuple[LearningCell, LearningCurve]]:
    for each in recorded(part):
        if isinstance(each.cell, LearningCell) and isinstance(each.result, LearningCurve):
            yield each.cell, each.result


def committed(*parts: str) -> list[str]:
    """Return those of ``parts`` whose results are there; the newer grids have none before their first run."""
    return [part for part in parts if (RESULTS / f"{part}.jsonl").exists()]


@pytest.mark.parametrize("part", committed("learning", "validation", "one-demonstration"))
def test_every_curve_is_of_the_learner_it_is_filed_under(part: str) -> None:
    """A default that changed must not turn an old learner's curve into the new one's."""
    for cell, curve in curves(part):
        as_trained = {"follow_through": 0} | curve.settings
        assert variant(cell.method).items() <= as_trained.items(), cell_key(cell)
        assert variant(cell.method).items() <= cell.training.items(), cell_key(cell)


@pytest.mark.parametrize("part", committed("learning", "validation", "one-demonstration", "reproduction"))
def test_record_is_sorted_by_key_and_has_every_cell_once(part: str) -> None:
    lines = (RESULTS / f"{part}.jsonl").read_bytes().splitlines()
    keys = [cell_key(msgspec.json.decode(line, type=CellResult).cell) for line in lines]
    assert keys
    assert keys == sorted(set(keys))
