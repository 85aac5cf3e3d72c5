"""What an environment keeps in memory to go back to, by token."""

from typing import TypeVar

SnapshotT = TypeVar("SnapshotT")


class UnknownSnapshotError(KeyError):
    """There is no snapshot with that token (any more)."""


class Snapshots(dict[int, SnapshotT]):
    """Token → what is kept; a token that was released or never given raises ``UnknownSnapshotError``."""

    def __missing__(self, token: int) -> SnapshotT:
        """Refuse ``token``."""
        raise UnknownSnapshotError(f"found no snapshot {token}, expected one of the {len(self)} kept ones")

    def take(self, token: int) -> SnapshotT:
        """Return what is kept under ``token`` and keep it no longer."""
        kept = self[token]
        del self[token]
        return kept
