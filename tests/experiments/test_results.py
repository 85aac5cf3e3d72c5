from pathlib import Path

import msgspec
import pytest

from experiments.grid import run_grid
from experiments.results import ResultError, ResultStore, cell_key
from experiments.supervisor_setup import SimulatedSupervisor
from tests.experiments.examples import WrittenDown, point, result, tiny


def test_result_survives_the_file(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "cells")
    store.write(result(tiny()))
    assert store.read(tiny()) == result(tiny())
    assert list(store.all()) == [result(tiny())]


def test_record_and_work_folder_are_read_together_and_the_work_folder_wins(tmp_path: Path) -> None:
    earlier = ResultStore(tmp_path / "earlier", tmp_path / "grid.jsonl")
    earlier.write(result(tiny("bc")))
    earlier.write(result(tiny("iwr")))
    assert earlier.write_record() == 2
    store = ResultStore(tmp_path / "later", tmp_path / "grid.jsonl")
    assert tiny("bc") in store
    assert tiny("mile") not in store
    newer = result(tiny("bc"), point(0, 0, "0000"))
    store.write(newer)
    store.write(result(tiny("mile")))
    assert store.read(tiny("bc")) == newer
    assert store.read(tiny("iwr")) == result(tiny("iwr"))
    assert list(store.all()) == [newer, result(tiny("iwr")), result(tiny("mile"))]


def test_record_is_sorted_and_keeps_the_lines_of_old_results(tmp_path: Path) -> None:
    record = tmp_path / "grid.jsonl"
    store = ResultStore(tmp_path / "work", record)
    for method in ("mile", "bc", "iwr"):
        store.write(result(tiny(method)))
    store.write_record()
    lines = record.read_bytes().splitlines()
    assert [msgspec.json.decode(line)["cell"]["method"] for line in lines] == ["bc", "iwr", "mile"]
    # as an earlier version wrote it: with fewer fields
    old = msgspec.json.decode(lines[0])
    del old["cell"]["evaluated_after"]
    record.write_bytes(b"\n".join([msgspec.json.encode(old), *lines[1:], b""]))
    again = ResultStore(tmp_path / "other", record)
    again.write(result(tiny("mile", seed=1)))
    assert again.write_record() == 4
    assert record.read_bytes().splitlines()[0] == msgspec.json.encode(old)


def test_damaged_line_of_a_record_is_named(tmp_path: Path) -> None:
    record = tmp_path / "grid.jsonl"
    record.write_bytes(msgspec.json.encode(result(tiny())) + b"\n{}\n")
    with pytest.raises(ResultError, match=r"Line 2 of .*grid\.jsonl"):
        list(ResultStore(tmp_path / "work", record).all())


def test_store_without_a_record_cannot_write_one(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="no record"):
        ResultStore(tmp_path).write_record()


def test_key_depends_on_every_setting_and_nothing_else() -> None:
    assert cell_key(tiny()) == cell_key(tiny())
    assert len({cell_key(each) for each in (tiny(), tiny("iwr"), tiny(seed=1))}) == 3
    spelt_out = msgspec.structs.replace(tiny(), supervision=SimulatedSupervisor(kind="attentive", changes={}))
    assert cell_key(spelt_out) == cell_key(tiny())
    wrong = msgspec.structs.replace(tiny(), supervision=SimulatedSupervisor(bias=0.1))
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
