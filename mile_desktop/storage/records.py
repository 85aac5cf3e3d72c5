"""The stored records: one step, one episode, and the rows of the workspace's catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Generic, Literal, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from mile_desktop.arrays import BoolArray, Float32Array, Float64Array

TIME_LIMIT: Final = "time limit"
"""The steps were used up: neither the scene nor a person has said that the attempt failed. Earlier builds stored
``failure`` here."""
PARTIAL: Final = "partial success"
"""A person says that a part of the task was done. It is no success for learning, and its takeovers are not those of a
failed episode."""
Outcome = Literal["success", "partial success", "failure", "time limit", "aborted", "unknown"]
"""``unknown`` is only for imported episodes whose data set does not say it."""
TRIMMED_AWAY = -2
"""``Step.starts_at_row`` where that row was trimmed away: the step does not follow the one before it."""


@dataclass(frozen=True, slots=True)
class InFile:
    """Name of a column in episode files, where other tools expect another one than ours."""

    name: str


TimeT = TypeVar("TimeT")
ObservationT = TypeVar("ObservationT")
ActionT = TypeVar("ActionT")
HumanActionT = TypeVar("HumanActionT")
StateT = TypeVar("StateT")
FlagT = TypeVar("FlagT")
NumberT = TypeVar("NumberT")
TextT = TypeVar("TextT")
RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StepColumns(Generic[TimeT, ObservationT, ActionT, HumanActionT, StateT, FlagT, NumberT, TextT, RowT]):
    """The one list of what is recorded of a control step; ``Step`` and ``Episode`` are its two forms.

    The type variable of a column is its kind: it decides the type in a ``Step`` (one value), the type in an
    ``Episode`` (an array over the ``t`` steps), and how journal and file store it (``storage.columns``). A new column
    is one line at the end of this list. It needs a default: files and journals from before it was recorded are read
    with that value.

    ``n`` observation, ``a`` action, ``k`` scene-state entries; actions are in [−1, 1] per dimension.
    """

    timestamp: TimeT
    """float64, monotonic time of the control tick, s."""
    observation: Annotated[ObservationT, InFile("observation.state")]
    """float32[n], what policy and operator saw before acting."""
    policy_action: ActionT
    """float32[a], what the policy proposed."""
    policy_mean: ActionT
    """float32[a], mean of the running policy's distribution (the frozen mental model π̂ of this step)."""
    policy_std: ActionT
    """float32[a], its standard deviation."""
    human_action: HumanActionT
    """float32[a], what the operator commanded. Where ``intervention`` is False: None in a step, NaN in an episode."""
    action: ActionT
    """float32[a], what was executed."""
    intervention: FlagT
    """ν: the step was taken in the takeover phase."""
    intervention_prob: NumberT
    """p(ν=1∣s) as the operator saw it; NaN where none was shown."""
    intervention_prob_low: NumberT
    """Lower edge of the band that was shown; NaN where none was."""
    intervention_prob_high: NumberT
    """Upper edge of that band."""
    forecast: NumberT
    """Probability of a takeover within the next ten steps as shown; NaN where none was."""
    control_phase: TextT
    """Phase of the control loop, for example ``autonomous`` or ``takeover``."""
    reward: NumberT
    """Reward of the step, as the scene gives it."""
    success: Annotated[FlagT, InFile("next.success")]
    """The scene says the task is done after this step."""
    scene_state: StateT
    """float32[k], enough to draw the scene before the step from any viewpoint."""
    starts_at_row: RowT = field(default=cast("RowT", -1))
    """After a rewind: the row of the episode from whose state this step was taken. −1: after the previous row.
    ``TRIMMED_AWAY``: from a row that is not there any more."""
    operator: TextT = field(default=cast("TextT", ""))
    """Who drove this step where ``intervention`` is True: ``gamepad``, ``keyboard`` …; empty where unknown."""
    reasons: TextT = field(default=cast("TextT", ""))
    """Why the forecast was higher than usual, as ``storage.reasons`` writes it; empty for no reason, and in older
    files."""
    call_mark: TextT = field(default=cast("TextT", ""))
    """The person's judgement of the call or takeover before this step: ``unnecessary`` or ``late``; mostly empty."""
    words: TextT = field(default=cast("TextT", ""))
    """Where words drove: what was typed → what it was understood as; else, and in older files, empty."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Step(StepColumns[float, Float32Array, Float32Array, Float32Array | None, Float32Array, bool, float, str, int]):
    """One control step, recorded whether or not the operator intervened; see ``StepColumns`` for its values."""


@dataclass(frozen=True, slots=True)
class EpisodeStart:
    """Everything known at the beginning of an episode; written to the journal before its first step."""

    episode_id: str
    scene: str
    seed: int
    policy_id: str
    operator: str
    """First operator that could take over: ``gamepad``, ``segment``, ``none`` …; see ``EpisodeRecord.drivers``."""
    device: str
    """Human name of the device, e.g. ``Xbox Series X Controller``."""
    rate_hz: float
    started_at: str
    """UTC, ISO 8601."""
    software_version: str
    intervention_model_id: str | None = None
    cost: float | None = None
    cdf_scale: float | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    """JSON-representable notes, e.g. rewind branches."""
    operator_name: str = ""
    """Name or code of the person at the device; empty where none was given, and in older files."""


SCENE_VERSION = "scene_version"
"""Key of ``EpisodeStart.extra``: digests of the scene as it was (``scenes.version``)."""
SHIFT = "shift"
"""Key of ``EpisodeStart.extra``: name and digest of the shift under which it was recorded (``scenes.shift``)."""
SHIFT_RANGES = "shift_ranges"
"""Likewise: the values of the shift, because its file can be changed or lost."""
CALLED_BY = "called_by"
"""Key of ``EpisodeStart.extra``: the number that called the person: ``p``, ``forecast`` or empty."""

EPISODE_LIMIT = "time_limit"
"""Likewise, only where the limit was not the scene's own: ``steps`` that count, ``scene_steps``, and whether time stood
still while a person drove (``stops_while_driving``)."""


@dataclass(frozen=True, slots=True)
class EpisodeRecord:
    """One row of the catalogue: an episode that is closed and on disk."""

    start: EpisodeStart
    outcome: Outcome
    steps: int
    takeovers: int
    """Number of times control went to the operator."""
    human_steps: int
    """Number of steps with ν = 1."""
    mean_intervention_prob: float | None
    recovered: bool
    """Rebuilt from the journal after a crash."""
    deleted: bool = False
    """In the bin: kept on disk, left out of training and of the table."""
    drivers: tuple[str, ...] = ()
    """Operators that took over, in order; empty if none did, or if it was not recorded (older files)."""
    tags: tuple[str, ...] = ()
    """Short labels that people gave the episode, sorted."""

    @property
    def episode_id(self) -> str:
        """The episode's id, also the stem of its Parquet file."""
        return self.start.episode_id


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Episode(
    StepColumns[
        Float64Array, Float32Array, Float32Array, Float32Array, Float32Array, BoolArray, Float32Array, Sequence[str],
        NDArray[np.int32],
    ]
):  # fmt: skip
    """A whole episode: each of the ``StepColumns`` as one array, whose first axis are the ``t`` steps.

    Code that makes an episode gives every column (``steps.stack`` and ``episodes`` do it from the table).
    """

    record: EpisodeRecord
    first_row: int = 0
    """Row of the recording of the first step: above 0 if the beginning was trimmed away."""

    def __len__(self) -> int:
        return len(self.timestamp)

    @property
    def shown_estimates(self) -> tuple[Float32Array, Float32Array, Float32Array, Float32Array]:
        """p, the lower and the upper edge of its band, and the forecast as the operator saw them, float32[t] each."""
        return self.intervention_prob, self.intervention_prob_low, self.intervention_prob_high, self.forecast

    @property
    def alarm(self) -> Float32Array:
        """float32[t], the number that called the person: the forecast if the episode says so, else p."""
        return self.forecast if self.record.start.extra.get(CALLED_BY) == "forecast" else self.intervention_prob


