"""How fast the Inspect page is: opening its table, scrolling and filtering it, and scrubbing through an episode.

    python -m benchmarks.inspect_table [--episodes 1000 10000] [--json inspect_table.json]

The table's episodes are rows without recordings, which the table never opens; scrubbing goes through a real recording
with the real viewer process. Everything is timed on the window's thread, offscreen.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import psutil

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false")

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QApplication

from benchmarks.circumstances import circumstances, keep
from mile_desktop.channels.shared import Frame
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.storage.browse import find_episodes, read_rows
from mile_desktop.storage.catalogue import Catalogue, insert_episode
from mile_desktop.storage.edits import EditHistory
from mile_desktop.storage.episodes import read_recording
from mile_desktop.storage.insights import Insight, store_insights
from mile_desktop.storage.records import EpisodeRecord, EpisodeStart
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.inspect.episodes_table import EpisodesTable
from mile_desktop.ui.inspect.model import recording_of
from mile_desktop.ui.inspect.page import InspectPage
from mile_desktop.ui.inspect.playback_controller import PlaybackController
from mile_desktop.ui.inspect.recorded_view_controller import RecordedViewController
from mile_desktop.ui.theme import theme

SIZE = (1440, 900)
TABLE_HEIGHT = 300
"""The table as on the page, in a window of that size."""
SCRUB_S = 5.0


def fill(workspace: Workspace, episodes: int) -> None:
    """Add rows of made-up episodes."""
    rng = np.random.default_rng(0)
    insights = []
    with workspace.transaction() as connection:
        for number in range(episodes):
            name = f"ep-{number:07}"
            start = EpisodeStart(
                episode_id=name,
                scene=str(rng.choice(["peg-insertion", "pick-place", "drawer-open"])),
                seed=number,
                policy_id=f"policy-{rng.integers(9)}",
                operator=str(rng.choice(["gamepad", "keyboard", "segment"])),
                device="Benchmark pad",
                rate_hz=20.0,
                started_at=f"2026-{1 + number % 12:02}-{1 + number % 28:02}T10:{number % 60:02}:00+00:00",
                software_version="0.1.0",
            )
            steps, takeovers = int(rng.integers(40, 200)), int(rng.integers(4))
            outcome = "success" if rng.random() < 0.6 else "failure"
            insert_episode(
                connection,
                EpisodeRecord(start, outcome, steps, takeovers, 10 * takeovers, float(rng.random()), recovered=False),
            )
            insights.append((name, 0, Insight(0.5, int(rng.integers(3)), int(rng.integers(2)), float(rng.random()))))
    store_insights(workspace, insights)


def timed(action: Callable[[], object]) -> float:
    """Return how long ``action`` and the paint after it take, ms."""
    began = time.perf_counter()
    action()
    QCoreApplication.processEvents()
    return 1e3 * (time.perf_counter() - began)


def measure_table(episodes: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, Workspace.open(folder) as workspace:
        fill(workspace, episodes)
        table = EpisodesTable(lambda ids: read_rows(workspace, ids))
        table.resize(SIZE[0], TABLE_HEIGHT)

        def show() -> None:
            column, descending = table.order
            ids = find_episodes(workspace, table.filter, column, descending=descending)
            table.show_episodes(ids, len(ids))

        def open_it() -> None:
            show()
            table.show()

        opened = timed(open_it)
        table.query_changed.connect(show)
        bar = table.table.verticalScrollBar()
        scrolled = [timed(partial(bar.setValue, round(at))) for at in np.linspace(0, bar.maximum(), 60)]
        sorts = [timed(partial(table.table.sortByColumn, column, Qt.SortOrder.AscendingOrder)) for column in range(11)]
        words = ("g", "gamepad", "gamepad success", "policy-3", "nothing at all")
        filters = [timed(partial(table.search_for, text)) for text in words]
        table.clear_filter()
        everything = timed(table.table.selectAll)
        table.deleteLater()
    return {
        "open_ms": opened,
        "scroll_p99_ms": float(np.percentile(scrolled, 99)),
        "sort_max_ms": max(sorts),
        "filter_max_ms": max(filters),
        "select_all_ms": everything,
    }


def record(folder: Path) -> None:
    """Record a few episodes."""
    command = [
        sys.executable,
        "-m",
        "mile_desktop",
        "rollout",
        "--operator",
        "segment",
        "--episodes",
        "3",
        "--seed",
        "3",
    ]
    subprocess.run([*command, "--workspace", str(folder)], check=True, capture_output=True)


def measure_scrubbing(folder: Path) -> dict[str, float]:
    """Drag through the longest recording at a person's speed and count the different pictures that arrive."""
    with Workspace.open(folder) as workspace:
        longest = max(Catalogue(workspace).episodes(), key=lambda each: each.steps)
        recording = recording_of(read_recording(workspace, longest.episode_id), EditHistory(longest.episode_id))
    page = InspectPage(lambda _: {})
    page.resize(*SIZE)
    page.show()
    viewing = RecordedViewController(page.view, page)
    client = viewing.viewer.client
    playing = PlaybackController(page)
    playing.row_changed.connect(viewing.show_row)
    frames: list[tuple[float, Frame]] = []
    client.frame_ready.connect(lambda frame: frames.append((time.perf_counter(), frame)))
    info = scene_info(longest.start.scene)
    page.timeline.show_recording(recording, info.action_labels)
    viewing.show_recording(recording, info)
    playing.load(recording)
    until(lambda: len(frames) > 2, 30.0)
    asked: dict[int, float] = {}
    turns: list[float] = []
    frames.clear()
    viewer_began_s, own_began_s = viewer_cpu_s(client.pid), time.process_time()
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < SCRUB_S:
        row = round((len(recording) - 1) * (0.5 - 0.5 * np.cos(passed * 2.0)))
        asked.setdefault(row, time.perf_counter())
        turn = time.perf_counter()
        playing.go(row)
        QCoreApplication.processEvents()
        turns.append(1e3 * (time.perf_counter() - turn))
        time.sleep(max(0.0, 0.016 - (time.perf_counter() - turn)))
    shown = len({frame.sequence for _, frame in frames})
    viewer_s = viewer_cpu_s(client.pid) - viewer_began_s
    client.close()
    page.close()
    page.deleteLater()
    return {
        "frames_per_second": shown / SCRUB_S,
        "window_turn_median_ms": statistics.median(turns),
        "window_turn_p99_ms": float(np.percentile(turns, 99)),
        "steps": len(recording),
        "viewer_processor_ms_per_picture": 1e3 * viewer_s / max(shown, 1),
        "window_processor_share": (time.process_time() - own_began_s) / SCRUB_S,
    }


def viewer_cpu_s(pid: int) -> float:
    """Return the processor time the viewer has used, s: on a busy machine it says more than the clock."""
    used = psutil.Process(pid).cpu_times()
    return float(used.user + used.system)


def until(condition: Callable[[], bool], seconds: float) -> None:
    began = time.monotonic()
    while not condition() and time.monotonic() - began < seconds:
        QCoreApplication.processEvents()
        time.sleep(0.005)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the Inspect page.")
    parser.add_argument("--episodes", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    app = QApplication.instance() or QApplication([])
    theme.apply(app, "dark")  # type: ignore[arg-type]
    report: dict[str, object] = {"circumstances": circumstances()}
    report["table"] = {str(episodes): measure_table(episodes) for episodes in options.episodes}
    with tempfile.TemporaryDirectory() as folder:
        record(Path(folder))
        report["scrubbing"] = measure_scrubbing(Path(folder))
    print(json.dumps(report, indent=2))
    keep(report, options.json)


if __name__ == "__main__":
    main()
