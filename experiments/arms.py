"""Arms of the learning experiment: how the data of a round is made, and whether the policy learns from it.

A method's gain is what it adds over the control arms, not over the initial policy: a policy that was trained for too
short a time also gains by more training.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from mile_desktop.operators.operator import Operator, OperatorContext, OperatorReading
from mile_desktop.storage.records import Episode

Arm = Literal["supervised", "no-retraining", "demonstrations-only", "random-expert-steps"]
"""``supervised``: the supervisor decides when to step in, and every round is learned from.

``no-retraining``: supervised in the same way, but the initial policy stays. It shows how much the operator has to do
without learning.
``demonstrations-only``: no supervision; every round continues to train the latest policy with the demonstrations alone,
with the same settings. It shows what longer training gives without a human step.
``random-expert-steps``: as many human steps as the supervisor would have taken with the same policy on the same starts,
but at random moments. It shows what the choice of the moment gives.
"""

CONTROL_ARMS: tuple[Arm, ...] = ("no-retraining", "demonstrations-only", "random-expert-steps")


class RandomTakeovers:
    """Steps in at random moments, driving as ``inner`` would; ``Operator`` of one arm.

    It spends a budget of human steps in segments that are as long as the takeovers of ``inner``. The segments begin at
    random moments, uniform over the episode. An episode that ends early leaves its remaining budget to the next.

    Parameters
    ----------
    inner
        Gives the actions; the moments at which it would step in are ignored.
    watched
        Episodes that ``inner`` supervised with the same policy on the same starts: their human steps are the budget.
    seed
        Of the moments.
    """

    def __init__(self, inner: Operator, watched: Sequence[Episode], seed: int) -> None:
        self._inner = inner
        self._lengths = [len(each) for each in watched]
        self._shares = [each.record.human_steps for each in watched]
        takeovers = sum(each.record.takeovers for each in watched)
        self._segment = max(1, round(sum(self._shares) / takeovers)) if takeovers else 1
        self._seed = seed
        self._episode = -1
        self._budget = 0
        self._plan: frozenset[int] = frozenset()

    @property
    def kind(self) -> str:
        """Recorded with the episode."""
        return f"random-{self._inner.kind}"

    @property
    def device(self) -> str:
        """Name of the simulated person."""
        return f"{self._inner.device}, at random moments"

    @property
    def instruction(self) -> str:
        """When it takes over."""
        return self._inner.instruction

    def reset(self, seed: int) -> None:
        """Begin the next of the episodes."""
        self._inner.reset(seed)
        self._episode += 1
        # Drawn from the seed of the episode as well, so that equal cells have equal moments.
        if self._episode < len(self._lengths):
            self._budget += self._shares[self._episode]
            self._plan = self._planned(self._lengths[self._episode], np.random.default_rng([self._seed, seed]))

    def _planned(self, length: int, rng: np.random.Generator) -> frozenset[int]:
        """Draw segments until the budget is spent or the episode is full; return the steps they cover."""
        steps: set[int] = set()
        # Segments may overlap. Only steps that are new count against the budget.
        while len(steps) < min(self._budget, length):
            begin = int(rng.integers(length))
            room = min(self._budget, length) - len(steps)
            covered = [step for step in range(begin, min(begin + self._segment, length)) if step not in steps]
            steps.update(covered[:room])
        return frozenset(steps)

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Drive at the drawn steps."""
        reading = self._inner.poll(context)
        drives = context.step in self._plan and self._budget > 0
        # Spent step by step: an episode that ends early has not used all that was planned.
        self._budget -= drives
        return OperatorReading(takeover=drives, action=reading.action)

    def close(self) -> None:
        """Release the inner operator."""
        self._inner.close()
