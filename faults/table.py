"""The rows of ``rows.toml``, the results of the last run, and the document that is made of both."""

import ast
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROWS = Path(__file__).parent / "rows.toml"
RESULTS = Path(__file__).parent / "results" / "faults.json"
DOCUMENT = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- faults: begin (make faults) -->", "<!-- faults: end -->"

_HEAD = "| fault | what happens | a person reads | kept | test | |"
_SHORTEST_PIECE = 8
"""Shorter pieces of a sentence, such as a full stop between two variable parts, prove nothing."""


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One fault."""

    area: str
    fault: str
    happens: str
    says: tuple[str, ...]
    """Sentences as the program's source has them; … stands for what varies."""
    kept: str
    tests: tuple[str, ...]
    """Pytest nodes that cause the fault."""


def read_rows(path: Path = ROWS) -> tuple[FaultRow, ...]:
    """Return the rows; raises ``KeyError`` or ``TypeError`` for a row with other entries."""
    found = tomllib.loads(path.read_text("utf-8"))["row"]
    return tuple(FaultRow(**{**row, "says": tuple(row["says"]), "tests": tuple(row["tests"])}) for row in found)


def nodes_of(rows: Iterable[FaultRow]) -> list[str]:
    """Return every node once, in order."""
    return list(dict.fromkeys(node for row in rows for node in row.tests))


def missing_nodes(rows: Iterable[FaultRow]) -> list[str]:
    """Return the nodes that are no test function of the repository."""
    return [node for node in nodes_of(rows) if not _exists(node)]


def _exists(node: str) -> bool:
    path, _, name = node.partition("::")
    file = ROOT / path
    if not file.is_file():
        return False
    tree = ast.parse(file.read_text("utf-8"))
    # Read and not imported: tests of the window need Qt, and this is asked by a test of its own.
    return any(isinstance(each, ast.FunctionDef) and each.name == name for each in tree.body)


# ── sentences ────────────────────────────────────────────────────────────────────────────────────────────────────────


def unknown_sentences(rows: Iterable[FaultRow], source: Path = ROOT / "mile_desktop") -> list[str]:
    """Return the sentences of ``rows`` that the program cannot say: a fixed piece is in no text of its source."""
    # From the syntax tree: a sentence may be broken over several lines of source.
    spoken = "\n".join(text for path in source.rglob("*.py") for text in _texts(ast.parse(path.read_text("utf-8"))))
    return [text for row in rows for text in row.says if not all(piece in spoken for piece in _pieces(text))]


def _pieces(text: str) -> Iterator[str]:
    return (piece for piece in re.split("…", text) if len(piece.strip()) >= _SHORTEST_PIECE)


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


# ── the document ─────────────────────────────────────────────────────────────────────────────────────────────────────


def read_results(path: Path = RESULTS) -> dict[str, bool]:
    """Return node → whether it passed in the last run; nodes that were not run are missing."""
    if not path.is_file():
        return {}
    found: dict[str, bool] = json.loads(path.read_text("utf-8"))["passed"]
    return found


def rendered(rows: Sequence[FaultRow], results: Mapping[str, bool]) -> str:
    """Return the tables of the document, one for each area."""
    lines = [f"{len(rows)} faults, caused by {len(nodes_of(rows))} tests.", ""]
    # ``groupby`` needs rows of one area beside each other, which is how the file is kept.
    for area, group in groupby(rows, key=lambda row: row.area):
        lines += [
            f"### {area}",
            "",
            "| fault | what happens | a person reads | kept | test | |",
            "| --- |" + " --- |" * 5,
        ]
        lines += [_line(row, results) for row in group]
        lines.append("")
    return "\n".join(lines)


def _line(row: FaultRow, results: Mapping[str, bool]) -> str:
    says = "<br>".join(text.replace("{points}", "…").replace("|", "\\|") for text in row.says) or "–"
    tests = "<br>".join(f"`{node}`" for node in row.tests)
    return f"| {row.fault} | {row.happens} | {says} | {row.kept} | {tests} | {_result(row, results)} |"


def _result(row: FaultRow, results: Mapping[str, bool]) -> str:
    found = [results.get(node) for node in row.tests]
    # One test that was not run makes the row unknown: a row passes only with all of its tests.
    if None in found:
        return "not run"
    return "passed" if all(found) else "**failed**"


def replaced(document: str, begin: str, end: str, text: str) -> str:
    """Return ``document`` with ``text`` between two marks; raises ``ValueError`` if one is missing."""
    head, found, rest = document.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"The document has no place for it: found no {begin if not found else end!r}.")
    return f"{head}{begin}\n\n{text.rstrip()}\n\n{end}{tail}"
