"""How fast a scene is drawn: the chosen renderer against PyBullet's TinyRenderer, both with shadows, in one run.

    python benchmarks/scene_view.py [--scene peg-insertion] [--pictures 60] [--json scene_view.json]

Each picture follows a change of the scene, as while a robot moves; pictures of the two renderers alternate, so that
the load of other programs affects both in the same way.
"""

import argparse
import json
import platform
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from mile_desktop.viewer.stage import Stage, resting_state

SIZES = ((640, 480), (960, 600))


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of one renderer at one size."""

    renderer: str
    width: int
    height: int
    smooth: bool
    pictures: int
    median_ms: float
    p90_ms: float
    processor_ms: float
    """Median processor time, all threads."""

    @property
    def frames_per_second(self) -> float:
        """Pictures a second at the median time."""
        return 1000.0 / self.median_ms


@dataclass(slots=True)
class Contender:
    """A renderer with a scene of its own, and what its pictures took."""

    stage: Stage
    smooth: bool
    wall_ms: list[float]
    processor_ms: list[float]

    def draw_once(self, size: tuple[int, int], angle: float) -> None:
        """Turn the robot by ``angle`` (rad), draw, and note the times."""
        state = resting_state(self.stage.description)
        state[0] += angle
        wall, processor = time.perf_counter(), time.process_time()
        self.stage.pose(state)
        view = self.stage.standpoint(self.stage.cameras[0])
        self.stage.renderer.draw(view, *size, smooth=self.smooth)
        self.wall_ms.append(1000.0 * (time.perf_counter() - wall))
        self.processor_ms.append(1000.0 * (time.process_time() - processor))

    def timing(self, size: tuple[int, int]) -> Timing:
        """Return what was noted, at this size."""
        return Timing(
            renderer=self.stage.renderer.name,
            width=size[0],
            height=size[1],
            smooth=self.smooth,
            pictures=len(self.wall_ms),
            median_ms=statistics.median(self.wall_ms),
            p90_ms=float(np.percentile(self.wall_ms, 90)),
            processor_ms=statistics.median(self.processor_ms),
        )


def measure(scene: str, size: tuple[int, int], pictures: int) -> list[Timing]:
    chosen, tiny = Stage(scene), Stage(scene, try_opengl=False)
    contenders = [Contender(chosen, False, [], []), Contender(chosen, True, [], []), Contender(tiny, False, [], [])]
    for contender in contenders:
        contender.draw_once(size, 0.0)  # the first picture makes buffers
        contender.wall_ms.clear()
        contender.processor_ms.clear()
    for number in range(pictures):
        for contender in contenders:
            contender.draw_once(size, 0.3 * float(np.sin(number / 5.0)))
    timings = [contender.timing(size) for contender in contenders]
    chosen.close()
    tiny.close()
    return timings


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how fast a scene is drawn.")
    parser.add_argument("--scene", default="peg-insertion")
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = [timing for size in SIZES for timing in measure(options.scene, size, options.pictures)]
    print(f"{'renderer':24} {'size':>9} {'edges':>7} {'median':>9} {'90 %':>9} {'processor':>10} {'frames/s':>9}")
    for timing in results:
        size, edges = f"{timing.width}×{timing.height}", "smooth" if timing.smooth else "plain"
        print(
            f"{timing.renderer:24} {size:>9} {edges:>7} {timing.median_ms:6.1f} ms {timing.p90_ms:6.1f} ms "
            f"{timing.processor_ms:7.1f} ms {timing.frames_per_second:9.1f}"
        )
    for chosen, _, tiny in zip(results[::3], results[1::3], results[2::3], strict=True):
        ratio = tiny.median_ms / chosen.median_ms
        print(f"{chosen.width}×{chosen.height}: {ratio:.1f} times as fast as {tiny.renderer}, both with shadows")
    if options.json is not None:
        report = {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "scene": options.scene,
            "timings": [asdict(timing) for timing in results],
        }
        options.json.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
