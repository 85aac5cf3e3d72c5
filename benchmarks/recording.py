"""The cost of recording and the time to load recorded episodes: the recording rows of the benchmark table.

    python benchmarks/recording.py [--steps 20000] [--episodes 1000] [--length 200] [--folder DIR] [--json FILE]

Steps are committed one by one, first back to back, then in a steady beat as a rollout commits them (50 a second, with
idle time in between, which is harder on caches). Steps have the size of the peg-insertion scene's. Opening the table is
opening the workspace and asking for every episode; loading for training is reading every file into arrays. Processor
time is given beside: the rest is waiting for a busy machine.
"""

import argparse
import json
import platform
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.episodes import read_episodes
from mile_desktop.storage.ids import new_episode_id, now
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.records import EpisodeStart, Step
from mile_desktop.storage.workspace import Workspace

OBSERVATIONS, ACTIONS, STATES = 52, 4, 30
EPISODE_STEPS = 200
BEAT_S = 0.02
BEATS = 1000


def a_start() -> EpisodeStart:
    return EpisodeStart(
        episode_id=new_episode_id(),
        scene="peg-insertion",
        seed=0,
        policy_id="initial",
        operator="gamepad",
        device="Benchmark pad",
        rate_hz=20.0,
        started_at=now(),
        software_version="0",
    )


def some_steps(count: int) -> list[Step]:
    random = np.random.default_rng(0)

    def noise(size: int) -> np.ndarray:
        return random.normal(size=size).astype(np.float32)

    return [
        Step(
            timestamp=index * 0.05,
            observation=noise(OBSERVATIONS),
            policy_action=noise(ACTIONS),
            policy_mean=noise(ACTIONS),
            policy_std=noise(ACTIONS),
            human_action=noise(ACTIONS) if index % 4 == 0 else None,
            action=noise(ACTIONS),
            intervention=index % 4 == 0,
            intervention_prob=0.25,
            intervention_prob_low=0.2,
            intervention_prob_high=0.3,
            forecast=0.3,
            control_phase="takeover" if index % 4 == 0 else "autonomous",
            reward=0.0,
            success=False,
            scene_state=noise(STATES),
        )
        for index in range(count)
    ]


def quantiles(seconds: list[float], unit: float, suffix: str) -> dict[str, float]:
    values = np.array(seconds) * unit
    return {
        f"p50_{suffix}": float(np.percentile(values, 50)),
        f"p99_{suffix}": float(np.percentile(values, 99)),
        f"max_{suffix}": float(values.max()),
    }


def commit(workspace: Workspace, count: int, wait: Callable[[int], None]) -> dict[str, Any]:
    """Record ``count`` steps in episodes of 200, calling ``wait`` before each; times of appending and of closing."""
    journal, steps = EpisodeJournal(workspace), some_steps(EPISODE_STEPS)
    appending, processor, closing = [], [], []
    for index in range(count):
        if index % EPISODE_STEPS == 0:
            journal.begin(a_start())
        wait(index)
        worked, begin = time.thread_time(), time.perf_counter()
        journal.append(steps[index % EPISODE_STEPS])
        appending.append(time.perf_counter() - begin)
        processor.append(time.thread_time() - worked)
        if journal.steps == EPISODE_STEPS or index == count - 1:
            begin = time.perf_counter()
            journal.close("success")
            closing.append(time.perf_counter() - begin)
    return {
        "steps": count,
        **quantiles(appending, 1e6, "us"),
        "processor": quantiles(processor, 1e6, "us"),
        "close": quantiles(closing, 1e3, "ms"),
    }


def beat() -> Callable[[int], None]:
    """Return a wait that spaces steps evenly."""
    begin = time.perf_counter()

    def wait(index: int) -> None:
        time.sleep(max(0.0, begin + index * BEAT_S - time.perf_counter()))

    return wait


def other_writer(folder: Path, ended: threading.Event) -> None:
    """Record in the same workspace, as a second robot would, at a hundred steps a second."""
    with Workspace.open(folder) as workspace:
        journal, steps = EpisodeJournal(workspace), some_steps(EPISODE_STEPS)
        while not ended.is_set():
            journal.begin(a_start())
            for step in steps:
                journal.append(step)
                if ended.wait(0.01):
                    break
            journal.close("aborted")


