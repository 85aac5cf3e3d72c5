"""How fast episodes are rolled out without a window, recording included: steps a second on one core.

    python -m benchmarks.headless_rollout [--episodes 20] [--repeats 5] [--json FILE]

The process is kept on one core (where the system allows it), recorder thread and all. Beside it the bare scene, stepped
with random actions: what no rollout can beat.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from benchmarks.circumstances import OtherLoad, circumstances, keep
from mile_desktop.operators.no_operator import NoOperator
from mile_desktop.rollout.clock import SimulatedClock
from mile_desktop.rollout.headless import roll_out
from mile_desktop.rollout.messages import LoadSession
from mile_desktop.rollout.scene import GymScene

RATE_HZ = 20.0
POLICIES = ("initial", "expert")


def recorded(workspace: Path, scene: str, policy: str, episodes: int) -> int:
    """Roll out and record; return the steps taken."""
    plan = LoadSession(workspace=str(workspace), scene=scene, policy=policy, gamepad=False, rate_hz=RATE_HZ, seed=0)
    closed = roll_out(plan, NoOperator(), episodes, clock=SimulatedClock())
    return sum(episode.steps for episode in closed)


def bare(scene: str, steps: int) -> int:
    """Step the scene with random actions; return the steps taken."""
    driven = GymScene.make(scene)
    random = np.random.default_rng(0)
    actions = random.uniform(-1, 1, (steps, driven.action_size)).astype(np.float32)
    driven.reset(seed=0)
    for seed, action in enumerate(actions, 1):
        _, _, terminated, truncated, _ = driven.step(action)
        if terminated or truncated:
            driven.reset(seed=seed)
    driven.close()
    return steps


def stay_on_one_core() -> bool:
    process = psutil.Process()
    if not hasattr(process, "cpu_affinity"):
        return False
    process.cpu_affinity(process.cpu_affinity()[-1:])
    return True


def timed(job: Callable[[], int], repeats: int) -> dict[str, Any]:
    """Return steps a second of wall time and of processor time, each repetition and the median."""
    wall, processor = [], []
    for _ in range(repeats):
        worked, begin = time.process_time(), time.perf_counter()
        steps = job()
        wall.append(steps / (time.perf_counter() - begin))
        processor.append(steps / (time.process_time() - worked))
    return {
        "steps_per_s": round(statistics.median(wall), 1),
        "times_real_time": round(statistics.median(wall) / RATE_HZ, 1),
        "steps_per_processor_s": round(statistics.median(processor), 1),
        "each": [round(value, 1) for value in wall],
    }


def measure(scene: str, episodes: int, repeats: int) -> dict[str, Any]:
    others = OtherLoad()
    with tempfile.TemporaryDirectory() as folder:
        jobs: dict[str, Callable[[], int]] = {
            f"rollout, {policy} policy": lambda policy=policy: recorded(Path(folder), scene, policy, episodes)
            for policy in POLICIES
        }
        jobs["bare scene"] = lambda: bare(scene, 200 * episodes)
        bare(scene, 50)  # libraries are loaded and warm
        return {"results": {name: timed(job, repeats) for name, job in jobs.items()}, "load": others.cores()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure rollouts without a window.")
    parser.add_argument("--scene", default="peg-insertion")
    parser.add_argument("--episodes", type=int, default=20, help="of each repetition, making ready included")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    report: dict[str, Any] = {
        "benchmark": "headless_rollout",
        "scene": options.scene,
        "episodes": options.episodes,
        "seeds": f"0 – {options.episodes - 1}",
        "one_core": stay_on_one_core(),
        **circumstances(),
    }
    keep({**report, **measure(options.scene, options.episodes, options.repeats)}, options.json)


if __name__ == "__main__":
    main()
