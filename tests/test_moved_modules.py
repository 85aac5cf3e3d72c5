"""What people's scripts imported from an earlier build still imports, or says where it is now."""

import json
import subprocess
import sys
from pathlib import Path

from mile_desktop import moved_modules

EARLIER_NAMES = Path(__file__).parent / "fixtures" / "earlier_names.json"
"""Module → public names that it defined, in the build before the modules moved."""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=100)


def test_everything_an_earlier_script_imported_is_still_there() -> None:
    done = run("-m", "tests.old_imports", str(EARLIER_NAMES))

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout[done.stdout.index("[") :]) == []


def test_an_old_module_name_works_and_warns_at_the_import_statement() -> None:
    done = run("-W", "always", "-c", "from mile_desktop.scenes.steering import ramp; print(ramp(1.0, 0.0, 1.0))")

    assert done.stdout == "1.0\n"
    assert "<string>:1: DeprecationWarning" in done.stderr
    assert "is now mile_desktop.scenes.expert_moves" in done.stderr


def test_an_old_module_holds_the_very_objects_of_the_new_one() -> None:
    code = (
        "import mile_desktop.scenes.expert_moves as new, mile_desktop.scenes.steering as old\n"
        "assert old.ramp is new.ramp and old is not new\n"
        "assert new.__spec__.name == new.__name__ == 'mile_desktop.scenes.expert_moves'"
    )

    assert run("-c", code).returncode == 0


def test_a_name_that_was_renamed_with_its_module_is_found_under_its_old_name() -> None:
    code = (
        "from mile_desktop.learning.order import TrainingOrder\n"
        "from mile_desktop.learning.pipeline.config import RunConfig\n"
        "assert TrainingOrder is RunConfig"
    )
    done = run("-W", "always", "-c", code)

    assert done.returncode == 0, done.stderr
    assert "is now mile_desktop.learning.pipeline.config.RunConfig" in done.stderr


def test_a_module_that_became_a_package_still_gives_its_names() -> None:
    done = run("-W", "error::ImportWarning", "-c", "from mile_desktop.learning.trainer import Trainer")

    assert done.returncode == 0, done.stderr


def test_a_name_an_old_module_never_had_names_the_new_place() -> None:
    done = run("-W", "ignore", "-c", "from mile_desktop.scenes.steering import fly")

    assert done.returncode != 0
    assert "ImportError: mile_desktop.scenes.steering is now mile_desktop.scenes.expert_moves" in done.stderr


def test_a_removed_name_says_what_to_use_instead() -> None:
    code = (
        "from mile_desktop import moved_modules\n"
        "moved_modules.GONE['mile_desktop.scenes.urdf'] = {'fly': 'use read_model.'}\n"
        "from mile_desktop.scenes.urdf import fly"
    )
    done = run("-W", "ignore", "-c", code)

    assert "ImportError: mile_desktop.scenes.urdf.fly was removed: use read_model." in done.stderr


def test_every_row_of_the_tables_names_a_module_that_is_not_there_any_more() -> None:
    package = Path(moved_modules.__file__).parent
    for old in moved_modules.MODULES:
        path = package.joinpath(*old.split(".")[1:])
        assert not path.with_suffix(".py").exists(), f"{old} is a module again; remove its row"
        assert not path.is_dir(), f"{old} is a package now; name what it held in NAMES"
