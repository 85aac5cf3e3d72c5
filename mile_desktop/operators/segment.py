"""A simulated person who takes over in segments: watches for a while, reacts late, drives for a while, hands back."""

import math
from dataclasses import dataclass

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.operators.corrections import ImperfectHand, check_hand
from mile_desktop.operators.operator import Expert, OperatorContext, OperatorReading


@dataclass(frozen=True, slots=True)
class SegmentSettings:
    """How patient, slow and skilled the simulated person is; raises ``ValueError`` for impossible values."""

    reaction_steps: int = 4
    """Steps between the decision and the first own action; varied by up to half each time."""
    min_hold_steps: int = 10
    """A takeover lasts at least this long."""
    memory: float = 0.85
    """Factor of the moving averages at each step, in [0, 1)."""
    disagreement: float = 0.5
    """Averaged distance (root mean square over dimensions) between proposal and expert above which it takes over."""
    agreement: float = 0.3
    """Distance under which a proposal counts as agreeing again."""
    agreement_steps: int = 3
    """Consecutive agreeing proposals before control is handed back."""
    stall: float = 0.15
    """Averaged progress, relative to the expert's, below which the robot counts as stuck."""
    tremor: float = 0.08
    lean: float = 0.04
    smoothness: float = 0.7
    """See ``ImperfectHand``."""

    def __post_init__(self) -> None:
        if self.reaction_steps < 0 or self.min_hold_steps < 1 or self.agreement_steps < 1:
            raise ValueError(
                f"reaction_steps {self.reaction_steps}, min_hold_steps {self.min_hold_steps} and agreement_steps "
                f"{self.agreement_steps} have to be at least 0, 1 and 1."
            )
        if not 0.0 <= self.memory < 1.0:
            raise ValueError(f"memory {self.memory:g} has to be in [0, 1).")
        check_hand(tremor=self.tremor, lean=self.lean, smoothness=self.smoothness)
        if not 0.0 < self.agreement <= self.disagreement:
            raise ValueError(
                f"agreement {self.agreement:g} has to be above 0 and at most disagreement {self.disagreement:g}; "
                "otherwise it takes over again directly after it hands back."
            )
        if not math.isfinite(self.stall):
            raise ValueError(f"stall {self.stall:g} has to be finite.")


ATTENTIVE = SegmentSettings(reaction_steps=2, memory=0.6, disagreement=0.35, agreement=0.25, tremor=0.03, lean=0.02)
"""Reacts early and corrects with a steady hand. On peg insertion the default supervisor often reacts when the peg has
already tipped, and saves few episodes. This one saves nearly all of them, with a third of the steps."""


class _ActionMixtures:
    """Recent actions of robot and expert, each as a mixture of discrete actions.

    Whether an engine fires in this step or in the next does not matter; whether it fires half of the time or never
    does. So averages are compared, not single steps.
    """

    def __init__(self) -> None:
        self._proposed: Float32Array | None = None
        self._intended: Float32Array | None = None

    def distance(self, proposal: Float32Array, intended: Float32Array, memory: float) -> float:
        """Add one step and return the share of the actions that differ (total variation), in [0, 1]."""
        if self._proposed is None or self._intended is None:
            # The first step starts both averages at the expert's action, as if they had agreed until now.
            self._proposed = self._intended = intended
        self._proposed = memory * self._proposed + (1.0 - memory) * proposal
        self._intended = memory * self._intended + (1.0 - memory) * intended
        return float(np.abs(self._proposed - self._intended).sum() / 2)


@dataclass(slots=True)
class _Memory:
    """Moving averages of distance and progress."""

    distance: float = 0.0
    progress: float = 1.0

    def update(self, distance: float, progress: float, memory: float) -> None:
        self.distance = memory * self.distance + (1.0 - memory) * distance
        self.progress = memory * self.progress + (1.0 - memory) * progress


