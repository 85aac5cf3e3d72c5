"""The last steps of an episode, kept so that the scene can run backwards."""

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from mile_desktop.arrays import Float32Array


class RewindableScene(Protocol):
    """What can go back to a moment it was in."""

    def snapshot(self) -> int:
        """Keep the whole state in memory and return its token."""
        ...

    def restore(self, token: int) -> Float32Array:
        """Go back to a snapshot and return the observation there."""
        ...

    def release(self, token: int) -> None:
        """Forget a snapshot."""
        ...


@dataclass(frozen=True, slots=True)
class Moment:
    """The state before one step."""

    token: int
    step: int
    """Number of the step on screen, which runs backwards too."""
    row: int
    """Row of that step in the recording, which keeps everything."""
    counted: int = 0
    """Steps that counted towards the time limit until then."""


class RewindRing:
    """The last ``depth`` moments; older ones are released. Owned by the rollout loop's thread.

    A depth of 0 keeps nothing and costs nothing.
    """

    def __init__(self, scene: RewindableScene, depth: int) -> None:
        self._scene = scene
        self._depth = depth
        self._moments: deque[Moment] = deque()

    def __len__(self) -> int:
        return len(self._moments)

    def keep(self, step: int, row: int, counted: int = 0) -> None:
        """Keep the moment before the step that is about to be taken."""
        if self._depth == 0:
            return
        if len(self._moments) == self._depth:
            # Released before the new snapshot is made, so that the simulator never holds more than ``depth`` states.
            self._scene.release(self._moments.popleft().token)
        self._moments.append(Moment(self._scene.snapshot(), step, row, counted))

    def back(self) -> tuple[Moment, Float32Array] | None:
        """Go back by one step; return the moment and the observation there, or None at the end of the ring."""
        if not self._moments:
            return None
        # Removed, because after the restore the scene is at this moment. The next step back needs the one before it.
        moment = self._moments.pop()
        observation = self._scene.restore(moment.token)
        self._scene.release(moment.token)
        return moment, observation

    def forget(self) -> None:
        """Forget everything; the scene released its snapshots when it was reset."""
        self._moments.clear()
