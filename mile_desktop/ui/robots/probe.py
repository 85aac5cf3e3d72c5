"""Tests a connection to a robot without driving it, in a thread, so that the window does not wait."""

import time
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Signal

from mile_desktop.channels.watched_thread import WatchedThread
from mile_desktop.robots.client import LinkReport, NetworkRobot
from mile_desktop.robots.description import RobotDescription
from mile_desktop.robots.driver import RobotError
from mile_desktop.robots.network import ZmqWire
from mile_desktop.robots.protocol import Role

_EXCHANGES = 25
"""Exchanges from which round trip and clock offset are measured; with ``_PAUSE_S`` they take half a second."""
_PAUSE_S = 0.02
# Long enough for a slow network, and a person still waits for it.
_TIMEOUT_S = 4.0


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of a test."""

    address: str
    key: str
    description: RobotDescription | None = None
    report: LinkReport | None = None
    answers_a_second: float = 0.0
    problem: str = ""
    """Why the test failed; empty if it did not."""


class Probe(QObject):
    """Tests one connection at a time; a newer test drops the result of an older one.

    The thread only emits ``_arrived``. Qt queues that signal to the window's thread, where the test's number decides
    whether the result is still wanted.
    """

    done = Signal(object)
    """``ProbeResult``, on the window's thread."""
    _arrived = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._number = 0
        self._threads: list[WatchedThread] = []
        self._arrived.connect(self._take)

    def start(self, address: str, key: str) -> None:
        """Start a test of ``address``; ``done`` follows, unless the test is cancelled."""
        self._number += 1
        number = self._number

        def report_failure() -> None:
            # The dialog shows "testing" until a result comes.
            problem = f"The test ended by an error ({thread.failure}). Please report it."
            self._arrived.emit(number, ProbeResult(address, key, problem=problem))

        thread = WatchedThread(partial(self._run, number, address, key), "probe", on_failure=report_failure)
        # Older tests may still wait for their time limit; they are joined at the end.
        self._threads = [each for each in self._threads if each.alive] + [thread]
        thread.start()

    def cancel(self) -> None:
        """Drop the result of the running test."""
        self._number += 1

    def close(self) -> None:
        """Wait for the threads that still run; a few seconds at most."""
        self.cancel()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int, address: str, key: str) -> None:
        self._arrived.emit(number, probe(address, key))

    def _take(self, number: int, probed: ProbeResult) -> None:
        if number == self._number:
            self.done.emit(probed)


def probe(address: str, key: str) -> ProbeResult:
    """Connect as a watcher, exchange a few messages and disconnect."""
    try:
        # As a watcher: a test must not take the control from the window that drives.
        robot = NetworkRobot(ZmqWire(address, key), time.monotonic, name="a test", role=Role.WATCH)
    except RobotError as error:
        return ProbeResult(address, key, problem=str(error))
    try:
        robot.connect(_TIMEOUT_S)
        began = time.monotonic()
        for _ in range(_EXCHANGES):
            time.sleep(_PAUSE_S)
            # The answers of this exchange are what the report measures.
            robot.attend()
        rate = _EXCHANGES / (time.monotonic() - began)
        return ProbeResult(robot.address, key, robot.describe(), robot.report(), rate)
    except RobotError as error:
        return ProbeResult(address, key, problem=str(error))
    finally:
        robot.close()
