"""Testing a connection without driving: a thread asks, the window goes on."""

import threading
import time
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from mile_desktop.robots.client import LinkReport, NetworkRobot
from mile_desktop.robots.description import RobotDescription
from mile_desktop.robots.driver import RobotError
from mile_desktop.robots.network import ZmqWire
from mile_desktop.robots.protocol import Role

_LOOKS = 25
_PAUSE_S = 0.02
_TIMEOUT_S = 4.0


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a test found."""

    address: str
    key: str
    description: RobotDescription | None = None
    report: LinkReport | None = None
    answers_a_second: float = 0.0
    problem: str = ""
    """Why it failed; empty when it did not."""


class Probe(QObject):
    """Tests one connection at a time; a newer test makes the answer of an older one void."""

    done = Signal(object)
    """``ProbeResult``, on the window's thread."""
    _arrived = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._number = 0
        self._threads: list[threading.Thread] = []
        self._arrived.connect(self._take)

    def start(self, address: str, key: str) -> None:
        """Look who answers at ``address``."""
        self._number += 1
        thread = threading.Thread(target=self._run, args=(self._number, address, key), name="probe", daemon=True)
        self._threads = [each for each in self._threads if each.is_alive()] + [thread]
        thread.start()

    def cancel(self) -> None:
        """Want no answer any more."""
        self._number += 1

    def close(self) -> None:
        """Wait for what is still asking; a few seconds at most."""
        self.cancel()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int, address: str, key: str) -> None:
        self._arrived.emit(number, probe(address, key))

    def _take(self, number: int, probed: ProbeResult) -> None:
        if number == self._number:
            self.done.emit(probed)


def probe(address: str, key: str) -> ProbeResult:
    """Connect as somebody who only watches, look a few times and leave."""
    try:
        robot = NetworkRobot(ZmqWire(address, key), time.monotonic, name="a test", role=Role.WATCH)
    except RobotError as error:
        return ProbeResult(address, key, problem=str(error))
    try:
        robot.connect(_TIMEOUT_S)
        began = time.monotonic()
        for _ in range(_LOOKS):
            time.sleep(_PAUSE_S)
            robot.attend()
        rate = _LOOKS / (time.monotonic() - began)
        return ProbeResult(robot.address, key, robot.describe(), robot.report(), rate)
    except RobotError as error:
        return ProbeResult(address, key, problem=str(error))
    finally:
        robot.close()
