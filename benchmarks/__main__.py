"""Run the benchmarks and compare the results with their goals.

    python -m benchmarks [names ...] [--quick] [--show]

Each runs in its own process, one after the other, and writes ``benchmarks/results/<name>.json``. ``--quick`` takes
a few minutes in all, shows that everything works, and writes its results to ``out/benchmarks`` instead. ``--show``
measures nothing and shows the table of the existing results.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.goals import BENCHMARKS, Benchmark, Report, Verdict

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
QUICK_RESULTS = ROOT / "out" / "benchmarks"


def measure(benchmark: Benchmark, folder: Path, *, quick: bool) -> bool:
    """Run one benchmark; return whether it left a report."""
    print(f"{benchmark.name} …", flush=True)
    kept = folder / f"{benchmark.name}.json"
    kept.unlink(missing_ok=True)
    command = [sys.executable, "-m", f"benchmarks.{benchmark.name}", "--json", str(kept)]
    command.extend(benchmark.quick if quick else ())
    ended = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if ended.returncode:
        print(ended.stderr.strip(), file=sys.stderr)
    return ended.returncode == 0 and kept.exists()


def read(benchmark: Benchmark, folder: Path) -> Report | None:
    kept = folder / f"{benchmark.name}.json"
    return json.loads(kept.read_text("utf-8")) if kept.exists() else None


def table(verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts as a Markdown table with aligned columns."""
    head = ("row", "measured", "to beat", "met")
    rows = [head, *((each.row, each.measured, each.to_beat, "yes" if each.met else "no") for each in verdicts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def main() -> int:
    names = [each.name for each in BENCHMARKS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed, compare with the goals.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which (all): {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="short runs, written to out/benchmarks")
    parser.add_argument("--show", action="store_true", help="measure nothing")
    options = parser.parse_args()
    if unknown := set(options.names) - set(names):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    folder = QUICK_RESULTS if options.quick else RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    chosen = [each for each in BENCHMARKS if not options.names or each.name in options.names]
    failed = [] if options.show else [each.name for each in chosen if not measure(each, folder, quick=options.quick)]
    reports = ((each, read(each, folder)) for each in chosen)
    print(table([verdict for each, report in reports if report is not None for verdict in each.verdicts(report)]))
    if failed:
        print(f"No result: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
