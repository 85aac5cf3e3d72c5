import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from mile_desktop.evaluation import pool as pool_module
from mile_desktop.evaluation.pool import EvaluationPool, PoolEvent, WorkerLost
from mile_desktop.evaluation.run import EvaluatedPolicy, EvaluationRun, record_of, results_of
from tests.evaluation import pool_children as children

DEADLINE_S = 60.0
Follow = Callable[..., list[PoolEvent]]


@pytest.fixture
def pool() -> Iterator[EvaluationPool]:
    made = EvaluationPool(2, target=children.worker)
    yield made
    pids = made.pids
    made.close()
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


def a_run(pool: EvaluationPool, folder: Path, *seeds: int, policies: tuple[str, ...] = ("a",)) -> EvaluationRun:
    return EvaluationRun(pool, "any", [EvaluatedPolicy(name, str(folder)) for name in policies], seeds)


def follow(run: EvaluationRun, until: Callable[[], bool] = lambda: False) -> list[PoolEvent]:
    """Poll until the run is over, or something is true; return everything that was said."""
    said: list[PoolEvent] = []
    deadline = time.monotonic() + DEADLINE_S
    while not (run.over or until()):
        assert time.monotonic() < deadline, said
        events = run.pool.poll()
        said += events
        run.update(events)
        run.pool.wait()
    return said


def test_every_policy_meets_every_start(pool: EvaluationPool, tmp_path: Path) -> None:
    run = a_run(pool, tmp_path, 5, 6, 8, children.BREAKS_DOWN, policies=("a", "b"))
    assert not run.over
    follow(run)
    assert run.finished
    for policy in ("a", "b"):
        tally = run.tally(policy)
        assert (tally.successes, tally.episodes, tally.crashes, tally.planned) == (2, 3, 1, 4)
        assert [result.seed for result in run.results(policy)] == [5, 6, 8, children.BREAKS_DOWN]
    record = record_of("a", "any", run.results("a"))
    assert (record.seeds, record.outcomes, record.steps) == ((5, 6, 8), (False, True, True), (5, 6, 8))
    assert record.crash_reasons == ("joint 3 left its range",)
    assert record.mean_return == 0.5
    assert set(results_of(record)) == {
        # what it had done before it broke down is not kept
        *(result for result in run.results("a") if not result.crash),
        *(result for result in results_of(record) if result.crash),
    }


def test_the_workers_stay_for_the_next_evaluation(pool: EvaluationPool, tmp_path: Path) -> None:
    follow(a_run(pool, tmp_path, 1, 2, 3, 4))
    pids = pool.pids
    follow(a_run(pool, tmp_path, 5, 6, 7, 8))
    assert pool.pids == pids
    assert not pool.busy


def test_an_episode_that_killed_its_worker_once_is_run_again(pool: EvaluationPool, tmp_path: Path) -> None:
    run = a_run(pool, tmp_path, 2, children.KILLS_ONCE, 4, 6)
    said = follow(run)
    assert run.tally("a").successes == 4
    lost = [event for event in said if isinstance(event, WorkerLost)]
    assert len(lost) == 1
    assert f"exit code {children.EXIT_CODE}" in lost[0].text


def test_an_episode_that_kills_twice_is_a_crash_and_the_rest_goes_on(pool: EvaluationPool, tmp_path: Path) -> None:
    run = a_run(pool, tmp_path, 2, children.KILLS_ALWAYS, 4, 6)
    follow(run)
    tally = run.tally("a")
    assert (tally.successes, tally.episodes, tally.crashes) == (3, 3, 1)
    assert "twice" in run.results("a")[1].crash


def test_a_worker_killed_from_outside_is_noticed_and_replaced(pool: EvaluationPool, tmp_path: Path) -> None:
    run = a_run(pool, tmp_path, children.NEVER_ENDS, 2, 4)
    follow(run, lambda: bool(run.running) and run.tally("a").done == 2)
    assert [episode.seed for episode in run.running] == [children.NEVER_ENDS]
    killed = pool.pids
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    said = follow(run, lambda: bool(pool.pids) and not set(pool.pids) & set(killed) and bool(run.running))
    assert all("SIGKILL" in event.text for event in said if isinstance(event, WorkerLost))
    assert run.running[0].seed == children.NEVER_ENDS
    run.cancel()


