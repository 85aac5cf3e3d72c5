"""Goals of the benchmarks, and where their reports hold the figures."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the table."""

    row: str
    measured: str
    to_beat: str
    met: bool


def _at_most(row: str, value: float, limit: float, unit: str, *, figure: str = "") -> Verdict:
    return Verdict(row, f"{figure} {value:.4g} {unit}".strip(), f"≤ {limit:g} {unit}", value <= limit)


def _at_least(row: str, value: float, limit: float, unit: str) -> Verdict:
    return Verdict(row, f"{value:.4g}{unit}", f"≥ {limit:g}{unit}", value >= limit)


def _supervision(report: Report) -> list[Verdict]:
    late, window = report["cadence"]["lateness"], report["window"]["event_wait"]
    run = f"{report['seconds'] / 60:.3g} min"
    return [
        _at_most(f"tick lateness, {run}", late["p99_ms"], 2, "ms", figure="p99"),
        _at_most(f"tick lateness, {run}", late["max_ms"], 10, "ms", figure="max"),
        _at_most(f"missed ticks of {late['count']}", report["cadence"]["missed"], 0, ""),
        _at_most("window's event loop, blocked", window["p99_ms"], 20, "ms", figure="p99"),
        _at_most("window's event loop, blocked", window["max_ms"], 50, "ms", figure="max"),
        _at_most("phase change → badge", report["badge"]["max_ms"], 100, "ms", figure="max"),
    ]


def _takeover_latency(report: Report) -> list[Verdict]:
    ticks = [int(count) for way in ("press", "release") for count in report[way]["ticks"]]
    action, badge = (
        {key: max(report[way][what][key] for way in ("press", "release")) for key in ("p99_ms", "max_ms")}
        for what in ("action", "badge_painted")
    )
    return [
        _at_most("takeover: SDL event → action, ticks", max(ticks), 1, "", figure="max"),
        _at_most("takeover: SDL event → action", action["max_ms"], 50, "ms", figure="max"),
        _at_most("takeover: SDL event → badge", badge["p99_ms"], 100, "ms", figure="p99"),
        _at_most("takeover: SDL event → badge", badge["max_ms"], 100, "ms", figure="max"),
    ]


def _start(report: Report) -> list[Verdict]:
    median = report["median_s"]
    return [
        _at_most("start: command → window", median["window_shown"], 2, "s"),
        _at_most("start: command → first moving frame", median["first_moving_frame"], 6, "s"),
    ]


def _command_line(report: Report) -> list[Verdict]:
    median = report["median_s"]
    return [
        _at_most(f"mile-desktop {words}", median[words], 0.5, "s", figure="median")
        for words in ("--help", "--version", "mistyped", "train --help")
    ]


def _headless_rollout(report: Report) -> list[Verdict]:
    result = report["results"]["rollout, initial policy"]
    return [
        _at_least("headless rollout, one core", result["steps_per_s"], 1000, " steps/s"),
        _at_least("headless rollout, one core", result["times_real_time"], 20, " × real time"),
    ]


def _recording(report: Report) -> list[Verdict]:
    steps = report["commit_steady"]
    return [
        _at_most("a step, committed, 50 a second", steps["p99_us"], 200, "µs", figure="p99"),
        _at_most("open the table of 1,000 episodes", min(each["open_table_s"] for each in report["load"]), 1, "s"),
        _at_most(
            "load 1,000 episodes for training", min(each["load_for_training_s"] for each in report["load"]), 2, "s"
        ),
    ]


def _scene_view(report: Report) -> list[Verdict]:
    at_size = [each for each in report["timings"] if each["width"] == 640]
    tiny, ours = at_size[-1]["median_ms"], at_size[0]["median_ms"]
    return [_at_least("scene view 640×480, against TinyRenderer", tiny / ours, 3, " ×")]


