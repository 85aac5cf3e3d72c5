"""The current phase, why it is what it is, and the one way to change it."""

from collections.abc import Callable

from mile_desktop.rollout.phases import IN_EPISODE, Phase, PhaseEvent, next_phase


class Supervision:
    """Holds the phase; owned by the rollout loop's thread.

    Every change goes through the table in ``phases``; ``on_change`` is told (before, after).
    """

    def __init__(self, on_change: Callable[[Phase, Phase], None]) -> None:
        self._on_change = on_change
        self._phase = Phase.IDLE
        self._reason = ""

    @property
    def phase(self) -> Phase:
        """Who has the robot now."""
        return self._phase

    @property
    def reason(self) -> str:
        """One sentence on why, where there is something to say."""
        return self._reason

    @property
    def in_episode(self) -> bool:
        """An episode is open."""
        return self._phase in IN_EPISODE

    def apply(self, event: PhaseEvent, reason: str = "") -> bool:
        """Apply ``event``; return whether the phase changed.

        A fault that repeats while the robot already holds replaces the reason: the newest one is what helps.
        """
        before = self._phase
        after = next_phase(before, event)
        if after is not before or event is PhaseEvent.FAULT:
            self._reason = reason
        if after is before:
            return False
        self._phase = after
        self._on_change(before, after)
        return True
