"""The connection that carries bytes between a client and the robot's side: a network, or memory in tests."""

from typing import Protocol


class Wire(Protocol):
    """One client's connection; used by one thread."""

    @property
    def address(self) -> str:
        """Address of the robot, as people write it."""
        ...

    @property
    def problem(self) -> str:
        """Why no message arrives, as text; empty if no problem is known."""
        ...

    @property
    def refused(self) -> bool:
        """Whether the other side has refused this client, so that waiting cannot help."""
        ...

    @property
    def secret(self) -> bytes:
        """The account's secret, proved to a robot on this machine; empty where keys are checked."""
        ...

    def send(self, data: bytes) -> None:
        """Send; dropped where there is no connection or its queue is full. Never waits."""
        ...

    def receive(self) -> list[bytes]:
        """Return everything that has arrived, oldest first; never waits."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """Wait at most ``timeout_s`` for a message; return whether one has arrived."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...
