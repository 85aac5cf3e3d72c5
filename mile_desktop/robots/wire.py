"""How bytes come from a client to the robot's side and back: the network, or a test's memory."""

from typing import Protocol


class Wire(Protocol):
    """One client's connection; used by one thread."""

    @property
    def address(self) -> str:
        """What is at the other end, as people write it."""
        ...

    @property
    def trouble(self) -> str:
        """Why nothing comes through, as far as it can be told, in words; empty when nothing is known to be wrong."""
        ...

    @property
    def refused(self) -> bool:
        """Whether the other side has turned this one away, so that waiting does not help."""
        ...

    def send(self, data: bytes) -> bool:
        """Send, or return False where there is no connection or its queue is full; never waits."""
        ...

    def receive(self) -> list[bytes]:
        """Return everything that has arrived, oldest first; never waits."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """Wait for something to arrive, at most so long; return whether something has."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...
