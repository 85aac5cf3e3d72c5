"""Changes to recorded episodes as a batch, and the history that undoes and redoes them; no Qt."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from mile_desktop.storage.catalogue import delete_episode, restore_episode
from mile_desktop.storage.edit_store import edit_episode
from mile_desktop.storage.edits import (
    Annotate,
    Change,
    ChangeTags,
    Edit,
    MarkStretch,
    NameOperator,
    Relabel,
    Trim,
    Withdraw,
)
from mile_desktop.storage.errors import ONE_EPISODE, EditError, WorkspaceError
from mile_desktop.storage.generated_sets import put_set_aside, put_set_back
from mile_desktop.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class AppliedEdit:
    """An edit of one episode that was stored."""

    episode_id: str
    version: int

    def undo(self, workspace: Workspace) -> "AppliedEdit":
        """Withdraw the edit; return the withdrawal, which can be undone again. Raises ``WorkspaceError``.

        Edits are never removed from an episode: an undo adds a newer edit that withdraws the older one.
        """
        return apply_edit(workspace, self.episode_id, Withdraw(self.version))


@dataclass(frozen=True, slots=True)
class AppliedDeletion:
    """An episode that was deleted or restored."""

    episode_id: str
    deleted: bool

    def undo(self, workspace: Workspace) -> "AppliedDeletion":
        """Restore or delete the episode again; return that, which can be undone again. Raises ``WorkspaceError``."""
        return set_deleted(workspace, self.episode_id, deleted=not self.deleted)


@dataclass(frozen=True, slots=True)
class AppliedRemoval:
    """A set of generated episodes that was removed or put back."""

    set_id: str
    removed: bool

    def undo(self, workspace: Workspace) -> "AppliedRemoval":
        """Put the set back or remove it again; return that, which can be undone again. Raises ``WorkspaceError``."""
        return set_removed(workspace, self.set_id, removed=not self.removed)


AppliedChange = AppliedEdit | AppliedDeletion | AppliedRemoval
PendingChange = Callable[[Workspace], AppliedChange]


def apply_edit(workspace: Workspace, episode_id: str, change: Change) -> AppliedEdit:
    """Store an edit of one episode. Raises ``WorkspaceError``."""
    return AppliedEdit(episode_id, edit_episode(workspace, episode_id, change).edits[-1].version)


def set_deleted(workspace: Workspace, episode_id: str, *, deleted: bool) -> AppliedDeletion:
    """Move an episode into the bin, or out of it. Raises ``WorkspaceError``."""
    (delete_episode if deleted else restore_episode)(workspace, episode_id)
    return AppliedDeletion(episode_id, deleted)


def set_removed(workspace: Workspace, set_id: str, *, removed: bool) -> AppliedRemoval:
    """Remove a set of generated episodes, or put it back. Raises ``WorkspaceError``."""
    (put_set_aside if removed else put_set_back)(workspace, set_id)
    return AppliedRemoval(set_id, removed)


@dataclass(slots=True)
class ChangeBatch:
    """Changes of several episodes, one after the other; an episode that cannot be changed is skipped."""

    pending: Sequence[PendingChange]
    applied: list[AppliedChange] = field(default_factory=list)
    refused: list[WorkspaceError] = field(default_factory=list)

    @property
    def tried(self) -> int:
        """How many changes were applied or refused."""
        return len(self.applied) + len(self.refused)

    def run(self, workspace: Workspace) -> Iterator[float]:
        """Apply one change after the other; yields the finished share after each.

        Raises
        ------
        EditError
            All were tried, and some episodes could not be changed.
        WorkspaceError
            The workspace itself cannot be written, e.g. the disk is full. The rest is not tried.
        """
        for change in self.pending:
            # A damaged episode concerns only itself. Any other error would meet every episode and ends the batch.
            try:
                self.applied.append(change(workspace))
            except ONE_EPISODE as error:
                self.refused.append(error)
            yield self.tried / len(self.pending)
        if self.refused:
            raise EditError(self._refusal_text())

    def _refusal_text(self) -> str:
        if len(self.pending) == 1:
            return str(self.refused[0])
        count = f"{len(self.refused)} of {len(self.pending)} episodes"
        return f"{count} could not be changed, the others were. The first problem: {self.refused[0]}"


@dataclass(frozen=True, slots=True)
class UndoEntry:
    """Changes that are undone together, with their text for the button."""

    text: str
    changes: tuple[AppliedChange, ...]


class UndoHistory:
    """Two stacks: what can be undone, and what can be redone."""

    def __init__(self) -> None:
        self._undo: list[UndoEntry] = []
        self._redo: list[UndoEntry] = []

    @property
    def undo_text(self) -> str:
        """Text of the entry that an undo takes; empty: none."""
        return self._undo[-1].text if self._undo else ""

    @property
    def redo_text(self) -> str:
        """Text of the entry that a redo takes; empty: none."""
        return self._redo[-1].text if self._redo else ""

    def add(self, entry: UndoEntry) -> None:
        """Add a new change of the person; what was undone before cannot be redone any more."""
        self._undo.append(entry)
        # An undone change may not fit the episode any more after another edit.
        self._redo.clear()

    def pop(self, *, redo: bool) -> UndoEntry | None:
        """Take the newest entry to undo (or to redo) off its stack."""
        stack = self._redo if redo else self._undo
        return stack.pop() if stack else None

    def push(self, entry: UndoEntry, *, redo: bool) -> None:
        """Put an entry onto the stack of undo, or with ``redo`` onto that of redo, and leave the other stack."""
        (self._redo if redo else self._undo).append(entry)

    def clear(self) -> None:
        """Forget everything, because another workspace is open."""
        self._undo.clear()
        self._redo.clear()


def edit_text(edit: Edit) -> str:
    """Return what an edit changed."""
    match edit.change:
        case Relabel(outcome=outcome):
            return f"relabelled as {outcome}"
        case MarkStretch(first=first, last=last, intervention=intervention):
            return f"rows {first}–{last} marked as {'takeover' if intervention else 'autonomous'}"
        case Trim(first=first, last=last):
            return f"trimmed to rows {first}–{last}"
        case Annotate(text=text) | NameOperator(name=text):
            what = "note" if isinstance(edit.change, Annotate) else "operator"
            return f"{what} “{text[:40]}”" if text else f"{what} removed"
        case ChangeTags(add=add, remove=remove):
            return ", ".join([*(f"tagged “{each}”" for each in add), *(f"tag “{each}” removed" for each in remove)])
        case _:
            return "withdrawn"


def counted_text(text: str, applied: Sequence[AppliedChange]) -> str:
    """Return ``text``, with the number of episodes, or of generated sets, if there are several."""
    if len(applied) == 1:
        return text
    sets = sum(isinstance(each, AppliedRemoval) for each in applied)
    counts = [f"{len(applied) - sets} episodes"] if sets < len(applied) else []
    counts += [f"{sets} generated sets"] if sets else []
    return f"{text} ({', '.join(counts)})"
