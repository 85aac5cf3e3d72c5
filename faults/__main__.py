"""Cause every fault of ``rows.toml`` and write the table of docs/reliability.md.

    python -m faults [--show] [WORD ...]

Runs exactly the tests that the rows name; with words, only those of rows whose fault or area contains one of them.
``--show`` runs nothing and writes the document from the rows and the last results. Exit status 1: a test failed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET  # the report is pytest's own

from faults import soak_document
from faults.table import (
    BEGIN,
    DOCUMENT,
    END,
    RESULTS,
    ROOT,
    FaultRow,
    nodes_of,
    read_results,
    read_rows,
    rendered,
    replaced,
)


def run_nodes(nodes: Sequence[str]) -> dict[str, bool]:
    """Run the tests; return node → whether all its cases passed (a skipped one did not)."""
    with tempfile.TemporaryDirectory() as name:
        report = Path(name) / "report.xml"
        command = [sys.executable, "-m", "pytest", *nodes, f"--junitxml={report}", "-o", "junit_family=xunit1"]
        environment = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
        subprocess.run(command, cwd=ROOT, env=environment, check=False)
        return _read_report(report, nodes)


def _read_report(report: Path, nodes: Sequence[str]) -> dict[str, bool]:
    passed: dict[str, bool] = {}
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 - as above
        node = f"{case.get('file')}::{str(case.get('name')).partition('[')[0]}"
        # A node with several cases passes only if all of them do; one that was skipped has proved nothing.
        passed[node] = passed.get(node, True) and not list(case.iter("failure")) + list(case.iter("error"))
        passed[node] = passed[node] and not list(case.iter("skipped"))
    return {node: passed.get(node, False) for node in nodes}


def write_document(rows: Sequence[FaultRow]) -> None:
    """Write the tables of faults and of the soak into the document."""
    text = replaced(DOCUMENT.read_text("utf-8"), BEGIN, END, rendered(rows, read_results()))
    DOCUMENT.write_text(soak_document.with_figures(text), "utf-8")


def main() -> int:
    """Run, keep the results, write the document; return the exit status."""
    parser = argparse.ArgumentParser(description="Cause every fault and write the table of docs/reliability.md.")
    parser.add_argument("words", nargs="*", help="only rows whose fault or area contains one of these")
    parser.add_argument("--show", action="store_true", help="run nothing; write the document from the last results")
    options = parser.parse_args()
    rows = read_rows()
    chosen = [row for row in rows if not options.words or any(word in row.area + row.fault for word in options.words)]
    found: dict[str, bool] = {}
    if not options.show:
        found = run_nodes(nodes_of(chosen))
        # Results of rows that were not chosen stay; those of tests that no longer exist go.
        kept = {node: passed for node, passed in read_results().items() if node in nodes_of(rows)} | found
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps({"passed": dict(sorted(kept.items()))}, indent=1) + "\n", "utf-8")
    write_document(rows)
    for node in (node for node, passed in found.items() if not passed):
        sys.stdout.write(f"Failed: {node}\n")
    return 0 if all(found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
