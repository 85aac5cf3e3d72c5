"""The figures of the last soak as a table of docs/reliability.md."""

from pathlib import Path

import msgspec

from faults.soak_result import RESULTS, SoakResult
from faults.soak_verdict import CHILD_MB_A_MINUTE, ChildRow, child_rows, rows_of
from faults.table import replaced

BEGIN, END = "<!-- soak: begin (make soak) -->", "<!-- soak: end -->"


def with_figures(document: str, results: Path = RESULTS) -> str:
    """Return the document with the figures of ``results``; unchanged where no soak was kept."""
    if not results.is_file():
        return document
    result = msgspec.json.decode(results.read_bytes(), type=SoakResult)
    return replaced(document, BEGIN, END, rendered(result))


def rendered(result: SoakResult) -> str:
    """Return the text and the tables of one soak."""
    counts = ", ".join(f"{count} {name}" for name, count in sorted(result.counts.items()))
    lines = [
        f"{result.minutes:.0f} minutes, seed {result.seed}: {counts}.",
        "",
        "| quantity | early (median) | late (median) | largest | |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row.title} | {row.early:g} | {row.late:g} | {row.largest:g} | {_flat(row.grew)} |"
        for row in rows_of(result.samples)
    ]
    lines += [
        "",
        "| child process | lives | largest (MiB) | most threads | growth (MiB a minute) | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for child in child_rows(result.samples):
        slope = "–" if child.mb_a_minute is None else f"{child.mb_a_minute:.2f}"
        lines.append(
            f"| {child.role} | {child.lives} | {child.largest_mb:.0f} | {child.largest_threads} | {slope} "
            f"| {_judged(child)} |"
        )
    lines += ["", *(f"Problem: {problem}" for problem in result.problems)]
    return "\n".join(lines)


def _judged(child: ChildRow) -> str:
    if child.mb_a_minute is None:
        return "no life was long enough"
    return "**grew**" if child.grew else f"below {CHILD_MB_A_MINUTE:g}"


def _flat(grew: bool) -> str:
    return "**grew**" if grew else "flat"
