"""One client of a robot's side."""

from dataclasses import dataclass

from mile_desktop.robots import protocol as p


@dataclass(slots=True, eq=False)
class ConnectedClient:
    """A window (or camera process) that has said hello."""

    client: bytes
    session: bytes
    address: bytes
    name: str
    role: p.Role
    heard_at: float
    seq: int = 0
