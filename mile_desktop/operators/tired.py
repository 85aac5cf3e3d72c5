"""A tired person: corrects well, but looks away for seconds, and sometimes sees the need and does nothing."""

import math
from dataclasses import dataclass, replace

import numpy as np

from mile_desktop.operators.operator import Expert, OperatorContext, OperatorReading
from mile_desktop.operators.segment import ATTENTIVE, SegmentSupervisor


@dataclass(frozen=True, slots=True)
class TiredSettings:
    """How often and how long attention is gone; raises ``ValueError`` where a value makes no sense."""

    lapse: float = 0.02
    """Probability at each step of watching that the person looks away: once in 2.5 s at 20 Hz."""
    lapse_steps: float = 30.0
    """Mean number of steps for which they look away, at least 1; geometric, so mostly short and at times long."""
    miss: float = 0.2
    """Probability that a takeover that should begin is left out; the person looks away instead."""
    reaction_steps: int = 5
    """Steps between having seen enough and the takeover; varied by up to half each time."""

    def __post_init__(self) -> None:
        for name in ("lapse", "miss"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ValueError(f"{name} is {getattr(self, name):g}; it has to be a probability below 1.")
        if not (math.isfinite(self.lapse_steps) and self.lapse_steps >= 1.0 and self.reaction_steps >= 0):
            raise ValueError(
                f"lapse_steps {self.lapse_steps:g} has to be at least 1 and reaction_steps {self.reaction_steps} at "
                "least 0."
            )


class TiredSupervisor:
    """The attentive supervisor with lapses of attention.

    While the person looks away, the supervisor inside sees nothing: what happens then neither alarms it nor counts as
    progress. It never looks away while it drives.
    """

    def __init__(self, expert: Expert, settings: TiredSettings | None = None) -> None:
        self._settings = settings or TiredSettings()
        self._attentive = SegmentSupervisor(expert, replace(ATTENTIVE, reaction_steps=self._settings.reaction_steps))
        self._rng = np.random.default_rng(0)
        self._away_steps = 0
        self._driving = False
        self._seed = 0
        self._misses = 0

    @property
    def kind(self) -> str:
        """Recorded with the episode."""
        return "tired"

    @property
    def device(self) -> str:
        """Name of the simulated person."""
        return "Simulated supervisor (tired)"

    @property
    def instruction(self) -> str:
        """When it takes over."""
        return "takes over by itself"

    def reset(self, seed: int) -> None:
        """Begin a new episode; all its randomness comes from ``seed``."""
        self._attentive.reset(seed)
        # a stream of its own: lapses must not change how the person drives
        self._rng = np.random.default_rng([seed, 3])
        self._away_steps = 0
        self._driving = False
        self._seed = seed
        self._misses = 0

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Watch, look away, drive or hand back."""
        if not self._driving and self._looks_away():
            # The supervisor inside is not polled: it must not see what the person does not see.
            return OperatorReading(takeover=False, action=context.proposal)
        reading = self._attentive.poll(context)
        # Only the beginning can be missed, not a takeover that is under way.
        if reading.takeover and not self._driving and self._rng.random() < self._settings.miss:
            self._miss()
            return OperatorReading(takeover=False, action=context.proposal)
        self._driving = reading.takeover
        return reading

    def _looks_away(self) -> bool:
        if self._away_steps == 0 and self._rng.random() < self._settings.lapse:
            self._away_steps = self._draw_lapse()
        if self._away_steps == 0:
            return False
        self._away_steps -= 1
        return True

    def _miss(self) -> None:
        """Leave the takeover out and forget the alarm; otherwise it would begin at the next step all the same."""
        self._misses += 1
        # Another seed each time, or the same reaction time would be drawn again.
        self._attentive.reset(self._seed + self._misses)
        self._away_steps = self._draw_lapse()

    def _draw_lapse(self) -> int:
        return int(self._rng.geometric(1.0 / self._settings.lapse_steps))

    def close(self) -> None:
        """Release nothing."""
        self._attentive.close()
