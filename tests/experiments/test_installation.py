"""The installed program does without the research harness and the packages that only it needs."""

import ast
import sys
import tomllib
from pathlib import Path

import pytest

from experiments.figures import FiguresMissingError, require_matplotlib
from experiments.ray_engine import RayEngine, RayMissingError

ROOT = Path(__file__).parents[2]
RESEARCH_ONLY = {"experiments", "benchmarks", "matplotlib", "ray"}


def imported(path: Path) -> set[str]:
    """Return the top-level packages that a source file imports anywhere, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(each.name.split(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_program_imports_no_research_package() -> None:
    sources = [ROOT / "main.py", *(ROOT / "mile_desktop").rglob("*.py"), *(ROOT / "sim_scenes").rglob("*.py")]
    wrong = {str(each.relative_to(ROOT)): imported(each) & RESEARCH_ONLY for each in sources}
    assert {path: names for path, names in wrong.items() if names} == {}
    # the search itself finds such an import
    assert "experiments" in imported(ROOT / "experiments" / "__main__.py")


def test_research_packages_are_extras_and_the_harness_is_not_installed() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    needed = " ".join(settings["project"]["dependencies"])
    assert "matplotlib" not in needed
    assert "ray" not in needed.replace("pyarrow", "")
    extra = " ".join(settings["project"]["optional-dependencies"]["experiments"])
    assert "matplotlib" in extra
    assert "ray" in extra
    assert settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["mile_desktop"]


def test_missing_packages_are_named_with_the_command_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name in RESEARCH_ONLY else sys.modules[name])
    with pytest.raises(FiguresMissingError, match=r"matplotlib.*pip install -e"):
        require_matplotlib()
    with pytest.raises(RayMissingError, match=r"Ray.*pip install -e"):
        RayEngine()
