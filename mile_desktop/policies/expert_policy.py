"""A scripted expert as a policy."""

from collections.abc import Callable

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.policies.limits import STD_FLOOR
from mile_desktop.policies.policy import PolicyOutput
from mile_desktop.policies.torch_policy import clip_action

ScriptedExpert = Callable[[Float32Array], Float32Array]
"""Observation float32[n] → action float32[a]."""


class ExpertPolicy:
    """A scripted expert as ``Policy``; its spread is a constant, because an expert has none.

    Parameters
    ----------
    expert : ScriptedExpert
        Called once a step, in the caller's thread.
    std : float
        Standard deviation reported for every action entry, > 0.
    """

    def __init__(self, expert: ScriptedExpert, *, std: float = STD_FLOOR, policy_id: str = "expert") -> None:
        if std <= 0:
            raise ValueError(f"The standard deviation of an expert must be positive, got {std}.")
        self._expert = expert
        self._std = std
        self._policy_id = policy_id

    @property
    def policy_id(self) -> str:
        """Identity recorded with every episode."""
        return self._policy_id

    def reset(self, seed: int) -> None:
        """Do nothing: a scripted expert is a function of the observation alone."""

    def act(self, observation: Float32Array) -> PolicyOutput:
        """Propose the expert's action for ``observation`` (float32[n])."""
        # Experts are scenes' code and may return any number.
        action = clip_action(self._expert(observation))
        return PolicyOutput(action=action, mean=action, std=np.full_like(action, self._std))
