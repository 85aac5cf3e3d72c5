"""The clients of a robot's side: who was let in, and who has gone."""

import secrets
from dataclasses import dataclass

from mile_desktop.robots import protocol as p
from mile_desktop.robots.loopback import proves

MAX_CLIENTS = 32
MAX_WATCHERS = 31
"""One place is kept for a window that drives: however many watch, they cannot shut it out."""
_STRANGER = p.Refused(
    reason=p.Reason.STRANGER,
    text="This robot is served without keys and takes only windows of the account that serves it. "
    "Start the window from that account, or make keys with `mile-desktop robot-keys`.",
)
_BUSY = p.Refused(reason=p.Reason.BUSY, text="Too many windows are connected to this robot; close one.")


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


class ConnectedClients:
    """Lets clients in and forgets the silent ones; used by the serving thread.

    Parameters
    ----------
    secret
        What clients must prove to know; empty where the sockets check their keys.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._clients: dict[bytes, ConnectedClient] = {}

    def admit(self, address: bytes, hello: p.Hello, now: float, *, driven: bool) -> ConnectedClient | p.Refused:
        """Return the client that says hello, known or new, or why it is turned away.

        ``driven``: another client drives already, so that a new one could only watch.
        """
        if not proves(self._secret, hello.client, hello.proof):
            return _STRANGER
        client = next((each for each in self._clients.values() if each.client == hello.client), None)
        if client is None:
            watches = hello.role is p.Role.WATCH or driven
            if len(self._clients) >= (MAX_WATCHERS if watches else MAX_CLIENTS):
                return _BUSY
            client = ConnectedClient(hello.client, secrets.token_bytes(16), address, hello.name, p.Role.WATCH, now)
            self._clients[client.session] = client
        client.address, client.heard_at = address, now
        return client

    def find(self, session: bytes) -> ConnectedClient | None:
        """Return the client of ``session``; None where it is not known, or no longer."""
        return self._clients.get(session)

    def remove(self, session: bytes) -> ConnectedClient | None:
        """Forget the client of ``session`` and return it."""
        return self._clients.pop(session, None)

    def forget_silent(self, since: float) -> None:
        """Forget every client that was last heard before ``since``."""
        self._clients = {key: each for key, each in self._clients.items() if each.heard_at >= since}

    def clear(self) -> None:
        """Forget all of them."""
        self._clients.clear()