def test_an_episode_that_a_dead_worker_was_given_is_no_crash(pool: EvaluationPool, tmp_path: Path) -> None:
    run = a_run(pool, tmp_path, children.NEVER_ENDS, 2, 4)
    follow(run, lambda: bool(run.running) and run.tally("a").done == 2)
    first = next(each.child.pid for each in pool._workers if each.orders)
    (second,) = set(pool.pids) - {first}
    # A worker that stands still takes the place of one whose death the system has not reported yet.
    os.kill(second, signal.SIGSTOP)
    os.kill(first, signal.SIGKILL)
    follow(run, lambda: first not in pool.pids)
    os.kill(second, signal.SIGKILL)
    follow(run, lambda: bool(pool.pids) and second not in pool.pids and bool(run.running))
    assert [episode.seed for episode in run.running] == [children.NEVER_ENDS]
    run.cancel()


def test_cancelling_takes_less_than_a_second(pool: EvaluationPool, tmp_path: Path) -> None:
    run = a_run(pool, tmp_path, *range(100, 140), children.NEVER_ENDS)
    follow(run, lambda: bool(run.running))
    run.cancel()
    assert run.over
    assert not run.finished
    began = time.monotonic()
    while pool.busy:
        assert pool.poll() == []  # nothing is heard of what was given up
        assert time.monotonic() - began < DEADLINE_S
        pool.wait()
    fresh = a_run(pool, tmp_path, 2, 4)
    follow(fresh)
    assert fresh.tally("a").successes == 2


def test_a_stuck_worker_is_ended(tmp_path: Path) -> None:
    late = 0.0

    def clock() -> float:
        return time.monotonic() + late

    pool = EvaluationPool(1, target=children.worker, clock=clock)
    try:
        run = a_run(pool, tmp_path, children.FREEZES)
        follow(run, lambda: bool(run.running))
        stuck, late = pool.pids, pool_module.SILENCE_S + 1
        pool.poll()
        late = 0.0
        follow(run, lambda: pool.pids != stuck)
        follow(run)
        assert run.tally("a").successes == 1
    finally:
        pool.close()


def test_a_policy_that_does_not_fit_ends_the_evaluation_in_words(pool: EvaluationPool, tmp_path: Path) -> None:
    policies = [EvaluatedPolicy("a", str(tmp_path)), EvaluatedPolicy("b", "refused")]
    run = EvaluationRun(pool, "any", policies, range(2, 30))
    follow(run)
    assert run.failure == children.REFUSED
    assert not run.finished


def test_when_no_worker_lives_the_evaluation_ends_in_words(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pool = EvaluationPool(1, target=missing_worker)
    try:
        run = a_run(pool, tmp_path, 1, 2)
        follow(run)
    finally:
        pool.close()
    assert "6 workers in a row died" in run.failure
    assert "the simulator is not installed" in run.failure
    capfd.readouterr()  # their tracebacks


def test_the_watched_episode_can_be_seen(pool: EvaluationPool, tmp_path: Path) -> None:
    run = a_run(pool, tmp_path, children.NEVER_ENDS)
    follow(run, lambda: bool(run.running))
    assert pool.state() is None
    pool.watch(run.running[0].ticket)
    deadline = time.monotonic() + DEADLINE_S
    while (sample := pool.state()) is None:
        assert time.monotonic() < deadline
        pool.poll()
        pool.wait()
    assert sample.values.tolist() == [float(children.NEVER_ENDS)]
    run.cancel()


def test_known_results_are_not_made_again(pool: EvaluationPool, tmp_path: Path) -> None:
    first = a_run(pool, tmp_path, 2, 3)
    follow(first)
    known = {"a": {result.seed: result for result in first.results("a")}}
    policies = [EvaluatedPolicy("a", "refused"), EvaluatedPolicy("b", str(tmp_path))]
    second = EvaluationRun(pool, "any", policies, (2, 3), known)
    assert second.is_known("a")
    follow(second)
    assert second.results("a") == first.results("a")


@pytest.mark.parametrize(("policies", "seeds"), [((), (1,)), (("a",), ()), (("a", "a"), (1,)), (("a",), (1, 1))])
def test_an_evaluation_of_nothing_is_refused(policies: tuple[str, ...], seeds: tuple[int, ...]) -> None:
    pool = EvaluationPool(1, target=children.worker)
    with pytest.raises(ValueError, match="evaluation"):
        EvaluationRun(pool, "any", [EvaluatedPolicy(name, "") for name in policies], seeds)
    with pytest.raises(ValueError, match="at least one worker"):
        EvaluationPool(0)


def missing_worker(*_: object) -> None:
    raise RuntimeError("the simulator is not installed")