def _intervention_probability(report: Report) -> list[Verdict]:
    ratios = report["ratios"]
    return [
        _at_least("p(ν∣s), one state, against sampling", ratios["one state with networks: sampled / exact"], 10, " ×"),
        _at_most("p(ν∣s), one state, against bare networks", ratios["one state: exact / two forward passes"], 1.3, "×"),
    ]


def _training_step(report: Report) -> list[Verdict]:
    ratios = report["ratios"]
    return [
        _at_least("training step, against sampling", ratios["training_step"], 10, " ×"),
        _at_least("whole retraining, against sampling", ratios["retraining"], 10, " ×"),
    ]


def _inspect_table(report: Report) -> list[Verdict]:
    few, many = report["table"]["1000"], report["table"]["10000"]
    return [
        _at_most("Inspect: open 1,000 episodes", few["open_ms"], 1000, "ms"),
        _at_most("Inspect: scroll 10,000 episodes", many["scroll_p99_ms"], 50, "ms", figure="p99"),
        _at_least("Inspect: scrub through an episode", report["scrubbing"]["frames_per_second"], 30, " pictures/s"),
    ]


def _cameras(report: Report) -> list[Verdict]:
    late = report["lateness_p99_ms"]
    return [
        _at_least("4 cameras 640×480: pictures a second, the slowest", report["least_rate_hz"], 29, " /s"),
        _at_most("4 cameras: pictures dropped, the worst", 100 * report["dropped_share"], 1, "%"),
        _at_most("4 cameras: arrived → in shared memory", report["worst_latency_ms"], 33, "ms", figure="mean"),
        _at_most("tick lateness with 4 cameras", late["with"], 2, "ms", figure="p99"),
        _at_most("missed ticks with 4 cameras", report["missed_with"], 0, ""),
    ]


def _theme_change(report: Report) -> list[Verdict]:
    return [_at_most("change of theme, processor time", report["median_s"], 0.2, "s", figure="median")]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A module of this package and its arguments."""

    name: str
    verdicts: Callable[[Report], list[Verdict]]
    quick: tuple[str, ...]
    """Arguments of a short run that only checks that the benchmark works."""


def _network_robot(report: Report) -> list[Verdict]:
    verdicts = []
    for name, link in report["links"].items():
        late = link["cadence"]["lateness"]
        ticks = [int(count) for way in link["takeover"].values() for count in way["ticks"]]
        row = f"network robot, {name}"
        verdicts += [
            _at_most(f"{row}: tick lateness", late["p99_ms"], 2, "ms", figure="p99"),
            _at_most(f"{row}: tick lateness", late["max_ms"], 10, "ms", figure="max"),
            _at_most(f"{row}: missed ticks of {late['count']}", link["cadence"]["missed"], 0, ""),
            _at_most(f"{row}: SDL event → action, ticks", max(ticks, default=99), 1, "", figure="max"),
        ]
    return verdicts


BENCHMARKS = (
    Benchmark("supervision", _supervision, ("--minutes", "0.5")),
    Benchmark("takeover_latency", _takeover_latency, ("--presses", "15")),
    Benchmark("network_robot", _network_robot, ("--presses", "6")),
    Benchmark("start", _start, ("--repeats", "1")),
    Benchmark("theme_change", _theme_change, ("--repeats", "1")),
    Benchmark("command_line", _command_line, ("--repeats", "2")),
    Benchmark("scene_view", _scene_view, ("--pictures", "10")),
    Benchmark("headless_rollout", _headless_rollout, ("--episodes", "3", "--repeats", "2")),
    Benchmark("recording", _recording, ("--steps", "2000", "--episodes", "50")),
    Benchmark("intervention_probability", _intervention_probability, ("--repeats", "10")),
    Benchmark("inspect_table", _inspect_table, ()),
    Benchmark("cameras", _cameras, ("--seconds", "3")),
    Benchmark("training_step", _training_step, ("--repeats", "5", "--episodes", "4", "--epochs", "1")),
)