class SegmentSupervisor:
    """Takes over in segments, as people do.

    Watches the distance between the robot's proposal and the expert's action, and the progress of the proposal along
    the expert's action (1: as good as the expert's own; also 1 where the expert rests). When the averaged distance is
    large or the averaged progress small, it takes over after a reaction delay, even if the robot has recovered
    meanwhile. It drives for at least ``min_hold_steps`` and hands back after ``agreement_steps`` agreeing proposals.
    Its corrections are those of an ``ImperfectHand``.

    Discrete actions are compared as the mixtures of the last steps (``_ActionMixtures``), with ``disagreement`` and
    ``agreement`` as shares; progress is not used there.
    """

    def __init__(self, expert: Expert, settings: SegmentSettings | None = None, *, kind: str = "segment") -> None:
        self._expert = expert
        self._kind = kind
        self._settings = settings or SegmentSettings()
        self._hand = ImperfectHand(
            tremor=self._settings.tremor, lean=self._settings.lean, smoothness=self._settings.smoothness
        )
        self._rng = np.random.default_rng(0)
        self._memory = _Memory()
        self._mixtures = _ActionMixtures()
        self._reacts_in: int | None = None
        self._held_steps: int | None = None
        self._agreeing_steps = 0

    @property
    def kind(self) -> str:
        """Recorded with the episode."""
        return self._kind

    @property
    def device(self) -> str:
        """Name of the supervisor."""
        return f"Simulated supervisor ({self._kind})"

    @property
    def instruction(self) -> str:
        """When it takes over."""
        return "takes over by itself"

    def reset(self, seed: int) -> None:
        """Begin a new episode; all its randomness comes from ``seed``."""
        self._rng = np.random.default_rng(seed)
        self._hand.reset()
        self._let_go()

    def _let_go(self) -> None:
        """Hand back and reset the averages."""
        # New averages: otherwise the old ones would start the next takeover at once.
        self._memory = _Memory()
        self._mixtures = _ActionMixtures()
        self._reacts_in = None
        self._held_steps = None
        self._agreeing_steps = 0

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Watch, react, drive or hand back."""
        intended = self._expert(context.observation)
        distance = self._distance(context, intended)
        self._agreeing_steps = self._agreeing_steps + 1 if distance < self._settings.agreement else 0
        if self._held_steps is None:
            self._watch(context, distance, intended)
        # Checked before the step is counted, so that the shortest takeover has exactly this length.
        elif self._held_steps >= self._settings.min_hold_steps and self._agreed():
            self._let_go()
        driving = self._held_steps is not None
        if self._held_steps is not None:
            self._held_steps += 1
        # Drawn in every step, so that a takeover does not change the random numbers of the steps after it.
        hand = self._hand.choose if context.discrete else self._hand.act
        return OperatorReading(takeover=driving, action=hand(intended, self._rng))

    def _distance(self, context: OperatorContext, intended: Float32Array) -> float:
        if context.discrete:
            return self._mixtures.distance(context.proposal, intended, self._settings.memory)
        return _distance(context.proposal, intended)

    def _agreed(self) -> bool:
        return self._agreeing_steps >= self._settings.agreement_steps

    def _watch(self, context: OperatorContext, distance: float, intended: Float32Array) -> None:
        if context.discrete:
            self._memory.distance = distance  # averaged already
        else:
            self._memory.update(distance, _progress(context.proposal, intended), self._settings.memory)
        if self._reacts_in is None and self._seen_enough():
            self._reacts_in = self._draw_reaction()
        if self._reacts_in == 0:
            self._held_steps = 0
            # What the robot proposed before the takeover does not count for the hand-back.
            self._agreeing_steps = 0
        elif self._reacts_in is not None:
            self._reacts_in -= 1

    def _seen_enough(self) -> bool:
        return self._memory.distance > self._settings.disagreement or self._memory.progress < self._settings.stall

    def _draw_reaction(self) -> int:
        slack = self._settings.reaction_steps // 2
        return self._settings.reaction_steps + int(self._rng.integers(-slack, slack + 1))

    def close(self) -> None:
        """Release nothing."""


_RESTING = 0.1
"""An expert's action shorter than this is no motion."""


def _distance(proposal: Float32Array, intended: Float32Array) -> float:
    """Return the root mean square difference over the action's dimensions."""
    return float(np.sqrt(np.mean((proposal - intended) ** 2)))


def _progress(proposal: Float32Array, intended: Float32Array) -> float:
    """Return the part of the expert's step that the proposal takes along the expert's direction, in [−1, 1]."""
    length = float(np.linalg.norm(intended))
    # Where the expert rests there is no direction in which to make progress.
    if length < _RESTING:
        return 1.0
    return float(np.clip(np.dot(proposal, intended) / length**2, -1.0, 1.0))
