"""The layout rules that linters do not check: names, sizes, import cycles, and a description of every folder.

``docs/architecture.md`` and decision 31 give the reasons.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mile_desktop"
SOURCES = sorted(path for folder in ("mile_desktop", "experiments", "benchmarks", "faults", "sim_scenes", "tests")
                 for path in (ROOT / folder).rglob("*.py"))  # fmt: skip
PROGRAM = [path for path in SOURCES if path.relative_to(ROOT).parts[0] in ("mile_desktop", "experiments")]

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
SMALL_FILE = 50
MOST_SMALL_FILES = 27
"""Files under ``SMALL_FILE`` lines with a single importer; the layout before had 28."""

NOUNS_IN_ING = frozenset({"binding", "editing", "heading", "learning", "recording", "setting"})
"""Ordinary nouns that are not a verb's form in this program."""

DOCUMENTED_CYCLES: frozenset[frozenset[str]] = frozenset()
"""Groups of modules that may import one another, each with a reason beside it; there are none."""


def modules() -> dict[str, Path]:
    """Return dotted name → file of every module of the program."""
    named = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in PROGRAM}
    return {name.removesuffix(".__init__"): path for name, path in named.items()}


def lines_of(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def imports_of(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """Yield the modules that ``path`` imports anywhere: in functions and under ``TYPE_CHECKING``, too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                inner = f"{node.module}.{each.name}"
                if inner in known:
                    yield inner
                elif node.module in known:
                    yield node.module


@pytest.fixture(scope="module")
def imports() -> dict[str, frozenset[str]]:
    """Return module → modules that it imports."""
    known = modules()
    return {name: frozenset(imports_of(path, known)) - {name} for name, path in known.items()}


def reached_from(start: str, imports: Mapping[str, frozenset[str]]) -> set[str]:
    """Return every module that an import of ``start`` can lead to; ``start`` only if the way leads back."""
    seen: set[str] = set()
    waiting = list(imports[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(imports[name])
    return seen


def cycles(imports: Mapping[str, frozenset[str]]) -> set[frozenset[str]]:
    """Return the groups of modules that reach one another."""
    reach = {name: reached_from(name, imports) for name in imports}
    in_cycles = [name for name in imports if name in reach[name]]
    return {frozenset(other for other in reach[name] if name in reach[other]) for name in in_cycles}


def test_no_module_is_named_by_a_gerund() -> None:
    stems = {path.stem if path.stem != "__init__" else path.parent.name for path in PROGRAM}
    assert not {each for each in stems if each.rpartition("_")[2].endswith("ing")} - NOUNS_IN_ING


def test_no_file_is_too_long() -> None:
    assert not {str(path.relative_to(ROOT)): count for path in SOURCES if (count := lines_of(path)) > LONGEST_FILE}


def test_no_function_is_too_long() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in PROGRAM
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not long


def test_no_modules_import_one_another(imports: dict[str, frozenset[str]]) -> None:
    assert cycles(imports) <= DOCUMENTED_CYCLES


def test_a_cycle_is_found_where_there_is_one() -> None:
    assert cycles({"a": frozenset({"b"}), "b": frozenset({"c"}), "c": frozenset({"b"})}) == {frozenset({"b", "c"})}


def test_few_small_files_have_a_single_importer(imports: dict[str, frozenset[str]]) -> None:
    importers = Counter(each for names in imports.values() for each in names)
    small = [name for name, path in modules().items()
             if path.name != "__init__.py" and importers[name] == 1 and lines_of(path) < SMALL_FILE]  # fmt: skip
    assert len(small) <= MOST_SMALL_FILES, small


def test_names_that_qt_dictates_are_allowed_in_one_place() -> None:
    """The linter's configuration allows them for the whole window."""
    mark = re.compile("noqa" + r":[ A-Z0-9,]*\bN802\b")
    assert not [str(path.relative_to(ROOT)) for path in SOURCES if mark.search(path.read_text("utf-8"))]


def test_every_folder_of_the_program_is_described() -> None:
    described = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rows = [line for line in described.splitlines() if line.startswith("|")]
    named = {name for row in rows for name in re.findall(r"`([\w./]+)/`", row.split("|")[1])}
    folders = {str(path.parent.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py")} - {"."}
    assert not {each for each in folders if not {f"mile_desktop/{each}", each.removeprefix("ui/")} & named}


def test_no_override_raises_into_qt() -> None:
    """Every class of the window that overrides a method of Qt has ``OverrideGuard`` as its first base."""
    from mile_desktop import ui  # noqa: PLC0415 - the other tests need no Qt
    from mile_desktop.ui.widgets.override_guard import SAFE_VALUES, is_guarded, overrides  # noqa: PLC0415

    found = [importlib.import_module(each.name) for each in pkgutil.walk_packages(ui.__path__, f"{ui.__name__}.")]
    classes = {each for module in found for each in vars(module).values() if inspect.isclass(each)}
    ours = {(cls, name) for cls in classes if cls.__module__.startswith(ui.__name__) for name in overrides(cls)}
    assert len(ours) > 100
    assert {f"{cls.__name__}.{name}" for cls, name in ours if not is_guarded(vars(cls)[name])} == set()
    results = {name for cls, name in ours if inspect.signature(vars(cls)[name]).return_annotation is not None}
    assert results - SAFE_VALUES.keys() <= {"data", "headerData"}, "say in SAFE_VALUES what Qt gets after an error"


def test_background_commands_end_with_their_workspace() -> None:
    """A result of the workspace before must not be shown, or used as the alarm, in the one that is open now."""
    ordered = {"dataset_controller.py", "policies/controller.py"}  # a person's order; its message names what was done
    sources = {path: path.read_text("utf-8") for path in (PACKAGE / "ui").rglob("*controller.py")}
    clients = {path for path, text in sources.items() if "CommandClient(" in text and '"--workspace"' in text}
    assert len(clients) >= 5
    unwatched = {str(path) for path in clients if "workspace_opened.connect" not in sources[path]}
    assert not {path for path in unwatched if not path.endswith(tuple(ordered))}
