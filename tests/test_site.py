"""The documentation site: its own pages, links that lead to the same things, and commands that can be typed."""

import contextlib
import importlib.util
import io
import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from mile_desktop import cli

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(path for path in (ROOT / "README.md", *ROOT.glob("docs/*.md")))
BLOCK = re.compile(r"^```(?:sh|bash|console)?\n(.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`(mile-desktop [^`\n]+)`")
PLACEHOLDER = re.compile(r"[…\[\]{}<>|]")


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_pages", ROOT / "tools" / "site_pages.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def commands_in(document: Path) -> set[str]:
    """Return the commands of this program that a document shows; not those with placeholders."""
    text = document.read_text("utf-8")
    lines = [
        line.strip().removeprefix(".venv/bin/")
        for block in BLOCK.findall(text)
        for line in block.replace("\\\n", " ").splitlines()
    ]
    found = {line for line in lines if line.startswith("mile-desktop ")} | set(INLINE.findall(text))
    return {line for line in found if not PLACEHOLDER.search(line)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_in_a_document_can_be_typed(document: Path) -> None:
    wrong = {}
    for line in commands_in(document):
        words = shlex.split(line, comments=True)[1:]
        if not words or words[0].startswith("-"):
            continue  # the window, or an option of the program such as --version
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            try:
                cli._parse(words)
            except SystemExit as ending:
                # a command that is only named in a sentence lacks what it needs, and that is no mistake
                if ending.code and "required" not in said.getvalue():
                    wrong[line] = said.getvalue().splitlines()[-1]
    assert not wrong


def test_a_command_that_is_wrong_is_found() -> None:
    with contextlib.redirect_stderr(io.StringIO()) as said, pytest.raises(SystemExit):
        cli._parse(["export-policy", "--formt", "onnx", "a.onnx"])
    assert "formt" in said.getvalue()


def test_links_lead_to_the_same_things_on_the_site(pages: ModuleType) -> None:
    links = {
        ("docs/words.md", "tour.md"): "words.md",
        ("docs/README.md#decisions", "tour.md"): "README.md#decisions",
        ("../CONTRIBUTING.md", "architecture.md"): "contributing.md",
        ("../performance.md", "decisions/0011-x.md"): "../performance.md",
        ("../experiments/results/validation/a.svg", "validation.md"): "figures/validation/a.svg",
        ("screenshots/a.png", "pictures.md"): "screenshots/a.png",
    }
    assert {case: pages.site_link(*case) for case in links} == links


def test_the_reference_has_every_command_and_module(pages: ModuleType) -> None:
    text = pages.commands_page()
    assert all(f"\n## {each.name}\n" in text for each in cli.COMMANDS)
    assert str(Path.home()) not in text, "a folder of the machine that builds the site"
    named = re.findall(r"^::: mile_desktop\.(\S+)$", pages.api_page(), re.MULTILINE)
    assert named
    assert not [name for name in named if not (ROOT / "mile_desktop" / f"{name.replace('.', '/')}.py").is_file()]


def test_every_page_of_the_menu_exists_and_every_guide_is_in_it(pages: ModuleType) -> None:
    class Loader(yaml.SafeLoader):
        """MkDocs' file has tags for Python objects, which are not needed here."""

    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
    nav = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), Loader)["nav"]
    entries = [each if isinstance(each, str) else next(iter(each.values())) for part in nav for each in
               next(iter(part.values()))]  # fmt: skip
    made = {*pages.PAGES.values(), "reference/commands.md", "reference/api.md"}
    assert not {each for each in entries if each not in made and not (ROOT / "docs" / each).is_file()}
    assert {path.name for path in ROOT.glob("docs/*.md")} <= set(entries)
