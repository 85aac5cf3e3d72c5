"""The lineage beside the list of policies: which lines to draw in each row; no Qt.

As in the history view of a version control program: one row for each policy, the newest on top, and one lane for each
policy whose parent follows further down. A long line of descent stays straight in one lane.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LaneRow:
    """The lines of one row; lanes are numbered from the left."""

    lane: int
    """Lane of the policy's dot."""
    from_above: tuple[int, ...]
    """Lanes that end in the dot: those of its children."""
    passing: tuple[int, ...]
    """Lanes that pass the row."""
    to_below: bool
    """Whether its parent follows further down."""


def lane_rows(ids: Sequence[str], parents: Mapping[str, str | None]) -> tuple[LaneRow, ...]:
    """Return the lines of each row for ``ids``, newest first.

    Parameters
    ----------
    ids
        The policies that are shown.
    parents
        Policy → parent, also of policies that are not shown: a child of a hidden parent is connected to its next shown
        ancestor.
    """
    # Of each lane the ancestor, further down, to which its line leads; None where the lane is free.
    lanes: list[str | None] = []
    rows = []
    for row, policy in enumerate(ids):
        from_above = tuple(lane for lane, awaited in enumerate(lanes) if awaited == policy)
        passing = tuple(lane for lane, awaited in enumerate(lanes) if awaited not in {None, policy})
        for lane in from_above:
            lanes[lane] = None
        # the leftmost line of a child is continued, so that one line of descent stays in one lane
        lane = from_above[0] if from_above else _free_lane(lanes)
        # Only ids further down count: a parent above would need a line upwards.
        lanes[lane] = ancestor = _ancestor(policy, parents, set(ids[row + 1 :]))
        rows.append(LaneRow(lane, from_above, passing, ancestor is not None))
    return tuple(rows)


def _free_lane(lanes: list[str | None]) -> int:
    if None not in lanes:
        lanes.append(None)
    return lanes.index(None)


def _ancestor(policy: str, parents: Mapping[str, str | None], below: set[str]) -> str | None:
    """Return the nearest ancestor further down; None where there is none.

    Damaged records may name parents in a circle; the walk ends when it meets a policy for the second time.
    """
    seen = {policy}
    parent = parents.get(policy)
    while parent is not None and parent not in below:
        if parent in seen:
            return None
        seen.add(parent)
        parent = parents.get(parent)
    return parent
