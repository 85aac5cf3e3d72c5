"""What was changed in this window, so that it can be undone and done again; no Qt."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from mile_desktop.storage.catalogue import delete_episode, restore_episode
from mile_desktop.storage.edit_store import edit_episode
from mile_desktop.storage.edits import Change, Withdraw
from mile_desktop.storage.errors import ONE_EPISODE, EditError, WorkspaceError
from mile_desktop.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Made:
    """An edit that was made."""

    episode_id: str
    version: int

    def reversed_in(self, workspace: Workspace) -> "Made":
        """Take it back; returns what takes that back again. Raises ``WorkspaceError``."""
        return make(workspace, self.episode_id, Withdraw(self.version))


@dataclass(frozen=True, slots=True)
class Moved:
    """An episode that was put into the bin, or brought back."""

    episode_id: str
    deleted: bool

    def reversed_in(self, workspace: Workspace) -> "Moved":
        """Move it back; returns what moves it again. Raises ``WorkspaceError``."""
        return move(workspace, self.episode_id, deleted=not self.deleted)


Done = Made | Moved
Step = Callable[[Workspace], Done]


def make(workspace: Workspace, episode_id: str, change: Change) -> Made:
    """Make an edit. Raises ``WorkspaceError``."""
    return Made(episode_id, edit_episode(workspace, episode_id, change).edits[-1].version)


def move(workspace: Workspace, episode_id: str, *, deleted: bool) -> Moved:
    """Put an episode into the bin, or bring it back. Raises ``WorkspaceError``."""
    (delete_episode if deleted else restore_episode)(workspace, episode_id)
    return Moved(episode_id, deleted)


@dataclass(slots=True)
class Steps:
    """Changes to several episodes, one after the other: an episode that cannot be changed is passed over."""

    asked: Sequence[Step]
    done: list[Done] = field(default_factory=list)
    refused: list[WorkspaceError] = field(default_factory=list)

    @property
    def tried(self) -> int:
        """How many steps were taken, done or refused."""
        return len(self.done) + len(self.refused)

    def take(self, workspace: Workspace) -> Iterator[float]:
        """Take them; yields the share that is behind.

        Raises
        ------
        EditError
            When all were tried, and some episodes could not be changed.
        WorkspaceError
            At once, for what is wrong with the workspace itself.
        """
        for step in self.asked:
            try:
                self.done.append(step(workspace))
            except ONE_EPISODE as error:
                self.refused.append(error)
            yield self.tried / len(self.asked)
        if self.refused:
            raise EditError(self._refusal())

    def _refusal(self) -> str:
        if len(self.asked) == 1:
            return str(self.refused[0])
        count = f"{len(self.refused)} of {len(self.asked)} episodes"
        return f"{count} could not be changed, the others were; the first: {self.refused[0]}"


@dataclass(frozen=True, slots=True)
class Action:
    """Several things that were done together, in words."""

    text: str
    done: tuple[Done, ...]


class UndoHistory:
    """Two piles of actions."""

    def __init__(self) -> None:
        self._done: list[Action] = []
        self._undone: list[Action] = []

    @property
    def undo_text(self) -> str:
        """What would be undone; empty: nothing."""
        return self._done[-1].text if self._done else ""

    @property
    def redo_text(self) -> str:
        """What would be done again; empty: nothing."""
        return self._undone[-1].text if self._undone else ""

    def add(self, action: Action) -> None:
        """Remember something new; what was undone cannot be done again after that."""
        self._done.append(action)
        self._undone.clear()

    def take(self, *, again: bool) -> Action | None:
        """Take the newest action that was done (or, ``again``, undone) off its pile."""
        pile = self._undone if again else self._done
        return pile.pop() if pile else None

    def put(self, action: Action, *, again: bool) -> None:
        """Put an action, now reversed, on the other pile: it was undone (or done ``again``)."""
        (self._done if again else self._undone).append(action)

    def clear(self) -> None:
        """Forget everything: another workspace is open."""
        self._done.clear()
        self._undone.clear()
