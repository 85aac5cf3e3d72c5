import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from mile_desktop.learning.progress import Cancelled, Failed, Finished, Progress
from mile_desktop.learning.run_log import EVENT_FILE
from mile_desktop.ui.clients.trainer_client import CANCEL_S, NICENESS, TrainerClient, TrainerRunningError

TRAINER = """
import signal, sys, threading
from pathlib import Path
from mile_desktop.learning.progress import Cancelled, Finished, Progress
from mile_desktop.learning.run_log import RunLog

folder, manner = Path(sys.argv[1]), sys.argv[2]
stopped = threading.Event()
def stop(number, frame):
    stopped.set()
if manner == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, stop)
if manner == "broken":
    sys.exit("The workspace is locked; close the other window.")
with RunLog(folder) as log:
    log.event(Progress(stage="data", fraction=0.1))
    if manner == "quick":
        log.event(Finished(policy="p4", method="mile", loss=0.5))
    elif manner == "dies":
        import os
        os._exit(3)
    else:
        stopped.wait(60)
        log.event(Cancelled())
"""


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Follower:
    """A client and what it said."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.client = TrainerClient(clock=self.clock)
        self.folder = folder
        self.events: list[object] = []
        self.running: list[bool] = []
        self.client.event_read.connect(self.events.append)
        self.client.running_changed.connect(self.running.append)

    def start(self, manner: str) -> None:
        self.client.start([sys.executable, "-c", TRAINER, str(self.folder), manner], self.folder)


@pytest.fixture
def follower(qtbot: QtBot, tmp_path: Path) -> Iterator[Follower]:
    follower = Follower(tmp_path / "runs" / "run-7f3a")
    yield follower
    if follower.client.pid is not None:
        psutil.Process(follower.client.pid).kill()
        qtbot.waitUntil(lambda: not follower.client.running)
    follower.client.leave()


def test_a_run_is_followed_to_its_end(follower: Follower, qtbot: QtBot) -> None:
    follower.start("quick")
    qtbot.waitUntil(lambda: not follower.client.running, timeout=20_000)
    assert [type(each) for each in follower.events] == [Progress, Finished]
    assert follower.running == [True, False]
    assert not follower.client._timer.isActive()


def test_the_trainer_has_a_session_of_its_own_and_low_priority(follower: Follower, qtbot: QtBot) -> None:
    follower.start("slow")
    qtbot.waitUntil(lambda: bool(follower.events), timeout=20_000)
    assert follower.client.pid is not None
    process = psutil.Process(follower.client.pid)
    assert process.nice() >= NICENESS
    group = Path("/proc", str(process.pid), "autogroup")
    if group.exists():  # Linux divides the processor between sessions before niceness counts
        assert group.read_text().endswith(f"nice {NICENESS}\n")
    assert process.pid != psutil.Process().pid
    with pytest.raises(TrainerRunningError, match="run-7f3a"):
        follower.start("quick")


def test_cancelling_is_asked_for_and_then_said(follower: Follower, qtbot: QtBot) -> None:
    follower.start("slow")
    qtbot.waitUntil(lambda: bool(follower.events), timeout=20_000)
    follower.client.cancel()
    qtbot.waitUntil(lambda: not follower.client.running, timeout=20_000)
    assert follower.events[-1] == Cancelled()
    assert follower.events.count(Cancelled()) == 1


def test_a_deaf_trainer_is_ended(follower: Follower, qtbot: QtBot) -> None:
    follower.start("deaf")
    qtbot.waitUntil(lambda: bool(follower.events), timeout=20_000)
    follower.client.cancel()
    follower.clock.now = CANCEL_S + 1
    qtbot.waitUntil(lambda: not follower.client.running, timeout=20_000)
    assert follower.events[-1] == Cancelled()


@pytest.mark.parametrize(
    ("manner", "said"), [("broken", "The workspace is locked; close the other window"), ("dies", "status 3")]
)
def test_a_trainer_that_ends_without_a_word_is_noticed(
    follower: Follower, qtbot: QtBot, manner: str, said: str
) -> None:
    follower.start(manner)
    qtbot.waitUntil(lambda: not follower.client.running, timeout=20_000)
    last = follower.events[-1]
    assert isinstance(last, Failed)
    assert said in last.text
    assert "Retrain" in last.text


def test_a_killed_trainer_is_noticed(follower: Follower, qtbot: QtBot) -> None:
    follower.start("slow")
    qtbot.waitUntil(lambda: bool(follower.events), timeout=20_000)
    assert follower.client.pid is not None
    psutil.Process(follower.client.pid).send_signal(signal.SIGKILL)
    qtbot.waitUntil(lambda: not follower.client.running, timeout=20_000)
    assert isinstance(follower.events[-1], Failed)


def test_a_reopened_window_finds_the_trainer_again(follower: Follower, qtbot: QtBot) -> None:
    follower.start("slow")
    qtbot.waitUntil(lambda: bool(follower.events), timeout=20_000)
    later = Follower(follower.folder)
    assert follower.client.pid is not None
    assert later.client.attach(follower.folder, follower.client.pid)
    assert later.events == follower.events
    later.client.cancel()
    qtbot.waitUntil(lambda: not later.client.running and not follower.client.running, timeout=20_000)
    assert later.events[-1] == Cancelled()


def test_a_run_that_ended_while_no_window_was_open_is_read_to_its_end(follower: Follower, qtbot: QtBot) -> None:
    follower.start("quick")
    qtbot.waitUntil(lambda: not follower.client.running, timeout=20_000)
    later = Follower(follower.folder)
    assert not later.client.attach(follower.folder, 2**22 - 3)
    assert later.events == follower.events
    assert not later.client.running


def test_somebody_elses_process_is_not_taken_for_the_trainer(follower: Follower, tmp_path: Path) -> None:
    (tmp_path / "runs" / "run-other").mkdir(parents=True)
    assert not follower.client.attach(tmp_path / "runs" / "run-other", psutil.Process().pid)
    assert not follower.client.running


def test_leaving_lets_the_trainer_work_on(follower: Follower, qtbot: QtBot) -> None:
    follower.start("slow")
    qtbot.waitUntil((follower.folder / EVENT_FILE).exists, timeout=20_000)
    child, pid = follower.client._child, follower.client.pid
    assert child is not None
    assert pid is not None
    follower.client.leave()
    assert psutil.pid_exists(pid)
    assert not [timer for timer in follower.client.findChildren(QTimer) if timer.isActive()]
    child.terminate()
    assert child.wait(10) == 0


def test_a_command_that_cannot_be_started_leaves_nothing_behind(follower: Follower) -> None:
    with pytest.raises(OSError, match="no-such-program"):
        follower.client.start(["/no-such-program"], follower.folder)
    assert not follower.client.running