@dataclass(frozen=True, slots=True)
class PolicyRecord:
    """One policy of the workspace and its origin."""

    policy_id: str
    scene: str
    name: str
    """Short name shown to people: ``v0`` (bundled), ``v1`` …"""
    method: str
    """``bc``, ``mile`` …"""
    parent_id: str | None
    run_id: str | None
    created_at: str
    settings: dict[str, Any]
    episode_ids: tuple[str, ...]
    """The episodes it learned from."""
    note: str = ""
    archived: bool = False


@dataclass(frozen=True, slots=True)
class EvaluationRecord:
    """Success of one policy on fixed seeds."""

    evaluation_id: str
    policy_id: str
    scene: str
    created_at: str
    seeds: tuple[int, ...]
    """Seeds that ended in success or failure, in the order of ``outcomes``."""
    outcomes: tuple[bool, ...]
    crashes: int
    """Episodes that crashed; they do not count in the rate."""
    steps: tuple[int, ...] = ()
    """Control steps of each episode, in the order of ``seeds``; empty in evaluations of version 0.1's first schema."""
    returns: tuple[float, ...] = ()
    """Sum of rewards of each episode, likewise."""
    crash_seeds: tuple[int, ...] = ()
    """Seeds of the episodes that crashed; empty in older evaluations."""
    crash_reasons: tuple[str, ...] = ()
    """Reasons of the crashes, in the order of ``crash_seeds``."""

    @property
    def successes(self) -> int:
        """Number of successful episodes."""
        return sum(self.outcomes)

    @property
    def mean_return(self) -> float | None:
        """Mean sum of rewards; None where none was recorded."""
        return sum(self.returns) / len(self.returns) if self.returns else None

    @property
    def mean_steps(self) -> float | None:
        """Mean length in control steps; None where none was recorded."""
        return sum(self.steps) / len(self.steps) if self.steps else None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One training run."""

    run_id: str
    scene: str
    method: str
    parent_policy_id: str
    state: Literal["running", "finished", "cancelled", "failed"]
    created_at: str
    policy_id: str | None = None
    """The policy it produced, once finished."""
    message: str = ""


@dataclass(frozen=True, slots=True)
class InterventionModelRecord:
    """One intervention model (stored beside the policies)."""

    model_id: str
    scene: str
    policy_id: str
    """The policy whose supervision it was fitted to."""
    run_id: str | None
    created_at: str
    cost: float
    cdf_scale: float
    takeovers: int
    """Number of human takeovers it was fitted to; 0 for a bundled model."""
    episode_ids: tuple[str, ...]
