import importlib.util
import os

import pytest

from experiments.engines import CellDone, CellEvent, CellFailed, LocalEngine
from experiments.learning_cell import run_learning
from experiments.ray_engine import RayEngine
from tests.experiments.examples import tiny


def _never() -> bool:
    return False


def test_local_processes_compute_what_this_one_computes() -> None:
    events: list[CellEvent] = []
    LocalEngine(workers=1, niceness=5).run([tiny(scene="no-such-scene"), tiny()], events.append, _never)
    failed, done = events
    assert isinstance(failed, CellFailed)
    assert "no-such-scene" in failed.text
    assert isinstance(done, CellDone)
    assert done.result.cell == tiny()
    assert [each.outcomes for each in done.result.result.points] == [
        each.outcomes for each in run_learning(tiny()).points
    ]
    assert done.result.versions["torch"]


def test_cancelled_engine_leaves_no_process() -> None:
    events: list[CellEvent] = []
    LocalEngine(workers=2).run([tiny(), tiny(seed=1)], events.append, lambda: True)
    assert events == []


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is optional")
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_ray_computes_a_cell() -> None:
    events: list[CellEvent] = []
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    RayEngine(workers=1).run([tiny(scene="no-such-scene"), tiny()], events.append, _never)
    assert {type(each) for each in events} == {CellFailed, CellDone}
