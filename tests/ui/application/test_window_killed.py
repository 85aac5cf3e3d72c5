"""The window itself is killed: its processes end, and the next start finds every recorded step."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.recovery import recover
from mile_desktop.storage.workspace import DATABASE, Workspace
from tests.ui.application.live_window import DEADLINE_S, LiveWindow, plan
from tests.ui.ui_children import viewer, worker

GONE_S = 15.0
"""Ten seconds of grace for the child, and what a busy machine adds."""
WINDOW = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from PySide6.QtWidgets import QApplication
from tests.ui.application.live_window import LiveWindow, plan
if __name__ == "__main__":
    app = QApplication([])
    folder = Path(sys.argv[1])
    window = LiveWindow(folder, plan(folder / "workspace", speed=1.0))
    window.start_episode(50)
    app.exec()
"""


@pytest.fixture
def window(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A window in a process of its own, with a running episode."""
    script = tmp_path / "window.py"
    script.write_text(WINDOW)
    command = [sys.executable, str(script), str(tmp_path), str(Path(__file__).parents[3])]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        yield process
        process.kill()


def wait_for(condition: Callable[[], object], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def recorded_steps(workspace: Path) -> int:
    try:
        with sqlite3.connect(f"file:{workspace / DATABASE}?mode=ro", uri=True) as connection:
            found = connection.execute("SELECT count(*) FROM journal_step").fetchone()[0]
        connection.close()
    except sqlite3.OperationalError:
        return 0  # it is being made
    return int(found)


@pytest.mark.parametrize("worker_too", [False, True], ids=["window", "window and worker"])
def test_its_processes_end_and_the_next_start_has_the_episode(
    window: "subprocess.Popen[bytes]", open_window: Callable[..., LiveWindow], tmp_path: Path, worker_too: bool
) -> None:
    workspace = tmp_path / "workspace"
    wait_for(lambda: recorded_steps(workspace) > 15, DEADLINE_S)
    children = psutil.Process(window.pid).children(recursive=True)
    assert len(children) >= 2
    steps = recorded_steps(workspace)
    victims = [window.pid, *(worker_pids(children) if worker_too else [])]
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    window.wait()
    wait_for(lambda: not [child for child in children if is_alive(child)], GONE_S)

    if not worker_too:
        with Workspace.open(workspace) as opened:
            assert recover(opened) == ()  # a worker that outlives its window closes the episode itself
            check_episode(Catalogue(opened), steps, recovered=False)
        return
    live = open_window(tmp_path, plan(workspace), worker, viewer_target=viewer)
    assert live.said("was recovered", level="info")
    check_episode(live.workspace.catalogue, steps, recovered=True)
    live.close()


def check_episode(catalogue: Catalogue, steps: int, *, recovered: bool) -> None:
    (record,) = catalogue.episodes()
    assert record.steps >= steps
    assert (record.outcome, record.recovered) == ("aborted", recovered)


def worker_pids(children: list[psutil.Process]) -> list[int]:
    """Return the pid of the rollout worker: the child that has the journal open."""
    return [child.pid for child in children if any(each.path.endswith(DATABASE) for each in child.open_files())]


def is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
