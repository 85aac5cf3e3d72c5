"""Saved states of an environment in memory, by token, and the path of an episode from one to the next."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from mile_desktop.arrays import Float64Array

SnapshotT = TypeVar("SnapshotT")


class UnknownSnapshotError(KeyError):
    """There is no snapshot with that token (any more)."""


class Snapshots(dict[int, SnapshotT]):
    """Token → snapshot; a token that was released or never existed raises ``UnknownSnapshotError``."""

    def __missing__(self, token: int) -> SnapshotT:
        """Refuse ``token``."""
        raise UnknownSnapshotError(f"found no snapshot {token}, expected one of the {len(self)} kept ones")

    def take(self, token: int) -> SnapshotT:
        """Remove the snapshot ``token`` and return it."""
        kept = self[token]
        del self[token]
        return kept


@dataclass(slots=True, eq=False)
class Moment:
    """A point of an episode, with the step that led to it from the point before.

    Saved physics may not restore all contacts. Then the steps since an earlier snapshot are repeated.
    """

    before: "Moment | None" = None
    """None at the start of the episode."""
    action: Float64Array | None = None
    """float64[4]: the control step that was carried out; None where the robot was rebased instead."""
    token: int | None = None
    """Snapshot that was taken here and is still kept."""

    def backwards(self) -> Iterator["Moment"]:
        """Return this moment and all before it."""
        moment: Moment | None = self
        while moment is not None:
            yield moment
            moment = moment.before
