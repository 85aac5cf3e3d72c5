"""Reads a journal back: every step that can be read, and what cannot be."""

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from mile_desktop.storage import steps as step_format
from mile_desktop.storage.aside import put_aside
from mile_desktop.storage.errors import UnreadableJournalError
from mile_desktop.storage.ids import checked_id
from mile_desktop.storage.records import TRIMMED_AWAY, EpisodeStart, Step
from mile_desktop.storage.workspace import Workspace

UNREADABLE_STEPS = "unreadable_steps"
"""Key of ``EpisodeStart.extra``: how many steps of the recording could not be read back from the journal."""

# The lower half of a position is the step's number, see ``schema``.
_STEP_MASK = (1 << 32) - 1
_UNREADABLE = (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError)


class NoJournalError(Exception):
    """The journal is no longer there."""


@dataclass(frozen=True, slots=True)
class JournalRows:
    """The content of one journal."""

    start: EpisodeStart
    """With the number of lost steps in ``extra``, if there are any."""
    steps: list[Step]
    """The steps that can be read, in order. The first one after a gap has ``starts_at_row`` ``TRIMMED_AWAY``."""
    unreadable: tuple[tuple[int, bytes], ...]
    """Number and body of each row that cannot be read."""
    missing: int
    """Rows that are not there: between others that are, or at the end."""


def checksum(body: bytes) -> int:
    """Return the checksum that is stored beside the bytes of a step."""
    return zlib.crc32(body)


def read_journal(workspace: Workspace, journal_id: int) -> JournalRows:
    """Read a journal.

    Raises
    ------
    NoJournalError
        It is no longer there.
    UnreadableJournalError
        Its start cannot be read, so that its steps belong to no episode.
    """
    found = workspace.query("SELECT episode_id, start, written FROM journal WHERE journal_id = ?", (journal_id,))
    if not found:
        raise NoJournalError(journal_id)
    rows = workspace.query(
        "SELECT position, body, checksum FROM journal_step WHERE position BETWEEN ? AND ? ORDER BY position",
        (journal_id << 32, (journal_id << 32) + _STEP_MASK),
    )
    try:
        start = msgspec.json.decode(found[0]["start"], type=EpisodeStart)
        if checked_id(start.episode_id) != found[0]["episode_id"]:
            raise ValueError(f"it says {start.episode_id}, expected {found[0]['episode_id']}")
    except _UNREADABLE as error:
        raise UnreadableJournalError(
            f"The start of the episode in journal {journal_id} cannot be read ({error})."
        ) from error
    bodies = [(row["position"] & _STEP_MASK, row["body"], row["checksum"]) for row in rows]
    steps, unreadable = _readable(bodies)
    # Positions count from 0, so the last number says how many rows there should be.
    # The count also covers rows that are missing at the end; older journals have none.
    expected = max(found[0]["written"] or 0, bodies[-1][0] + 1 if bodies else 0)
    missing = expected - len(bodies)
    lost = missing + len(unreadable)
    if lost:
        start = replace(start, extra={**start.extra, UNREADABLE_STEPS: lost})
    return JournalRows(start, _joined(steps), tuple(unreadable), missing)


def keep_unreadable(workspace: Workspace, rows: JournalRows) -> str:
    """Put the rows aside that could not be read; return a sentence about what is lost, empty if nothing is.

    To be called before the journal is removed.
    """
    if not rows.unreadable and not rows.missing:
        return ""
    lost, kept = len(rows.unreadable) + rows.missing, len(rows.steps)
    text = f"{lost} of {lost + kept} steps of episode {rows.start.episode_id} could not be read from the journal"
    if rows.unreadable:
        path = put_aside(workspace, f"{rows.start.episode_id}.msgpack", msgspec.msgpack.encode(rows.unreadable))
        text += f"; their bytes are kept in {path}"
    return text + (f". The other {kept} are kept, and the gap is marked." if kept else ".")


def put_journal_aside(workspace: Workspace, journal_id: int) -> str:
    """Move a whole journal to a file and out of the database; return a sentence that names the file."""
    journal = workspace.query("SELECT * FROM journal WHERE journal_id = ?", (journal_id,))
    steps = workspace.query("SELECT * FROM journal_step WHERE journal_id = ? ORDER BY position", (journal_id,))
    content = msgspec.msgpack.encode([[dict(row) for row in rows] for rows in (journal, steps)])
    path = put_aside(workspace, f"journal-{journal_id}.msgpack", content)
    with workspace.transaction() as connection:
        connection.execute("DELETE FROM journal WHERE journal_id = ?", (journal_id,))
    return f"Its {len(steps)} steps cannot be made an episode; they are kept in {path}."


def _readable(
    bodies: Sequence[tuple[int, bytes, int | None]],
) -> tuple[list[tuple[int, Step]], list[tuple[int, bytes]]]:
    """Return the steps that can be read with their numbers, and the bodies that cannot be with theirs."""
    steps: list[tuple[int, Step]] = []
    shapes: list[step_format.Shape] = []
    for number, body, expected in bodies:
        try:
            if expected not in {None, checksum(body)}:  # None: written by an older version
                continue
            step = step_format.decode(body)
            shapes.append(step_format.shape_of(step))
        except _UNREADABLE:
            continue
        steps.append((number, step))
    # A damaged step may have another shape and be valid by itself; most steps are right.
    # No step says by itself what shape it should have.
    usual = Counter(shapes).most_common(1)[0][0] if shapes else None
    fitting = [numbered for numbered, shape in zip(steps, shapes, strict=True) if shape == usual]
    read = {number for number, _ in fitting}
    return fitting, [(number, body) for number, body, _ in bodies if number not in read]


def _joined(numbered: Sequence[tuple[int, Step]]) -> list[Step]:
    """Return the steps with rows counted again: a row that another one names may have moved or may be lost."""
    rows = {number: row for row, (number, _) in enumerate(numbered)}
    # The usual case. The steps are not copied then.
    if all(number == row for number, row in rows.items()):
        return [step for _, step in numbered]
    joined = []
    for number, step in numbered:
        starts_at = step.starts_at_row
        if starts_at >= 0:
            starts_at = rows.get(starts_at, TRIMMED_AWAY)
        elif rows[number] > 0 and number - 1 not in rows:
            starts_at = TRIMMED_AWAY
        joined.append(replace(step, starts_at_row=starts_at))
    return joined
