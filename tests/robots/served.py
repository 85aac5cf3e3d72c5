"""A toy robot served over real sockets by a thread of the test's process, and a proxy that harms bytes on their way."""

import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from mile_desktop.robots.description import RobotDescription
from mile_desktop.robots.server import RobotServer
from tests.robots.toy import DESCRIPTION, ToyRobot

PATIENT = msgspec.structs.replace(DESCRIPTION, watchdog_s=1.0)
"""A busy machine must not look like a lost link."""


@contextmanager
def served(
    *, bind: str = "127.0.0.1", keys: Path | None = None, description: RobotDescription = PATIENT
) -> Iterator[tuple[RobotServer, ToyRobot]]:
    robot = ToyRobot(time.monotonic, description)
    server = RobotServer(robot, bind=bind, port=0, keys=keys)
    end = threading.Event()
    thread = threading.Thread(target=server.serve, args=(end,), name="robot server")
    thread.start()
    try:
        yield server, robot
    finally:
        end.set()
        thread.join()


def until(condition: Callable[[], object], within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


class Proxy:
    """Carries TCP between clients and a port of this machine; can swallow everything without a word, or be slow.

    Parameters
    ----------
    port
        Where it leads.
    delay_s
        Asked for every piece: how long it is on the way, s. Pieces of one direction stay in order.
    """

    def __init__(self, port: int, delay_s: Callable[[], float] = lambda: 0.0) -> None:
        self._target = port
        self._delay_s = delay_s
        self._on_the_way: deque[tuple[float, socket.socket, bytes]] = deque()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.silent = False
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._running = True
        self._thread = threading.Thread(target=self._run, name="proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._running = False
        self._thread.join()
        for end in (self._listener, *(end for pair in self._pairs for end in pair)):
            end.close()
        self._selector.close()

    def _run(self) -> None:
        while self._running:
            self._deliver()
            for key, _ in self._selector.select(0.0005 if self._on_the_way else 0.02):
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._carry(key.fileobj, key.data)  # type: ignore[arg-type]

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        far = socket.create_connection(("127.0.0.1", self._target))
        self._pairs.append((near, far))
        self._selector.register(near, selectors.EVENT_READ, far)
        self._selector.register(far, selectors.EVENT_READ, near)

    def _deliver(self) -> None:
        while self._on_the_way and self._on_the_way[0][0] <= time.monotonic():
            _, target, data = self._on_the_way.popleft()
            if target.fileno() >= 0:
                target.sendall(data)

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        try:
            data = source.recv(65536)
            if data and not self.silent:
                self._on_the_way.append((time.monotonic() + self._delay_s(), target, data))
                self._deliver()
        except OSError:
            data = b""
        if not data:
            for end in (source, target):
                if end.fileno() >= 0:
                    self._selector.unregister(end)
                    end.close()
