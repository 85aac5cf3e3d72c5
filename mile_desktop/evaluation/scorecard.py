"""A scorecard as values that cross a pipe: predictors side by side on episodes they had not seen.

Imports neither torch nor scikit-learn: the window reads it.
"""

import msgspec


class ScoredEpisode(msgspec.Struct, frozen=True, kw_only=True):
    """One held-out episode."""

    episode_id: str
    policy_id: str
    outcome: str
    first_row: int = 0
    """Row of the recording that the first one here is: above 0 where the beginning was trimmed away."""
    intervention: tuple[bool, ...]
    """ν of each row."""
    asked: tuple[bool, ...]
    """Rows at which a forecast is asked for: the step before was not the human's."""
    ahead: tuple[bool, ...]
    """Whether a takeover came within the horizon."""


class CurvePoint(msgspec.Struct, frozen=True, array_like=True):
    """One threshold of a curve."""

    x: float
    """False positive rate, or recall."""
    y: float
    """True positive rate, or precision."""
    threshold: float


class ReliabilityPoint(msgspec.Struct, frozen=True, array_like=True):
    """Steps of similar probability."""

    predicted: float
    observed: float
    steps: int
    low: float
    high: float
    """Range of the probabilities in this bin."""


class ScoredPredictor(msgspec.Struct, frozen=True, kw_only=True):
    """One predictor of "a takeover within the horizon"; None where a score does not exist."""

    name: str
    steps: int
    rate: float
    log_likelihood: float
    brier: float
    auroc: float | None
    average_precision: float | None
    phase_matched_auroc: float | None
    calibration_error: float
    roc: tuple[CurvePoint, ...]
    precision_recall: tuple[CurvePoint, ...]
    reliability: tuple[ReliabilityPoint, ...]
    traces: tuple[tuple[float | None, ...], ...]
    """Probability of each row of each episode, in the order of ``Scorecard.episodes``; None: not predicted."""


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """Every predictor on the same held-out episodes."""

    scene: str
    model_id: str
    rate_hz: float
    horizon_steps: int
    episodes: tuple[ScoredEpisode, ...]
    """Held out: scored here, seen by none of those who were asked."""
    learned_from: int
    """Episodes that the baselines learned from."""
    notes: tuple[str, ...]
    """Sentences that say which predictor had seen which episodes."""
    predictors: tuple[ScoredPredictor, ...]
