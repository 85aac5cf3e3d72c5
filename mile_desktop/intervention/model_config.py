"""What ``config.json`` of an intervention model says."""

from typing import Literal

import msgspec

from mile_desktop.intervention.ensemble import HIDDEN, MEMBERS
from mile_desktop.intervention.forecast import ForecastConfig
from mile_desktop.policies.limits import STD_CEILING, STD_FLOOR

MODEL_SCHEMA = 1


class TemporalParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of the temporal model, see ``temporal``; those given by default are the published model's."""

    cost: float
    """c."""
    cdf_scale: float
    """σ > 0."""
    retention: float = 0.0
    """ρ in [0, 1), the share of the evidence that is left after one step."""
    delay_steps: int = 0
    """k ≥ 0, how many steps old the evidence is that a decision rests on."""
    hand_back: float = 1.0
    """r in (0, 1], the probability of thinking again at each step of a takeover."""


class HeldOutScore(msgspec.Struct, frozen=True, kw_only=True):
    """How well the model predicts episodes that the members asked had not seen."""

    steps: int
    observed_rate: float
    predicted_rate: float
    log_likelihood: float
    """Mean per step."""
    brier: float
    brier_constant: float
    """Of always saying the observed rate."""
    auroc: float

    @property
    def beats_constant(self) -> bool:
        """Whether ranking and Brier score are both better than those of the constant."""
        return self.auroc > 0.5 and self.brier < self.brier_constant


class ModelConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What ``config.json`` says."""

    schema: int = MODEL_SCHEMA
    model_id: str = ""
    scene: str = ""
    policy_id: str = ""
    """The policy whose supervision it was fitted to."""
    created_at: str = ""
    """UTC, ISO 8601."""
    members: int = MEMBERS
    observation_size: int
    action_size: int
    hidden: tuple[int, ...] = HIDDEN
    actions: Literal["gaussian", "categorical"] = "gaussian"
    """What the human's actions are: Gaussian, or one of ``action_size`` discrete ones."""
    std_floor: float = STD_FLOOR
    std_ceiling: float = STD_CEILING
    cost: float
    """c."""
    cdf_scale: float
    """σ > 0."""
    cost_error: float = 0.0
    """Standard error of c from the calibration; 0 where it was not calibrated."""
    mental_rule: Literal["running", "learned"] = "running"
    """π̂: the distribution of the policy that is running as recorded with each step, or a network's guess of it."""
    temporal: TemporalParameters | None = None
    episode_ids: tuple[str, ...] = ()
    """Supervised episodes it was fitted to."""
    left_out: tuple[tuple[str, ...], ...] = ()
    """For each member the episodes of ``episode_ids`` it has not seen."""
    takeovers: int = 0
    """Human takeovers it rests on; 0 for a shipped model."""
    score: HeldOutScore | None = None
    forecast: ForecastConfig | None = None
