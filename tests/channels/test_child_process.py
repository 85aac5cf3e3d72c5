import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import channel_children as children
import psutil
import pytest
from channel_children import Crash, Event, Exit, Flood, Freeze, Ping, Pong, Snapshot

from mile_desktop.channels.errors import ChannelClosedError, ChannelFullError
from mile_desktop.channels.process import ChildProcess

Child = ChildProcess[Event]
StartChild = Callable[..., Child]


def until(condition: Callable[[], bool], timeout_s: float = 20.0) -> float:
    """Wait for ``condition`` and return how long it took, s."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < timeout_s, "the condition was not met in time"
        time.sleep(0.002)
    return time.monotonic() - began


@pytest.fixture
def start_child() -> Iterator[StartChild]:
    started: list[Child] = []
    threads = threading.active_count()

    def start(
        target: Callable[..., None] = children.answer, arguments: tuple[int, ...] = (7,), **options: int
    ) -> Child:
        child = Child("test child", target, arguments, event_type=Event, **options)
        started.append(child)
        child.start()
        return child

    yield start
    for child in started:
        child.stop(1.0)
        assert not psutil.pid_exists(child.pid)
    until(lambda: threading.active_count() == threads)


def heard(child: Child, event: Event) -> list[Event]:
    """Wait until ``child`` has said ``event``; return everything it said until then."""
    events: list[Event] = []

    def said() -> bool:
        events.extend(child.drain())
        return event in events

    until(said)
    return events


def test_commands_and_events_keep_their_order(start_child: StartChild) -> None:
    child = start_child()
    for number in range(50):
        child.send(Ping(number + 100))
    assert heard(child, Pong(149)) == [Pong(7), *(Pong(number + 100) for number in range(50))]
    assert child.alive
    assert child.exit_reason == ""


def test_a_killed_child_is_noticed_at_once_and_named(start_child: StartChild) -> None:
    child = start_child()
    heard(child, Pong(7))
    os.kill(child.pid, signal.SIGKILL)
    assert until(lambda: not child.alive) < 0.5
    assert child.exit_reason == "The test child was killed by SIGKILL."
    with pytest.raises(ChannelClosedError, match=r"killed by SIGKILL.*Ping was not sent"):
        child.send(Ping(1))


def test_an_exception_in_the_child_becomes_a_sentence(start_child: StartChild) -> None:
    child = start_child()
    child.send(Crash("There is no such scene."))
    assert child.wait(20.0)
    assert child.exit_reason == "The test child failed: ValueError: There is no such scene."
    assert child.drain() == [Pong(7)]


def test_an_unexpected_exit_carries_its_code(start_child: StartChild) -> None:
    child = start_child()
    child.send(Exit(3))
    assert child.wait(20.0)
    assert child.exit_reason == "The test child ended with exit code 3."


def test_a_frozen_child_is_silent_but_stops_all_the_same(start_child: StartChild) -> None:
    child = start_child()
    heard(child, Pong(7))
    child.send(Freeze())
    silence_begins = child.last_heard
    child.send(Ping(1))
    assert not child.wait(0.3)
    assert child.last_heard == silence_begins
    began = time.monotonic()
    child.stop(0.1)
    assert time.monotonic() - began < 1.0
    assert child.exit_reason == "The test child was stopped."


def test_a_child_that_is_stopped_by_the_system_is_killed(start_child: StartChild) -> None:
    child = start_child()
    heard(child, Pong(7))
    os.kill(child.pid, signal.SIGSTOP)
    child.stop(0.1)
    assert not psutil.pid_exists(child.pid)


def test_goodbye_is_enough_for_a_child_that_listens(start_child: StartChild) -> None:
    child = start_child()
    heard(child, Pong(7))
    child.send(Ping(8))
    child.stop(10.0)
    assert child.drain() == [Pong(8)]
    child.stop(10.0)


def test_a_full_queue_is_an_error_and_not_a_wait(start_child: StartChild) -> None:
    child = start_child(children.ignore_everything, (), command_capacity=16)
    took: list[float] = []

    def send_for_ever() -> None:
        while True:
            began = time.monotonic()
            child.send(Crash("x" * 100_000))
            took.append(time.monotonic() - began)

    with pytest.raises(ChannelFullError, match="does not take commands; Crash was not sent"):
        send_for_ever()
    assert 16 <= len(took) < 100
    assert max(took) < 0.05


def test_a_window_that_does_not_read_costs_the_child_nothing(start_child: StartChild) -> None:
    """The child keeps its newest events and one snapshot; its loop does not wait for the pipe."""
    child = start_child()
    heard(child, Pong(7))
    os.kill(child.pid, signal.SIGSTOP)
    child.send(Flood(20_000))
    os.kill(child.pid, signal.SIGCONT)
    events: list[Event] = []

    def flooded() -> bool:
        events.extend(child.drain())
        return Snapshot(19_999) in events and isinstance(events[-1], Pong | Snapshot)

    until(flooded)
    snapshots = [event.number for event in events if isinstance(event, Snapshot)]
    assert snapshots == sorted(snapshots)
    assert len(snapshots) < 20_000
    pongs = [event.number for event in events if isinstance(event, Pong)]
    assert pongs[:-1] == sorted(set(pongs[:-1]))


def test_events_nobody_drains_are_bounded(start_child: StartChild) -> None:
    child = start_child(event_capacity=10)
    for number in range(60):
        child.send(Ping(number))
    until(lambda: child.dropped_events == 51)
    assert child.drain() == [Pong(number) for number in range(50, 60)]


def test_bytes_that_are_no_event_end_the_child(start_child: StartChild) -> None:
    child = start_child(children.speak_gibberish, ())
    assert child.wait(20.0)
    assert child.exit_reason.startswith("The test child failed: it sent a message that is not one of its events")


def test_it_starts_once(start_child: StartChild) -> None:
    child = start_child()
    with pytest.raises(ChannelClosedError, match="started before"):
        child.start()


def test_stop_before_start_frees_the_pipe() -> None:
    child = Child("test child", children.answer, (7,), event_type=Event)
    assert child.pid == 0
    assert not child.alive
    child.stop()


_HERE = Path(__file__).parent
_PARENT = """
import os, sys, time
from mile_desktop.channels.process import ChildProcess
import channel_children as children
if __name__ == "__main__":
    child = ChildProcess("orphan", children.answer, (7,), event_type=children.Event)
    child.start()
    while not child.drain():
        time.sleep(0.01)
    print(child.pid, flush=True)
    time.sleep(3600)
"""


def test_no_child_outlives_a_window_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "window.py"
    script.write_text(_PARENT, "utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(_HERE), str(_HERE.parents[1])))}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=environment) as window:
        assert window.stdout is not None
        orphan = psutil.Process(int(window.stdout.readline()))
        window.kill()
        orphan.wait(5.0)


def test_a_reader_that_fails_ends_the_child_and_says_why(
    start_child: StartChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the window would wait for the child, and show it as living, for ever."""

    def fail(_: object) -> bool:
        raise MemoryError("no room")

    monkeypatch.setattr(ChildProcess, "_read_one", fail)
    child = start_child()
    assert child.wait(1.0)
    assert "its messages could not be read (MemoryError: no room)" in child.exit_reason


def test_a_process_that_has_ended_keeps_no_handle_open_although_nothing_collects_garbage(
    start_child: StartChild, no_collection: None
) -> None:
    start_child().stop()  # the first process of all starts helpers of Python, which stay
    handles = psutil.Process().num_fds()
    for number in (signal.SIGKILL, signal.SIGTERM):
        child = start_child()
        os.kill(child.pid, number)
        assert child.wait(20.0)
        child.stop()
    assert psutil.Process().num_fds() == handles


@pytest.fixture
def no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()
