"""A family tree beside a list: which lines to draw in each row; no Qt.

As in a history of source code: one row a policy, the newest on top, a lane for each path that is still looking for
its parent below. A long line of descent stays straight, however many rounds it has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LaneRow:
    """The lines of one row; lanes are numbered from the left."""

    lane: int
    """Where the policy's dot is."""
    from_above: tuple[int, ...]
    """Lanes of its children, which end in the dot."""
    passing: tuple[int, ...]
    """Lanes that only pass."""
    to_below: bool
    """Whether its parent follows further down."""


def lay_lanes(ids: Sequence[str], parents: Mapping[str, str | None]) -> tuple[LaneRow, ...]:
    """Lay the lines for ``ids``, newest first.

    Parameters
    ----------
    ids
        The policies that are shown.
    parents
        Policy → parent, also of those that are not shown: a child of a hidden parent hangs on the next ancestor there
        is.
    """
    lanes: list[str | None] = []
    rows = []
    for place, policy in enumerate(ids):
        mine = tuple(lane for lane, awaited in enumerate(lanes) if awaited == policy)
        passing = tuple(lane for lane, awaited in enumerate(lanes) if awaited not in {None, policy})
        for lane in mine:
            lanes[lane] = None
        lane = mine[0] if mine else _free(lanes)
        lanes[lane] = ancestor = _ancestor(policy, parents, set(ids[place + 1 :]))
        rows.append(LaneRow(lane, mine, passing, ancestor is not None))
    return tuple(rows)


def _free(lanes: list[str | None]) -> int:
    if None not in lanes:
        lanes.append(None)
    return lanes.index(None)


def _ancestor(policy: str, parents: Mapping[str, str | None], below: set[str]) -> str | None:
    """Return the nearest ancestor further down; None where there is none, or where parents go in a circle."""
    seen = {policy}
    parent = parents.get(policy)
    while parent is not None and parent not in below:
        if parent in seen:
            return None
        seen.add(parent)
        parent = parents.get(parent)
    return parent
