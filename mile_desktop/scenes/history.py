"""How an episode came to where it is: for going back where saved physics alone does not bring back all contacts."""

from collections.abc import Iterator
from dataclasses import dataclass

from mile_desktop.arrays import Float64Array


@dataclass(slots=True, eq=False)
class Moment:
    """A point of an episode, and what led there from the moment before."""

    before: "Moment | None" = None
    """None at the start of the episode."""
    action: Float64Array | None = None
    """float64[4]: the control step that was carried out; None where the robot was rebased instead."""
    token: int | None = None
    """Snapshot that was taken here and is still kept."""

    def backwards(self) -> "Iterator[Moment]":
        """Return this moment and all before it."""
        moment: Moment | None = self
        while moment is not None:
            yield moment
            moment = moment.before
