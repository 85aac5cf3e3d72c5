"""The episodes that are watched, and all states of them that have arrived; no Qt."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mile_desktop.evaluation.messages import EpisodeEnded, EpisodeStates

States = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Watched:
    """An episode that is shown."""

    ticket: int
    scene: str
    rate_hz: float
    """Steps per second in real time."""
    policy: str
    seed: int
    is_replay: bool
    """Whether it is run only to be watched, and belongs to no evaluation."""
    is_beside: bool = False
    """Two are shown, in half of the width each, on the seed that is selected in the table."""

    @property
    def title(self) -> str:
        """``v3 · seed 1000017``; of two side by side ``v3``."""
        return self.policy if self.is_beside else f"{self.policy} · seed {self.seed}"


@dataclass(slots=True)
class StateHistory:
    """The states of one episode since it was watched, without a gap."""

    first: int = 0
    """Steps taken before the first state: above 0 for an episode that was joined on its way."""
    _states: list[States] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._states)

    def add(self, event: EpisodeStates) -> None:
        """Take the next states."""
        if not self._states:
            self.first = event.first
        # Another watcher may have begun in between; what comes after a gap would be shown at the wrong step.
        if event.first == self.first + len(self._states):
            values = np.frombuffer(event.values, dtype="<f4").reshape(-1, event.size)
            self._states.extend(np.asarray(each, dtype=np.float32) for each in values)

    def clear(self) -> None:
        """Forget everything: the episode begins again, or another one is watched."""
        self.first = 0
        self._states.clear()

    def at_step(self, step: int) -> States | None:
        """Return the state after ``step`` steps, or the nearest one that is there; None where there is none."""
        if not self._states:
            return None
        return self._states[min(max(step - self.first, 0), len(self._states) - 1)]


def ended_text(event: EpisodeEnded) -> tuple[str, str]:
    """Return how an episode ended, and the colour of the text."""
    if event.crash:
        return f"! {event.crash}", "warning"
    word, colour = ("✓ success", "success") if event.success else ("✕ failure", "failure")
    return f"{word} after {event.steps} steps", colour
