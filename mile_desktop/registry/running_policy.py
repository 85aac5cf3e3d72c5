"""A policy that is ready to drive, with the intervention model that watches it."""

from dataclasses import dataclass
from typing import Protocol

from mile_desktop.intervention.estimate import InterventionEstimator
from mile_desktop.policies.policy import Policy


class Sized(Protocol):
    """The sizes that a policy has to fit: those of a scene or a robot."""

    @property
    def observation_size(self) -> int:
        """Entries of an observation."""
        ...

    @property
    def action_size(self) -> int:
        """Entries of an action."""
        ...


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy ready to act and its name on screen."""

    policy: Policy
    name: str


@dataclass(frozen=True, slots=True)
class RunningPolicy:
    """The policy that drives, its name on screen, and the intervention model that watches it."""

    policy: Policy
    name: str
    estimator: InterventionEstimator
    model_id: str | None = None
    """The intervention model behind ``estimator``, with its cost *c* and cdf scale σ_Φ; None where there is none."""
    cost: float | None = None
    cdf_scale: float | None = None
