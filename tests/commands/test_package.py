"""What an installed package offers: the window without a command, a menu entry, completion, and a bar at a terminal."""

import ast
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mile_desktop import app
from mile_desktop.cli import main
from mile_desktop.commands.install_launcher import launcher_files

ROOT = Path(__file__).parents[2]


def test_no_command_opens_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(app, "run", lambda options: seen.append((options.scene, options.rounds)) or 0)
    monkeypatch.setattr(sys, "argv", ["mile-desktop"])
    assert main() == 0
    assert main(["window", "--scene", "drawer-open"]) == 0
    assert seen == [(None, 2), ("drawer-open", 2)]


def test_a_window_that_ends_with_an_error_gives_its_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "run", lambda _: 3)
    assert main(["window"]) == 1
    assert "status 3" in capsys.readouterr().err


def test_the_launcher_names_this_interpreter_and_is_removed_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "a folder"))
    monkeypatch.setattr(sys, "executable", '/opt/100% "own"/python')
    assert main(["install-launcher", "--json"]) == 0
    entry, icon = launcher_files()
    assert json.loads(capsys.readouterr().out) == {"entry": str(entry), "icon": str(icon)}
    assert r'Exec="/opt/100%% \\"own\\"/python" -m mile_desktop window' in entry.read_text().splitlines()
    assert icon.read_text().startswith("<svg")
    assert main(["install-launcher", "--remove"]) == 0
    assert not entry.exists()
    assert not icon.exists()


def test_completion_knows_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in ("rollout", "serve-robot", "--workspace", "install-launcher"))


@pytest.mark.parametrize("as_json", [False, True])
def test_a_terminal_gets_a_bar_and_a_program_does_not(tmp_path: Path, as_json: bool) -> None:
    arguments = ["evaluate", "--episodes", "2", "--workers", "1", "--workspace", str(tmp_path / "w")]
    reader, terminal = pty.openpty()
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "xterm", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "mile_desktop", *arguments, *(["--json"] if as_json else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal, env=environment, cwd=ROOT) as process:
        os.close(terminal)
        seen = _all_of(reader)
        assert process.stdout is not None
        result = process.stdout.read().decode()
        assert process.wait() == 0
    os.close(reader)
    assert ("Episode 2 of 2" in seen) is not as_json
    assert not re.search(r"\x1b\[3[0-9]m", seen), "NO_COLOR"
    assert ("success_rate" in json.loads(result)) if as_json else (" of 2 succeeded" in result)


def _all_of(terminal: int) -> str:
    found = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux reports the end of a pseudo terminal as an error
            piece = b""
        if not piece:
            return found.decode(errors="replace")
        found += piece


def test_requirements_are_ranges_and_the_lock_has_the_exact_versions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    asked = [*project["dependencies"], *(each for extra in extras for each in extra)]
    assert not [each for each in asked if "==" in each.split(";")[0]]
    locked = {
        line.split("==")[0].lower().replace("_", "-") for line in (ROOT / "requirements.lock").read_text().split()
    }
    names = {re.split(r"[\[<>=; ]", each)[0].lower() for each in asked}
    assert names - locked == {"rerun-sdk"}, "what the lock leaves out: 286 MB for one export"


def test_every_address_in_the_metadata_is_that_of_the_paper_as_the_documents_name_it() -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    assert urls == {"Paper": "https://arxiv.org/abs/2502.13519"}
    assert all(urls["Paper"] in (ROOT / name).read_text() for name in ("CITATION.cff", "docs/method.md"))


def test_every_guide_that_a_message_or_a_shipped_file_names_is_in_the_wheel() -> None:
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    guides = {Path(name).name for name in shipped["force-include"] if name.startswith("docs/")}
    named: set[str] = set()
    for path in (ROOT / "mile_desktop").rglob("*.py"):
        tree = ast.parse(path.read_text())
        comments = {
            id(each.value)
            for node in ast.walk(tree)
            for each in ast.iter_child_nodes(node)
            if isinstance(each, ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in comments:
                assert "docs/" not in node.value, f"{path}:{node.lineno}: an installed program has no folder docs"
                named |= set(re.findall(r"^[a-z]+\.md$", node.value))
    for path in (ROOT / "resources").rglob("*.toml"):
        named |= set(re.findall(r"docs/([a-z]+\.md)", path.read_text()))
    assert {"scenes.md", "study.md"} <= named <= guides


_COMPILED = "PyBullet has no wheel for Python 3.12: pip will compile it, which takes 10 to 20 minutes"
_NO_VENV = "sys.modules['ensurepip'] = None"


@pytest.mark.parametrize(
    ("fake", "tools", "said"),
    [
        (("3.11.2", ""), ("c++",), ""),
        (("3.12.1", ""), ("c++", "Python.h"), _COMPILED),
        (
            ("3.13.0", ""),
            ("Python.h",),
            "this is missing to compile it: sudo apt-get install g++. Or install Python 3.11",
        ),
        (("3.12.1", ""), ("c++",), "sudo apt-get install python3.12-dev. Or"),
        (("3.8.18", ""), (), "needs Python 3.11 or newer; python3.12 is 3.8. On Debian or Ubuntu: sudo apt-get"),
        (("3.12.1", _NO_VENV), (), "sudo apt-get install python3.12-venv. Or name another"),
    ],
)
def test_make_says_before_the_wait_what_an_interpreter_costs_or_lacks(
    tmp_path: Path, fake: tuple[str, str], tools: tuple[str, ...], said: str
) -> None:
    (version, before), works = fake, said in {"", _COMPILED}
    # An interpreter that says another version: the script asks it for everything.
    numbers = ", ".join(version.split("."))
    named = "collections.namedtuple('Version', 'major minor micro')"
    paths = f"lambda *a, of=sysconfig.get_paths, **k: {{**of(*a, **k), 'include': '{tmp_path}'}}"
    prelude = f"import collections, sys, sysconfig; sysconfig.get_paths = {paths}; "
    prelude += f"sys.version_info = {named}({numbers}); {before or 'pass'}"
    (tmp_path / "python3.12").write_text(f'#!/bin/sh\nexec {sys.executable} -c "{prelude}\n$2"\n')
    for tool in tools:
        (tmp_path / tool).write_text("#!/bin/sh\n")
    for file in tmp_path.iterdir():
        file.chmod(0o700)
    found = subprocess.run(
        [shutil.which("bash") or "bash", ROOT / "tools" / "find_python.sh", "python3.12"],
        env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (found.returncode, found.stdout) == (0, "python3.12\n") if works else (1, "")
    assert said in found.stderr
    assert bool(said) is bool(found.stderr)
