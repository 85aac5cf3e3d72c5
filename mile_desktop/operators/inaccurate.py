"""A supervisor with a wrong mental model of the robot."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.operators.operator import Operator, OperatorContext, OperatorReading

Belief = Callable[[Float32Array], tuple[Float32Array, Float32Array]]
"""Observation float32[n] → mean and standard deviation, float32[a] each, of the policy that the supervisor expects."""


@dataclass(frozen=True, slots=True)
class Inaccuracy:
    """How the mental model differs from the robot; raises ``ValueError`` for impossible values."""

    lag_steps: int = 0
    """Stale: the supervisor expects the action of this many steps ago."""
    bias: float = 0.0
    """Biased: length per dimension (root mean square) of a fixed offset whose direction is drawn once an episode."""
    noise_std: float = 0.0
    """Noisy: standard deviation per dimension of a fresh error at every step."""

    def __post_init__(self) -> None:
        if self.lag_steps < 0:
            raise ValueError(f"lag_steps is {self.lag_steps}; it has to be 0 or more.")
        for name, value in (("bias", self.bias), ("noise_std", self.noise_std)):
            if not (math.isfinite(value) and value >= 0.0):
                raise ValueError(f"{name} is {value:g}; it has to be 0 or more.")


DEFAULT_INACCURACY = Inaccuracy(lag_steps=4, bias=0.1, noise_std=0.1)


class InaccurateSupervisor:
    """Gives ``inner`` a wrong expectation of the robot: stale, biased, noisy, or any of them together.

    Only the expected action is changed (proposal, mean and spread), never the observation. Probabilities of discrete
    actions are shifted by the same errors, clipped at 0 and normalised again; the expected proposal is then the most
    likely action.

    Parameters
    ----------
    inner
        The supervisor that decides and drives.
    inaccuracy
        How the mental model is wrong.
    belief
        A policy that the supervisor expects instead of the running one, for example the one before the last promotion:
        stale by a training round instead of by steps. None: the running policy.
    """

    def __init__(
        self, inner: Operator, inaccuracy: Inaccuracy = DEFAULT_INACCURACY, belief: Belief | None = None
    ) -> None:
        self._inner = inner
        self._inaccuracy = inaccuracy
        self._belief = belief
        self._rng = np.random.default_rng(0)
        self._offset: Float32Array | None = None
        self._seen: deque[tuple[Float32Array, Float32Array, Float32Array]] = deque(maxlen=inaccuracy.lag_steps + 1)

    @property
    def kind(self) -> str:
        """Recorded with the episode."""
        return f"inaccurate-{self._inner.kind}"

    @property
    def device(self) -> str:
        """Who is listened to."""
        return f"{self._inner.device}, wrong about the robot"

    @property
    def instruction(self) -> str:
        """When it takes over."""
        return self._inner.instruction

    def reset(self, seed: int) -> None:
        """Begin a new episode; all its randomness comes from ``seed``."""
        self._inner.reset(seed)
        # Its own random stream: if the inner supervisor draws more or fewer numbers, the errors must stay the same.
        self._rng = np.random.default_rng([seed, 1])
        self._offset = None
        self._seen.clear()

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Let the inner supervisor decide from its wrong expectation."""
        proposal, mean, std = self._believed(context)
        error = self._error(len(mean))
        if context.discrete:
            return self._inner.poll(_shifted(context, mean + error))
        return self._inner.poll(
            replace(
                context,
                proposal=np.clip(proposal + error, -1.0, 1.0),
                policy_mean=np.clip(mean + error, -1.0, 1.0),
                policy_std=std,
            )
        )

    def _believed(self, context: OperatorContext) -> tuple[Float32Array, Float32Array, Float32Array]:
        if self._belief is not None:
            mean, std = self._belief(context.observation)
            now = (mean, mean, std)
        else:
            now = (context.proposal, context.policy_mean, context.policy_std)
        self._seen.append(now)
        # The oldest one that is kept. In the first steps the lag is shorter.
        return self._seen[0]

    def _error(self, size: int) -> Float32Array:
        if self._offset is None:
            direction = self._rng.standard_normal(size)
            # Normalised to the length, so that the size of the error does not depend on the luck of the draw.
            self._offset = (self._inaccuracy.bias * math.sqrt(size) * direction / np.linalg.norm(direction)).astype(
                np.float32
            )
        noise = self._rng.normal(0.0, self._inaccuracy.noise_std, size).astype(np.float32)
        return self._offset + noise

    def close(self) -> None:
        """Release the inner supervisor."""
        self._inner.close()


def _shifted(context: OperatorContext, weights: Float32Array) -> OperatorContext:
    """Return ``context`` with other probabilities expected of the robot."""
    weights = np.maximum(weights, 0.0)
    total = float(weights.sum())
    mean = weights / total if total > 0 else np.full_like(weights, 1 / len(weights))
    proposal = np.zeros_like(mean)
    proposal[int(mean.argmax())] = 1.0
    return replace(context, proposal=proposal, policy_mean=mean)
