"""Changes that people made to an episode after it was recorded; the recording itself is never changed.

``edits/<id>.json`` is the only source and only grows: to undo adds one more entry. The catalogue's row holds the
result, so that tables and summaries need not open a file.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mile_desktop.storage.columns import COLUMNS, Kind, of_kind
from mile_desktop.storage.errors import EditError
from mile_desktop.storage.records import PARTIAL, TRIMMED_AWAY, Episode, EpisodeRecord, Outcome
from mile_desktop.storage.steps import counted

_FIRST_FORMAT = 1
_FORMAT = 2
"""Format 2 has tags, names of operators and partial success; it is written only where one of them is used."""


LONGEST_TAG = 40


def tags_of(text: str) -> tuple[str, ...]:
    """Return the tags in a line that a person typed, or that an import brings, separated by commas or semicolons."""
    cut = (" ".join(each.split())[:LONGEST_TAG].strip() for each in text.replace(";", ",").split(","))
    return tuple(dict.fromkeys(each for each in cut if each))


class Relabel(msgspec.Struct, frozen=True, tag=True):
    """The episode gets another outcome."""

    outcome: Outcome


class MarkStretch(msgspec.Struct, frozen=True, tag=True):
    """Marks the rows ``first`` to ``last`` of the recording (both included) as an intervention, or as none.

    Where it becomes an intervention, the executed action counts as the person's command.
    """

    first: int
    last: int
    intervention: bool


class Trim(msgspec.Struct, frozen=True, tag=True):
    """Keeps only the rows ``first`` to ``last`` of the recording (both included)."""

    first: int
    last: int


class Annotate(msgspec.Struct, frozen=True, tag=True):
    """A note for people; empty text removes it."""

    text: str


class ChangeTags(msgspec.Struct, frozen=True, tag=True):
    """The episode gets some tags and loses others."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class NameOperator(msgspec.Struct, frozen=True, tag=True):
    """Another person operated than was recorded; empty: no name was given."""

    name: str


class Withdraw(msgspec.Struct, frozen=True, tag=True):
    """Undoes the edit of that version; to withdraw a withdrawal makes the edit active again."""

    version: int


Change = Relabel | MarkStretch | Trim | Annotate | ChangeTags | NameOperator | Withdraw


class Edit(msgspec.Struct, frozen=True):
    """One change and when it was made."""

    version: int
    """Counts from 1 within the episode."""
    made_at: str
    """UTC, ISO 8601."""
    change: Change


class EditHistory(msgspec.Struct, frozen=True):
    """All edits of one episode, oldest first."""

    episode_id: str
    edits: tuple[Edit, ...] = ()
    format: int = _FIRST_FORMAT

    @property
    def in_force(self) -> tuple[Edit, ...]:
        """The active edits: not withdrawn, and no withdrawals themselves.

        Read from the newest to the oldest, because a withdrawal counts only if no later one withdraws it.
        """
        void: set[int] = set()
        kept: list[Edit] = []
        for edit in reversed(self.edits):
            if edit.version in void:
                continue
            if isinstance(edit.change, Withdraw):
                void.add(edit.change.version)
            else:
                kept.append(edit)
        return tuple(reversed(kept))

    @property
    def note(self) -> str:
        """The newest note."""
        notes = [edit.change.text for edit in self.in_force if isinstance(edit.change, Annotate)]
        return notes[-1] if notes else ""

    @property
    def trim(self) -> Trim | None:
        """The rows that are kept; None: all rows."""
        trims = [edit.change for edit in self.in_force if isinstance(edit.change, Trim)]
        return trims[-1] if trims else None

    def grown(self, change: Change, made_at: str) -> "EditHistory":
        """Return the history with one more entry."""
        version = self.edits[-1].version + 1 if self.edits else 1
        newer = isinstance(change, ChangeTags | NameOperator) or change == Relabel(PARTIAL)
        # An earlier build still reads every file without the newer kinds.
        found = _FORMAT if newer else self.format
        return EditHistory(self.episode_id, (*self.edits, Edit(version, made_at, change)), found)


