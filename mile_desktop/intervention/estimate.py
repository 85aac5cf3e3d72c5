"""The live number: what is shown, recorded, and what it rests on."""

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from mile_desktop.arrays import Float32Array
from mile_desktop.intervention.corrected_places import Place
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
    usual: float = math.nan
    """For a policy that nobody has corrected yet: the highest usual value of the number that calls, by the policy's own
    successes. NaN where the line that a person has set counts."""


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

    @property
    def wants_band(self) -> bool:
        """Whether the policy is so new that nobody has corrected it, and no band of its own successes is there yet."""
        ...

    def alarm(self, estimate: InterventionEstimate) -> float:
        """Return the number of ``estimate`` by which a person is called; NaN where none has earned that."""
        ...

    def corrected_nearby(self, observation: Float32Array) -> tuple[Place, ...]:
        """Return where, near the end effector, people took over in states like the one that was estimated last."""
        ...

    def reset(self) -> None:
        """Begin a new episode."""
        ...

    def estimate(
        self, observation: Float32Array, output: PolicyOutput, *, intervening: bool, held: bool = False
    ) -> InterventionEstimate:
        """Estimate for the step about to be taken.

        Parameters
        ----------
        intervening
            The previous step was the operator's.
        held
            No step follows: the robot holds. A number is needed all the same, but no time passes for the robot.
        """
        ...
