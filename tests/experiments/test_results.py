from pathlib import Path

import msgspec
import pytest

from experiments.grid import run_grid
from experiments.results import ResultError, ResultStore, cell_key
from experiments.supervisor_setup import Supervision
from tests.experiments.examples import WrittenDown, result, tiny


def test_result_survives_the_file(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "cells")
    store.write(result(tiny()))
    assert store.read(tiny()) == result(tiny())
    assert list(store.all()) == [result(tiny())]


def test_key_depends_on_every_setting_and_nothing_else() -> None:
    assert cell_key(tiny()) == cell_key(tiny())
    assert len({cell_key(each) for each in (tiny(), tiny("iwr"), tiny(seed=1))}) == 3
    spelt_out = msgspec.structs.replace(tiny(), supervision=Supervision(kind="attentive", changes={}))
    assert cell_key(spelt_out) == cell_key(tiny())
    wrong = msgspec.structs.replace(tiny(), supervision=Supervision(bias=0.1))
    assert cell_key(wrong) != cell_key(tiny())


def test_damaged_result_is_named(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    store.write(result(tiny()))
    store.path(tiny()).write_bytes(store.path(tiny()).read_bytes()[:50])
    with pytest.raises(ResultError, match="delete it and run again"):
        store.read(tiny())


def test_grid_runs_what_is_missing_only(tmp_path: Path) -> None:
    store, engine = ResultStore(tmp_path), WrittenDown()
    cells = [tiny("bc"), tiny("iwr"), tiny("mile")]
    store.write(result(cells[1]))
    seen = []
    outcome = run_grid(cells, store, engine, on_progress=seen.append)
    assert engine.asked == [cells[0], cells[2]]
    assert [each.done for each in seen] == [2, 3]
    assert [each.cell for each in outcome.results] == cells
    assert not outcome.failed
    assert not outcome.cancelled


def test_failed_cell_is_told_and_not_kept(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    outcome = run_grid([tiny("bc"), tiny("iwr")], store, WrittenDown(fails="bc"))
    assert [each.cell for each in outcome.results] == [tiny("iwr")]
    assert [each.text for each in outcome.failed] == ["forgot it"]
    assert tiny("bc") not in store


def test_cancelled_grid_keeps_what_was_done(tmp_path: Path) -> None:
    store, engine = ResultStore(tmp_path), WrittenDown()
    outcome = run_grid([tiny("bc"), tiny("iwr")], store, engine, cancelled=lambda: len(engine.asked) == 1)
    assert outcome.cancelled
    assert [each.cell for each in outcome.results] == [tiny("bc")]