class _Format(msgspec.Struct):
    format: int


def read_history(path: Path, episode_id: str) -> EditHistory:
    """Read a file of edits; a missing one is an empty history.

    Raises
    ------
    EditError
        It is damaged, another episode's, or of a newer version.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return EditHistory(episode_id)
    except OSError as error:
        raise EditError(f"{path} cannot be read ({error.strerror}); check the disk and its permissions.") from error
    try:
        # The format first, with a decoder that ignores the rest: a newer file may hold kinds of edits that this version
        # cannot decode.
        found = msgspec.json.decode(content, type=_Format).format
        if found > _FORMAT:
            raise EditError(f"{path} has format {found}, this version reads up to {_FORMAT}; update the program.")
        history = msgspec.json.decode(content, type=EditHistory)
    except (msgspec.MsgspecError, RecursionError) as error:  # brackets in brackets in brackets …
        raise EditError(
            f"{path} cannot be read as edits of an episode ({error}); restore it from a backup, or delete it to return "
            "to the recording as it was."
        ) from error
    if history.episode_id != episode_id:
        raise EditError(f"{path} holds edits of {history.episode_id}, expected {episode_id}; move it away.")
    return history


def encoded(history: EditHistory) -> bytes:
    """Return the content of the file."""
    return msgspec.json.format(msgspec.json.encode(history), indent=2)


def edited(episode: Episode, history: EditHistory) -> Episode:
    """Return ``episode`` with the edits of ``history`` applied; without edits, the episode itself.

    Raises
    ------
    EditError
        An edit names rows that the recording does not have.
    """
    if not history.in_force:
        return episode
    # Copies: the recording may be shared, and an edit must not change it.
    intervention, human_action = episode.intervention.copy(), episode.human_action.copy()
    record = episode.record
    for edit in history.in_force:
        match edit.change:
            case MarkStretch(first=first, last=last, intervention=marked):
                rows = _rows(episode, first, last)
                # Only steps that become interventions get the executed action. The command of a step that was one
                # already is kept.
                fresh = np.arange(len(episode))[rows][~intervention[rows]]
                intervention[rows] = marked
                if marked:
                    human_action[fresh] = episode.action[fresh]
                else:
                    human_action[rows] = np.nan
            case change:
                record = _changed(record, change)
    # Trimmed last, because all edits count rows of the recording.
    marked_episode = replace(episode, record=record, intervention=intervention, human_action=human_action)
    trimmed = _trimmed(marked_episode, history.trim)
    counts = counted(trimmed.record, trimmed.intervention, trimmed.intervention_prob, trimmed.operator)
    return replace(trimmed, record=counts)


def _changed(record: EpisodeRecord, change: Change) -> EpisodeRecord:
    """Return the record after a change that concerns no single row."""
    match change:
        case Relabel(outcome=outcome):
            return replace(record, outcome=outcome)
        case ChangeTags(add=add, remove=remove):
            return replace(record, tags=tuple(sorted({*record.tags, *add} - {*remove})))
        case NameOperator(name=name):
            return replace(record, start=replace(record.start, operator_name=name))
        case _:
            return record


def _rows(episode: Episode, first: int, last: int) -> slice:
    if not 0 <= first <= last < len(episode):
        raise EditError(
            f"Rows {first} to {last} are not in {episode.record.episode_id}, which has rows 0 to {len(episode) - 1}; "
            "select a part of the recording."
        )
    return slice(first, last + 1)


def _trimmed(episode: Episode, trim: Trim | None) -> Episode:
    if trim is None:
        return episode
    rows = _rows(episode, trim.first, trim.last)
    kept: dict[str, Any] = {column.name: getattr(episode, column.name)[rows] for column in COLUMNS}
    for column in of_kind(Kind.ROW):
        targets = kept[column.name]
        # Rows move with the cut. A step whose start was cut away follows none of the rows that are left.
        moved = np.where(targets >= trim.first, targets - trim.first, TRIMMED_AWAY)
        kept[column.name] = np.where(targets >= 0, moved, targets).astype(np.int32)
    return replace(episode, first_row=trim.first, **kept)
