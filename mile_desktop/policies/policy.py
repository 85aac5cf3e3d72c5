"""The interface of a policy."""

from dataclasses import dataclass
from typing import Protocol

from mile_desktop.arrays import Float32Array
from mile_desktop.errors import UserError


class PolicyFileError(UserError, ValueError):
    """A policy cannot be loaded, or does not fit; the message says what was found, what was expected, what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class PolicyOutput:
    """What a policy proposes for one observation."""

    action: Float32Array
    """float32[a] in [−1, 1]: the proposal, clipped by the policy and nowhere else."""
    mean: Float32Array
    """float32[a]: mean of its distribution, clipped to the action box."""
    std: Float32Array
    """float32[a]: standard deviation, > 0."""


class Policy(Protocol):
    """Maps observations to proposals; owned by one thread."""

    @property
    def policy_id(self) -> str:
        """Identity recorded with every episode."""
        ...

    def reset(self, seed: int) -> None:
        """Forget the previous episode; all randomness of the next one comes from ``seed``."""
        ...

    def act(self, observation: Float32Array) -> PolicyOutput:
        """Propose an action for ``observation`` (float32[n])."""
        ...
