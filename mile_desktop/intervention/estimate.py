"""The live number: what is shown, recorded, and what it rests on."""

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from mile_desktop.arrays import Float32Array
from mile_desktop.policies.policy import PolicyOutput
from mile_desktop.storage.reasons import Reason

Caller = Literal["", "p", "forecast"]
"""By which number a person is called; empty: by none."""


@dataclass(frozen=True, slots=True)
class InterventionEstimate:
    """p(ν=1∣s) for one step, with its band."""

    probability: float
    """Posterior-predictive probability in [0, 1]; NaN where it is unknown."""
    low: float
    high: float
    """Band over the ensemble's members, same range."""
    forecast: float = math.nan
    """Probability of a takeover within the next ten steps; NaN where there is no forecast."""
    reasons: tuple[Reason, ...] = ()
    """What made the forecast, or the number that calls, higher than usual; the largest first, at most three."""
    hand_back: float = math.nan
    """While a person drives: probability of another takeover soon, should they hand back now; else NaN."""


class InterventionEstimator(Protocol):
    """Computes the live number; owned by the rollout loop's thread."""

    @property
    def basis(self) -> str:
        """Which data the number is based on, e.g. ``shipped model`` or ``3 takeovers``."""
        ...

    @property
    def calls_by(self) -> Caller:
        """Which number has earned the right to call a person."""
        ...

    def alarm(self, estimate: InterventionEstimate) -> float:
        """Return the number of ``estimate`` by which a person is called; NaN where none has earned that."""
        ...

    def reset(self) -> None:
        """Begin a new episode."""
        ...

    def estimate(self, observation: Float32Array, output: PolicyOutput, *, intervening: bool) -> InterventionEstimate:
        """Estimate for the step about to be taken; ``intervening``: the previous step was the operator's."""
        ...
