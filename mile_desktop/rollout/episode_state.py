"""The running episode, and the recorder that its steps go to, as the rollout loop sees them."""

from dataclasses import dataclass
from typing import Protocol

from mile_desktop.arrays import Float32Array
from mile_desktop.rollout.time_limit import TimeLimit
from mile_desktop.storage.records import EpisodeStart, Outcome, Step


class StepSink(Protocol):
    """Where steps go: the recorder. Calls return at once."""

    def begin(self, start: EpisodeStart) -> None:
        """Open an episode."""
        ...

    def append(self, step: Step) -> None:
        """Record one step."""
        ...

    def end(self, outcome: Outcome) -> None:
        """Close the episode."""
        ...

    def discard(self) -> None:
        """Close the episode and put it in the bin."""
        ...

    @property
    def problem(self) -> str:
        """Why nothing can be written at present, as a sentence; empty while writing works."""
        ...

    @property
    def settling(self) -> bool:
        """Whether the end of an episode is still being written: the next one should begin afterwards."""
        ...


@dataclass(slots=True)
class EpisodeState:
    """State of the running episode; changed by the episode runner only."""

    start: EpisodeStart
    observation: Float32Array
    step: int = 0
    """Steps into the episode; a rewind counts back."""
    row: int = 0
    """Rows recorded; a rewind removes none."""
    limit: TimeLimit | None = None
    """None: the scene says when time is over."""
    counted: int = 0
    """Steps that count towards ``limit``; a rewind counts back."""
    starts_at_row: int = -1
    """Row whose state the next step starts from, right after a rewind; else −1."""
    takeovers: int = 0
    human_steps: int = 0
    human_drove: bool = False
    """The previous step was the operator's."""
    last_call: int = -1
    """Row at which the alert came on last; −1 for none."""
    last_takeover: int = -1
    """Row at which the last takeover began; −1 for none."""
    call_mark: str = ""
    """The person's judgement of the last call, to be recorded with the next step."""
    words: str = ""
    """What was typed and understood, where words drive; see ``OperatorReading.words``."""

    def time_is_over(self, *, truncated: bool) -> bool:
        """Return whether the time limit ends the episode; ``truncated``: the scene says that it does."""
        return truncated if self.limit is None else self.limit.is_over(self.counted, self.step, truncated=truncated)

    def advance(self, observation: Float32Array, *, human: bool, by_person: bool) -> None:
        """Count one step, after which ``observation`` is the newest.

        ``human``: the operator took it; ``by_person``: that is a person and no simulated supervisor.
        """
        # A takeover is counted at its first step. One that is pressed and released between two ticks moves nothing and
        # is none.
        if human and not self.human_drove:
            self.last_takeover = self.row
            self.takeovers += 1
        self.human_steps += human
        self.human_drove = human
        self.observation = observation
        self.step += 1
        self.counted += self.limit is None or self.limit.counts(by_person=by_person)
        self.row += 1
        # Valid for one step: only the first step after a rewind does not continue the row before it.
        self.starts_at_row = -1
        self.call_mark = ""
