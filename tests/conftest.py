"""What every test may rely on: nothing here reaches the user's own folders, screen, sound card or pads."""

import compileall
import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# machines that run tests are busy: how long an example takes says nothing
hypothesis.settings.register_profile("busy", deadline=None)
hypothesis.settings.load_profile("busy")

_HOME = tempfile.TemporaryDirectory(prefix="mile-tests-", ignore_cleanup_errors=True)

# set before anything imports Qt, SDL or torch; processes that tests start inherit it
os.environ["XDG_CONFIG_HOME"] = str(Path(_HOME.name, "config"))
os.environ["XDG_DATA_HOME"] = str(Path(_HOME.name, "data"))
os.environ["XDG_STATE_HOME"] = str(Path(_HOME.name, "state"))
os.environ["XDG_CACHE_HOME"] = str(Path(_HOME.name, "cache"))
os.environ["SDL_AUDIODRIVER"] = "dummy"
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Where bytecode is forbidden, each of the hundreds of processes that tests start compiles the program again (0.3 to
# 0.5 s of a processor), and so does the import of every test module (7 s for each process of pytest).
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

_PACKAGE = Path(__file__).parents[1] / "mile_desktop"

_LONG = ("tests/ui/application/", "tests/test_unattended.py", "tests/rollout/", "tests/viewer/")
"""Files in which whole programs run."""


def pytest_configure(config: pytest.Config) -> None:
    """Compile the program once, before anything starts it: only what pytest itself imports would be written."""
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(str(_PACKAGE), quiet=2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest files first: one of them begun at the end would keep a single process busy while others wait."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


def pytest_collection_finish() -> None:
    """Set aside what the imports have made: each collection of garbage would walk all of it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _own_home() -> Iterator[None]:
    yield
    _HOME.cleanup()


@pytest.fixture(autouse=True)
def _collect_garbage() -> Iterator[None]:
    """Collect garbage on the main thread only, as the window does: Qt objects of a test may be part of it."""
    from mile_desktop.ui.shell.garbage_collector import collect_due  # noqa: PLC0415 - imports Qt

    gc.disable()
    yield
    collect_due()


@pytest.fixture(autouse=True)
def _same_priority() -> Iterator[None]:
    """No test leaves this process with another priority: all later tests, and what they start, would have it."""

    def priority() -> tuple[int, int]:
        return (os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0)) if sys.platform == "linux" else (0, 0)

    before = priority()
    yield
    assert priority() == before