def commit_beside_another(folder: Path) -> dict[str, Any]:
    ended = threading.Event()
    writer = threading.Thread(target=other_writer, args=(folder, ended))
    writer.start()
    try:
        with Workspace.open(folder) as workspace:
            return commit(workspace, BEATS, beat())
    finally:
        ended.set()
        writer.join()


def fill(folder: Path, episodes: int, length: int) -> float:
    """Record the episodes; return the seconds it took."""
    steps = some_steps(length)
    begin = time.perf_counter()
    with Workspace.open(folder) as workspace:
        journal = EpisodeJournal(workspace)
        for _ in range(episodes):
            journal.begin(a_start())
            for step in steps:
                journal.append(step)
            journal.close("success")
    return time.perf_counter() - begin


def load(folder: Path) -> dict[str, float]:
    """Open the table, then read everything in it."""
    begin = time.perf_counter()
    with Workspace.open(folder, create=False) as workspace:
        records = Catalogue(workspace).episodes()
        opened, worked = time.perf_counter(), time.process_time()
        episodes = read_episodes(workspace, [record.episode_id for record in records])
        loaded, worked = time.perf_counter(), time.process_time() - worked
    steps = sum(len(episode) for episode in episodes)
    size = sum(path.stat().st_size for path in (folder / "episodes").iterdir())
    return {
        "episodes": len(records),
        "steps": steps,
        "open_table_s": opened - begin,
        "load_for_training_s": loaded - opened,
        "load_processor_s": worked,
        "megabytes": size / 1e6,
    }


def measure(place: Path, steps: int, episodes: int, length: int) -> dict[str, Any]:
    with Workspace.open(place / "steps") as workspace:
        back_to_back = commit(workspace, steps, lambda _: None)
        steady = commit(workspace, BEATS, beat())
    beside = commit_beside_another(place / "steps")
    recorded_s = fill(place / "many", episodes, length)
    loads = [load(place / "many") for _ in range(3)]
    return {
        "versions": {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "sqlite": sqlite3.sqlite_version,
            "pyarrow": pa.__version__,
        },
        "step": {"observation": OBSERVATIONS, "action": ACTIONS, "scene_state": STATES},
        "commit_back_to_back": back_to_back,
        "commit_steady": steady,
        "commit_beside_another_writer": beside,
        "record_many_s": recorded_s,
        "load": loads,
    }


def show(report: dict[str, Any]) -> None:
    print(f"{'a step, committed':32} {'p50':>10} {'p99':>10} {'max':>10} {'processor p99':>15}   to beat (p99)")
    for key, title in (
        ("commit_back_to_back", "back to back"),
        ("commit_steady", "50 a second"),
        ("commit_beside_another_writer", "50 a second, beside another"),
    ):
        row = report[key]
        wall = "".join(f"{row[name]:7.0f} µs " for name in ("p50_us", "p99_us", "max_us"))
        print(f"{title:32} {wall}{row['processor']['p99_us']:12.0f} µs   200 µs")
    close = report["commit_back_to_back"]["close"]
    print(f"{'closing 200 steps':32} {close['p50_ms']:7.1f} ms {close['p99_ms']:7.1f} ms {close['max_ms']:7.1f} ms")
    first = report["load"][0]
    print(f"\n{first['episodes']} episodes, {first['steps']} steps, {first['megabytes']:.0f} MB")
    for key, title, goal in (
        ("open_table_s", "open the table", "1 s"),
        ("load_for_training_s", "load for training", "2 s"),
    ):
        times = sorted(each[key] for each in report["load"])
        print(f"{title:32} {times[1]:8.3f} s  ({times[0]:.3f}–{times[2]:.3f})   to beat {goal}")
    processor = sorted(each["load_processor_s"] for each in report["load"])[1]
    print(f"{'  processor time, all threads':32} {processor:8.3f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure recording and reading episodes.")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--length", type=int, default=EPISODE_STEPS)
    parser.add_argument("--folder", type=Path, help="where to put the workspaces (a temporary folder if not given)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        report = measure(Path(place), options.steps, options.episodes, options.length)
    show(report)
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
