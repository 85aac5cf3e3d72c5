"""The paper's synthetic human: an independent decision at every step; or with evidence, delay and persistence."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from mile_desktop.operators.operator import Expert, FloatArray, OperatorContext, OperatorReading


@dataclass(frozen=True, slots=True)
class ProbitSettings:
    """Parameters of the decision; raises ``ValueError`` where they make no sense."""

    expert_std: float = 0.15
    """σ_h, standard deviation of the human's actions about the expert's, per dimension."""
    cost: float = 12.0
    """c, the price of stepping in."""
    cdf_scale: float = 2.0
    """σ_Φ, spread of the decision noise."""
    retention: float = 0.0
    """ρ in [0, 1), the share of the evidence K − c that is left after one step; 0 as published."""
    delay_steps: int = 0
    """How many steps old the evidence is that a decision rests on; 0 as published."""
    hand_back: float = 1.0
    """r in (0, 1], the probability of thinking again at each step of a takeover; 1 as published."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.expert_std) and self.expert_std > 0.0):
            raise ValueError(f"expert_std is {self.expert_std:g}; it has to be above 0.")
        if not (math.isfinite(self.cdf_scale) and self.cdf_scale > 0.0):
            raise ValueError(f"cdf_scale is {self.cdf_scale:g}; it has to be above 0.")
        if not math.isfinite(self.cost):
            raise ValueError(f"cost is {self.cost:g}; it has to be finite.")
        if not (0.0 <= self.retention < 1.0 and self.delay_steps >= 0 and 0.0 < self.hand_back <= 1.0):
            raise ValueError(
                f"retention {self.retention:g} has to be in [0, 1), delay_steps {self.delay_steps} 0 or more and "
                f"hand_back {self.hand_back:g} in (0, 1]."
            )


def expected_shortfall(human_mean: FloatArray, human_std: float, mean: FloatArray, std: FloatArray) -> float:
    """Return K = ½ Σ_i (s_i² + (m_i − μ_i)²)/σ_i²: how far what is expected of the robot lies from the human's own.

    Korkmaz and Bıyık 2025 (arXiv 2502.13519), the intervention model for Gaussians, in the form in which the
    normalisers have cancelled: human N(μ, σ²), mental model N(m, s²).
    """
    gap = mean.astype(np.float64) - human_mean
    return float(0.5 * np.sum(std.astype(np.float64) ** 2 + gap**2) / human_std**2)


class ProbitSupervisor:
    """Draws ν ~ Bernoulli(p(ν=1∣s)) at every step, p as published, from the expert and the policy that is running.

    With the normalisers cancelled, p = P(T + σ_Φ Z ≤ K − c) for T ~ Gamma(a/2, 1) and Z ~ N(0, 1), a the action's
    dimensions. So ν is drawn exactly by drawing T and Z, and no integral is needed here. Where ν = 1 the action is an
    independent draw from the human's Gaussian, clipped to the box, as the likelihood of the method assumes.
    """

    def __init__(self, expert: Expert, settings: ProbitSettings | None = None) -> None:
        self._expert = expert
        self._settings = settings or ProbitSettings()
        self._rng = np.random.default_rng(0)
        self._evidence = 0.0
        self._past: deque[float] = deque(maxlen=self._settings.delay_steps + 1)
        self._driving = False

    @property
    def kind(self) -> str:
        """Recorded with the episode."""
        return "probit"

    @property
    def device(self) -> str:
        """Who is listened to."""
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
        intended = self._expert(context.observation)
        spread = self._settings.expert_std
        shortfall = expected_shortfall(intended, spread, context.policy_mean, context.policy_std)
        self._evidence = self._settings.retention * self._evidence + shortfall - self._settings.cost
        self._past.append(self._evidence)
        own_loss = self._rng.gamma(len(intended) / 2.0)
        noise = self._settings.cdf_scale * self._rng.standard_normal()
        action = np.clip(self._rng.normal(intended, spread), -1.0, 1.0).astype(np.float32)
        if not self._goes_on():
            self._driving = bool(self._past[0] > own_loss + noise)
        return OperatorReading(takeover=self._driving, action=action)

    def _goes_on(self) -> bool:
        """Whether a takeover goes on without being thought over."""
        persistent = self._settings.hand_back < 1.0
        return persistent and self._driving and self._rng.random() >= self._settings.hand_back

    def close(self) -> None:
        """Release nothing."""
