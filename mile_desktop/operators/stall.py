"""A person who does not judge single actions: they step in when the robot gets nowhere."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.operators.corrections import ImperfectHand, check_hand
from mile_desktop.operators.operator import Expert, OperatorContext, OperatorReading

_STILL = 1e-3
"""An entry of the observation that has changed by less than this since the start does not move (m, rad, m/s)."""


@dataclass(frozen=True, slots=True)
class StallSettings:
    """When progress has stopped, and what is done then; raises ``ValueError`` where a value makes no sense."""

    window_steps: int = 20
    """The scene is compared with itself so many steps ago: 1 s at 20 Hz."""
    stillness: float = 0.1
    """Net change over the window, as a share of each entry's range in this episode (root mean square over the entries
    that have moved), under which progress has stopped. Net: a robot that trembles on the spot gets nowhere."""
    reaction_steps: int = 6
    """Steps between having seen enough and the takeover; varied by up to half each time."""
    stalled_rate: float = 1.0
    """Probability of deciding to take over at a step without progress; a fitted stall model's higher rate."""
    other_rate: float = 0.0
    """The same at any other step; a fitted stall model's lower rate."""
    hold_steps: int = 20
    """Mean length of a takeover; varied by up to half. They bring the robot past the place and let it go on."""
    tremor: float = 0.05
    lean: float = 0.03
    smoothness: float = 0.7
    """See ``ImperfectHand``."""

    def __post_init__(self) -> None:
        if self.window_steps < 1 or self.reaction_steps < 0 or self.hold_steps < 1:
            raise ValueError(
                f"window_steps {self.window_steps}, reaction_steps {self.reaction_steps} and hold_steps "
                f"{self.hold_steps} have to be at least 1, 0 and 1."
            )
        if not (math.isfinite(self.stillness) and self.stillness > 0.0):
            raise ValueError(f"stillness is {self.stillness:g}; it has to be above 0.")
        if not 0.0 <= self.other_rate <= self.stalled_rate <= 1.0:
            raise ValueError(
                f"other_rate {self.other_rate:g} and stalled_rate {self.stalled_rate:g} have to be in [0, 1], the "
                "second not below the first."
            )
        check_hand(tremor=self.tremor, lean=self.lean, smoothness=self.smoothness)


class _Progress:
    """How much the scene has changed over the last steps, in units of its own motion in this episode."""

    def __init__(self, window_steps: int) -> None:
        self._past: deque[Float32Array] = deque(maxlen=window_steps + 1)
        self._low: Float32Array | None = None
        self._high: Float32Array | None = None

    def watch_again(self) -> None:
        """Begin a new window; the ranges of the episode stay."""
        self._past.clear()

    def update(self, observation: Float32Array) -> float:
        """Take in float32[n]; return the change over the window, infinity until the window is full."""
        # The range grows with the episode: what much motion is depends on the scene.
        self._low = observation if self._low is None else np.minimum(self._low, observation)
        self._high = observation if self._high is None else np.maximum(self._high, observation)
        self._past.append(observation)
        # At the start everything stands still; that is no stall.
        if len(self._past) < (self._past.maxlen or 1):
            return math.inf
        extent = self._high - self._low
        # Entries that never change (a fixed goal) have no range to compare with.
        moved = extent > _STILL
        if not moved.any():
            return 0.0
        change = (observation - self._past[0])[moved] / extent[moved]
        return float(np.sqrt(np.mean(change**2)))


class StallSupervisor:
    """Steps in when progress stops, drives for a while like an ``ImperfectHand``, and hands back.

    Neither the robot's proposal nor its distance from the expert is looked at, so this person says nothing about wrong
    motion that goes on. That the scene changes less than usual is seen in the observation alone.
    """

    def __init__(self, expert: Expert, settings: StallSettings | None = None) -> None:
        self._expert = expert
        self._settings = settings or StallSettings()
        self._hand = ImperfectHand(
            tremor=self._settings.tremor, lean=self._settings.lean, smoothness=self._settings.smoothness
        )
        self._rng = np.random.default_rng(0)
        self._progress = _Progress(self._settings.window_steps)
        self._reacts_in: int | None = None
        self._drives_for = 0

    @property
    def kind(self) -> str:
        """Recorded with the episode."""
        return "stall"

    @property
    def device(self) -> str:
        """Name of the simulated person."""
        return "Simulated supervisor (stall)"

    @property
    def instruction(self) -> str:
        """When it takes over."""
        return "takes over by itself"

    def reset(self, seed: int) -> None:
        """Begin a new episode; all its randomness comes from ``seed``."""
        self._rng = np.random.default_rng(seed)
        self._hand.reset()
        self._progress = _Progress(self._settings.window_steps)
        self._reacts_in = None
        self._drives_for = 0

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Watch, react, drive or hand back."""
        change = self._progress.update(context.observation)
        if self._drives_for > 0:
            self._drives_for -= 1
            if self._drives_for == 0:
                # The person has just moved the scene. The window must not reach back over that.
                self._progress.watch_again()
        else:
            self._watch(change)
        hand = self._hand.choose if context.discrete else self._hand.act
        action = hand(self._expert(context.observation), self._rng)
        return OperatorReading(takeover=self._drives_for > 0, action=action)

    def _watch(self, change: float) -> None:
        rate = self._settings.stalled_rate if change < self._settings.stillness else self._settings.other_rate
        # certain decisions draw no number: with the default rates, episodes stay what they were for their seeds
        if self._reacts_in is None and (rate >= 1.0 or (rate > 0.0 and self._rng.random() < rate)):
            self._reacts_in = self._varied(self._settings.reaction_steps)
        if self._reacts_in == 0:
            self._reacts_in = None
            # A takeover of no step would be none.
            self._drives_for = max(1, self._varied(self._settings.hold_steps))
        elif self._reacts_in is not None:
            self._reacts_in -= 1

    def _varied(self, steps: int) -> int:
        slack = steps // 2
        return steps + int(self._rng.integers(-slack, slack + 1))

    def close(self) -> None:
        """Release nothing."""
