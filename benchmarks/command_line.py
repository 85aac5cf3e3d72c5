"""How long the command line takes to start: help, version, a mistyped command, and a command's own help.

    python -m benchmarks.command_line [--repeats 15] [--json FILE]

Each word is run in a fresh process, as a person runs it, in turn with a bare ``python -c pass``, so that a change of
the machine's speed affects both. ``ratios`` is the median over that of the bare interpreter. Peak memory is the largest
resident set of the process. The system counts the moment before the new program is loaded, too, so no figure is below
the memory of this benchmark (about 31 MB).
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.circumstances import OtherLoad, circumstances, keep

_ROOT = Path(__file__).resolve().parent.parent
WORDS = {
    "--help": ("--help",),
    "--version": ("--version",),
    "mistyped": ("rolout",),
    "train --help": ("train", "--help"),
    "evaluate --help": ("evaluate", "--help"),
}
_BARE = "python -c pass"


def run_once(command: list[str]) -> tuple[float, float]:
    """Run one process; return its wall-clock time (s) and its peak memory (MB)."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def measure(repeats: int) -> dict[str, Any]:
    commands = {_BARE: [sys.executable, "-c", "pass"]}
    commands |= {name: [sys.executable, "-m", "mile_desktop", *words] for name, words in WORDS.items()}
    others = OtherLoad()
    for command in commands.values():
        run_once(command)  # the first run may find cold file caches and compile modules
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            runs[name].append(run_once(command))
    medians = {name: statistics.median(seconds for seconds, _ in found) for name, found in runs.items()}
    return {
        "median_s": {name: round(seconds, 3) for name, seconds in medians.items()},
        "max_s": {name: round(max(seconds for seconds, _ in found), 3) for name, found in runs.items()},
        "peak_memory_mb": {name: round(max(memory for _, memory in found), 1) for name, found in runs.items()},
        "ratios": {name: round(medians[name] / medians[_BARE], 2) for name in WORDS},
        "repeats": repeats,
        "load": others.cores(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how long the command line takes to start.")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    keep({"benchmark": "command_line", **circumstances(), **measure(options.repeats)}, options.json)


if __name__ == "__main__":
    main()
