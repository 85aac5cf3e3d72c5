"""The documents name only what exists: links, files, modules, names, commands."""

import ast
import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mile_desktop import cli

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")) if not path.name.startswith("LICENSE")
)
FOLDERS = "mile_desktop|tests|docs|sim_scenes|resources|experiments|benchmarks|tools"

LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
FILE = re.compile(rf"(?<![\w./-])(?:{FOLDERS})/[\w./*{{}}<>-]*")
SOURCE = re.compile(r"(?<![\w./<>*-])[\w-]+(?:/[\w-]+)+\.py\b")
MEMBER = re.compile(r"\b([\w/]+\.py): (\w+)")
MODULE = re.compile(r"(?<![\w/.])mile_desktop(?:\.\w+)+")
COMMAND = re.compile(r"(?<!bin/python -m )(?:\bmile-desktop|python -m mile_desktop) ([a-z][\w-]*)")
RUN_MODULE = re.compile(r"python -m ((?!mile_desktop\b)\w+(?:\.\w+)*)")
INSTALLED = {"pytest", "pip", "venv"}
TARGET = re.compile(r"\bmake ([a-z]+)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LISTED = re.compile(r"^    ([a-z][\w-]*)(?:\s|$)", re.MULTILINE)


def code_in(document: Path) -> Iterator[str]:
    """Yield what stands in backticks and in code blocks."""
    for found in CODE.finditer(document.read_text()):
        yield found.group().strip("`")


def anchors_of(document: Path) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    titles = (title.lower().strip() for title in HEADING.findall(document.read_text()))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def names_in(module: Path) -> set[str]:
    """Return the names that are defined or imported at the top of a module."""
    names: set[str] = set()
    for node in ast.parse(module.read_text()).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.Assign(targets=targets):
                names |= {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {each.asname or each.name for each in aliases}
            case _:
                pass
    return names


def exists(named: str) -> bool:
    """Return whether a path exists; a placeholder stands for anything, and a decision may be named by its number."""
    if re.search(r"[*{}<>]", named):
        named = re.split(r"[*{}<>]", named)[0].rpartition("/")[0]
    path = ROOT / named
    return path.exists() or (path.parent.is_dir() and re.fullmatch(r"\d{4}", path.name) is not None
                             and any(path.parent.glob(f"{path.name}-*")))  # fmt: skip


def module_exists(dotted: str) -> bool:
    """Return whether a dotted name is a module, or a name at the top of one."""
    *parents, last = dotted.split(".")
    path = ROOT.joinpath(*parents, last)
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    parent = ROOT.joinpath(*parents)
    home = parent / "__init__.py" if parent.is_dir() else parent.with_suffix(".py")
    return home.is_file() and last in names_in(home)


@pytest.fixture(scope="session")
def commands() -> frozenset[str]:
    """Return the commands of the command line, as its help lists them."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        assert cli.main(["--help"]) == 0
    return frozenset(LISTED.findall(said.getvalue()))


@pytest.fixture(params=DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def document(request: pytest.FixtureRequest) -> Path:
    """Return each document in turn."""
    path: Path = request.param
    return path


def test_every_link_leads_somewhere(document: Path) -> None:
    lost = []
    for target, anchor in LINK.findall(document.read_text()):
        found = (document.parent / target).resolve() if target else document
        if not found.exists() or (anchor and found.suffix == ".md" and anchor[1:] not in anchors_of(found)):
            lost.append(target + anchor)
    assert not lost


def test_every_file_that_is_named_exists(document: Path) -> None:
    named = {each.rstrip(".") for text in code_in(document) for each in FILE.findall(text)}
    assert not {each for each in named if not exists(each)}
    sources = {each for text in code_in(document) for each in SOURCE.findall(text)}
    homes = (ROOT, ROOT / "mile_desktop", document.parent)
    assert not {each for each in sources if not any((home / each).is_file() for home in homes)}


def test_every_name_in_a_module_is_defined_there(document: Path) -> None:
    members = {pair for text in code_in(document) for pair in MEMBER.findall(text) if (ROOT / pair[0]).is_file()}
    assert not {pair for pair in members if pair[1] not in names_in(ROOT / pair[0])}


def test_every_module_that_is_named_exists(document: Path) -> None:
    named = {each for text in code_in(document) for each in MODULE.findall(text)}
    assert not {each for each in named if not module_exists(each)}


def test_every_command_that_is_named_exists(document: Path, commands: frozenset[str]) -> None:
    assert {"scenes", "train"} <= commands, "the help's form has changed"
    named = {each for text in code_in(document) for each in COMMAND.findall(text)}
    assert not named - commands


def test_every_program_that_is_run_as_a_module_exists(document: Path) -> None:
    named = {each for text in code_in(document) for each in RUN_MODULE.findall(text)} - INSTALLED
    places = {each: ROOT.joinpath(*each.split(".")) for each in named}
    assert not {each for each, path in places.items()
                if not path.with_suffix(".py").is_file() and not (path / "__main__.py").is_file()}  # fmt: skip


def test_every_make_target_that_is_named_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {each for text in code_in(document) for each in TARGET.findall(text)}
    assert not named - targets


def test_the_index_of_documents_names_every_one() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    linked = {target for target, _ in LINK.findall(index)}
    documents = {str(path.relative_to(ROOT / "docs")) for path in ROOT.glob("docs/*.md")} - {"README.md"}
    assert documents <= linked
    decisions = {f"decisions/{path.name}" for path in ROOT.glob("docs/decisions/*.md")}
    assert decisions <= linked
