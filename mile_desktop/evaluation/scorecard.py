"""A scorecard as values that cross a pipe: predictors side by side on episodes they had not seen.

Imports neither torch nor scikit-learn: the window reads it.
"""

import msgspec

from mile_desktop.storage.call_curve import CallCurve, ChosenLine


class ScoredEpisode(msgspec.Struct, frozen=True, kw_only=True):
    """One held-out episode."""

    episode_id: str
    policy_id: str
    outcome: str
    first_row: int = 0
    """Row of the recording that corresponds to the first row here; above 0 if the beginning was trimmed away."""
    intervention: tuple[bool, ...]
    """ν of each row."""
    asked: tuple[bool, ...]
    """Rows at which a forecast is needed: the step before was not taken by the human."""
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


class EarlyPoint(msgspec.Struct, frozen=True, array_like=True):
    """Balanced accuracy of an alarm that must come this much earlier; see ``intervention.early_accuracy``."""

    lead_s: float
    balanced_accuracy: float
    announced: float
    calm: float
    takeovers: int


class FittedStall(msgspec.Struct, frozen=True, kw_only=True):
    """The fitted progress-stall model of the operator; see ``intervention.stall_model``."""

    measure: str
    steps: int
    """k."""
    least_progress: float | None
    """δ; None where no δ was better than one rate for all steps."""
    stalled_rate: float
    other_rate: float

    @property
    def text(self) -> str:
        """The model in one sentence."""
        if self.least_progress is None:
            return "Stall model: no lack of progress made a takeover more likely."
        return (
            f"Stall model: where the {self.measure} changes over {self.steps} steps by less than "
            f"{self.least_progress:.2f}, a takeover is ahead in {self.stalled_rate:.0%} of the steps, otherwise in "
            f"{self.other_rate:.0%}."
        )


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
    early: tuple[EarlyPoint, ...] = ()
    """Empty where no takeover was recorded."""
    stall: FittedStall | None = None
    """The fitted model of the predictor ``stall``."""
    reasons: tuple[tuple[str, ...], ...] = ()
    """For the forecast, the kinds of its reasons at each row of each episode, joined by blanks."""
    line: ChosenLine | None = None
    """The line for the alarm that was asked for, and what it means."""
    curve: CallCurve | None = None
    """Calls and unannounced takeovers at every line."""


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """Every predictor on the same held-out episodes."""

    scene: str
    model_id: str
    rate_hz: float
    horizon_steps: int
    episodes: tuple[ScoredEpisode, ...]
    """Held-out episodes: they are scored here, and no predictor has seen them."""
    learned_from: int
    """Episodes that the baselines learned from."""
    notes: tuple[str, ...]
    """Sentences that say which predictor had seen which episodes."""
    predictors: tuple[ScoredPredictor, ...]
