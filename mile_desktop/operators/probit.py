"""The paper's synthetic human: an independent decision at every step; optionally with memory, delay, persistence."""

import math
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.operators.operator import Expert, OperatorContext, OperatorReading

_THRESHOLD = (12.0, 2.0)
_DISCRETE_THRESHOLD = (2.0, 0.8)
"""Default c and σ_Φ: losses of discrete actions are smaller than those of Gaussians, so is the threshold."""


@dataclass(frozen=True, slots=True)
class ProbitSettings:
    """Parameters of the decision; raises ``ValueError`` for impossible values."""

    expert_std: float = 0.15
    """σ_h, standard deviation of the human's actions about the expert's, per dimension."""
    slip: float = 0.1
    """Where actions are discrete: probability of pressing any one of the buttons instead of the expert's."""
    cost: float | None = None
    """c, the cost of an intervention; None: 12, and 2 where actions are discrete."""
    cdf_scale: float | None = None
    """σ_Φ, spread of the decision noise; None: 2, and 0.8 where actions are discrete."""
    retention: float = 0.0
    """ρ in [0, 1), the share of the evidence K − c that is left after one step; 0 as published."""
    delay_steps: int = 0
    """How many steps old the evidence is that a decision rests on; 0 as published."""
    hand_back: float = 1.0
    """r in (0, 1], the probability of a new decision at each step of a takeover; 1 as published."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.expert_std) and self.expert_std > 0.0):
            raise ValueError(f"expert_std is {self.expert_std:g}; it has to be above 0.")
        if not 0.0 < self.slip < 1.0:
            raise ValueError(f"slip is {self.slip:g}; it has to be between 0 and 1.")
        if self.cdf_scale is not None and not (math.isfinite(self.cdf_scale) and self.cdf_scale > 0.0):
            raise ValueError(f"cdf_scale is {self.cdf_scale:g}; it has to be above 0.")
        if self.cost is not None and not math.isfinite(self.cost):
            raise ValueError(f"cost is {self.cost:g}; it has to be finite.")
        if not (0.0 <= self.retention < 1.0 and self.delay_steps >= 0 and 0.0 < self.hand_back <= 1.0):
            raise ValueError(
                f"retention {self.retention:g} has to be in [0, 1), delay_steps {self.delay_steps} 0 or more and "
                f"hand_back {self.hand_back:g} in (0, 1]."
            )

    def threshold(self, *, discrete: bool) -> tuple[float, float]:
        """Return c and σ_Φ."""
        usual = _DISCRETE_THRESHOLD if discrete else _THRESHOLD
        return (
            usual[0] if self.cost is None else self.cost,
            usual[1] if self.cdf_scale is None else self.cdf_scale,
        )


class _Draw(NamedTuple):
    """The random draw of one decision."""

    shortfall: float
    """K."""
    own_loss: float
    """T of an action drawn from the human's distribution."""
    noise: float
    """Z, standard normal."""
    action: Float32Array
    """float32[a], the action if ν = 1: an independent draw."""


def expected_shortfall(human_mean: Float32Array, human_std: float, mean: Float32Array, std: Float32Array) -> float:
    """Return K = ½ Σ_i (s_i² + (m_i − μ_i)²)/σ_i²: how far the expected robot action is from the human's own.

    Korkmaz and Bıyık 2025 (arXiv 2502.13519), the intervention model for Gaussians, in the form in which the
    normalisers have cancelled: human N(μ, σ²), mental model N(m, s²).
    """
    # In double precision: with a small spread K becomes large.
    gap = mean.astype(np.float64) - human_mean
    return float(0.5 * np.sum(std.astype(np.float64) ** 2 + gap**2) / human_std**2)


class ProbitSupervisor:
    """Draws ν ~ Bernoulli(p(ν=1∣s)) at every step, p as published, from the expert and the policy that is running.

    With the normalisers cancelled, p = P(T + σ_Φ Z ≤ K − c) for T ~ Gamma(a/2, 1) and Z ~ N(0, 1), a the action's
    dimensions. So ν is drawn exactly by drawing T and Z, and no integral is needed here. Where ν = 1 the action is an
    independent draw from the human's Gaussian, clipped to the box, as the likelihood of the method assumes.

    Where actions are discrete the human is the expert with a slip, π(a) = (1 − slip)·[a is the expert's] + slip/A, K is
    −Σ_a π̂(a) ln π(a) and T is −ln π(a) of a draw a ∼ π: exact again.
    """

    def __init__(self, expert: Expert, settings: ProbitSettings | None = None) -> None:
        self._expert = expert
        self._settings = settings or ProbitSettings()
        self._rng = np.random.default_rng(0)
        self._evidence = 0.0
        # The oldest entry is the evidence of ``delay_steps`` ago.
        self._past: deque[float] = deque(maxlen=self._settings.delay_steps + 1)
        self._driving = False

    @property
    def kind(self) -> str:
        """Recorded with the episode."""
        return "probit"

    @property
    def device(self) -> str:
        """Name of the supervisor."""
        return "Simulated supervisor (probit)"

    @property
    def instruction(self) -> str:
        """When it takes over."""
        return "takes over by itself"

    def reset(self, seed: int) -> None:
        """Begin a new episode; all its randomness comes from ``seed``."""
        self._rng = np.random.default_rng(seed)
        self._evidence = 0.0
        self._past.clear()
        self._driving = False

    def poll(self, context: OperatorContext) -> OperatorReading:
        """Decide for this step."""
        draw = (self._draw_discrete if context.discrete else self._draw)(context)
        cost, cdf_scale = self._settings.threshold(discrete=context.discrete)
        self._evidence = self._settings.retention * self._evidence + draw.shortfall - cost
        self._past.append(self._evidence)
        # Evidence and draws are computed in every step, so that the random numbers do not depend on who drives.
        if not self._goes_on():
            self._driving = bool(self._past[0] > draw.own_loss + cdf_scale * draw.noise)
        return OperatorReading(takeover=self._driving, action=draw.action)

    def _draw(self, context: OperatorContext) -> _Draw:
        intended, spread = self._expert(context.observation), self._settings.expert_std
        shortfall = expected_shortfall(intended, spread, context.policy_mean, context.policy_std)
        own_loss = float(self._rng.gamma(len(intended) / 2.0))
        noise = float(self._rng.standard_normal())
        # An independent draw, as the likelihood of the method assumes. Drawing it from the decision's own sample would
        # bias it.
        action = np.clip(self._rng.normal(intended, spread), -1.0, 1.0).astype(np.float32)
        return _Draw(shortfall, own_loss, noise, action)

    def _draw_discrete(self, context: OperatorContext) -> _Draw:
        intended, slip = self._expert(context.observation), self._settings.slip
        policy = (1.0 - slip) * intended.astype(np.float64) + slip / len(intended)
        # Adding the slip to all entries can miss 1 by rounding, which ``choice`` refuses.
        policy /= policy.sum()
        loss = -np.log(policy)
        shortfall = float(context.policy_mean.astype(np.float64) @ loss)
        own_loss = float(loss[self._rng.choice(len(loss), p=policy)])
        noise = float(self._rng.standard_normal())
        action = np.zeros(len(intended), np.float32)
        action[self._rng.choice(len(loss), p=policy)] = 1.0
        return _Draw(shortfall, own_loss, noise, action)

    def _goes_on(self) -> bool:
        """Whether the takeover continues without a new decision."""
        persistent = self._settings.hand_back < 1.0
        # With r = 1 no number is drawn, as in the publication.
        return persistent and self._driving and self._rng.random() >= self._settings.hand_back

    def close(self) -> None:
        """Release nothing."""
