"""What an analysis found, as values for the report and for ``results.json``."""

import msgspec

from mile_desktop.study.comparisons import Compared, Estimate

MEASURE_TITLES = {
    "success_per_human_step": "successes for 100 steps driven by the participant",
    "success_per_minute": "successes for each minute supervised",
    "success": "share of episodes that succeeded",
    "human_steps": "steps driven by the participant, a block",
    "takeovers": "takeovers, a block",
    "tlx": "raw NASA-TLX, 0 to 100",
    "success_per_minute_last_round": "successes for each minute supervised, last round",
    "success_last_round": "share of episodes that succeeded, last round",
    "human_steps_last_round": "steps driven by the participant, last round of a block",
}


class PredictionResult(msgspec.Struct, frozen=True, kw_only=True):
    """One way of holding out, in one scene."""

    scene: str
    held_out: str
    participants: int
    estimates: dict[str, tuple[Estimate, ...]]
    """Score → mean of each predictor over the participants."""
    comparisons: tuple[Compared, ...]
    """The reference predictor against each other one, on ``MAIN_SCORE``."""
    notes: tuple[str, ...] = ()


class AnalysisResult(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an analysis found; ``results.json``."""

    study: str
    title: str
    question: str
    participants: int
    finished: int
    simulated: int
    withdrawn: int
    episodes: int
    alpha: float
    software_version: str
    prediction: tuple[PredictionResult, ...]
    conditions: dict[str, tuple[Estimate, ...]]
    """Measure → mean of each condition."""
    comparisons: tuple[Compared, ...]
    """Of the conditions: the planned ones first."""
    notes: tuple[str, ...] = ()

    @property
    def planned(self) -> tuple[Compared, ...]:
        """The planned comparisons of conditions."""
        return tuple(each for each in self.comparisons if each.planned)
