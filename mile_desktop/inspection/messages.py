"""Messages between the window and the inspection process: msgspec structs, encoded as msgpack, never pickled."""

import numpy as np
from numpy.typing import NDArray

from mile_desktop.channels.messages import Message, Shutdown

# ── commands: window → inspection ────────────────────────────────────────────────────────────────────────────────


class UpdateInsights(Message, frozen=True):
    """Compute the table columns that are still missing, newest episodes first, whenever no job is waiting."""

    workspace: str
    threshold: float


class PredictAgain(Message, frozen=True):
    """Predict p for every recorded row with a model of today; replaces a waiting command of the same kind."""

    job: int
    workspace: str
    episode_id: str
    model: str = ""
    """Id or folder of an intervention model; empty: the one in use."""
    source: str = "ensemble"
    """See ``intervention.live_estimator.Source``."""
    policy: str = ""
    """The policy that the person expected to drive; empty: the recorded one."""


class RollForward(Message, frozen=True):
    """Let policies drive in simulation from one recorded row on; replaces a waiting command of the same kind."""

    job: int
    workspace: str
    episode_id: str
    row: int
    policies: tuple[str, ...]
    """Policy ids of the workspace, policy folders, ``initial`` or ``expert``."""


class FindAlike(Message, frozen=True):
    """Find recorded moments that are like one row; replaces a waiting command of the same kind."""

    job: int
    workspace: str
    episode_id: str
    row: int


class CancelJob(Message, frozen=True):
    """Cancel a job, running or waiting; answered by ``JobEnded``."""

    job: int


# ── events: inspection → window ──────────────────────────────────────────────────────────────────────────────────


class InsightsUpdated(Message, frozen=True):
    """Further insights were written to the database."""

    left: int
    """Episodes that still lack theirs."""
    problems: tuple[str, ...] = ()
    """One sentence for each episode that cannot be read; this process does not try it again."""


class JobProgress(Message, frozen=True):
    """Progress of the running job."""

    job: int
    fraction: float
    text: str


class JobEnded(Message, frozen=True):
    """A job ended without a result."""

    job: int
    problem: str = ""
    """One sentence; empty where the job was cancelled."""


class PredictedAgain(Message, frozen=True):
    """Answers ``PredictAgain``; arrays are little-endian float32[t], NaN where the model predicts nothing."""

    job: int
    episode_id: str
    probability: bytes
    low: bytes
    high: bytes
    forecast: bytes
    basis: str
    """What the prediction was fitted to, for display."""
    trained_on_episode: bool
    """The model was trained on this episode, so its prediction here is no evidence of its quality."""


class PolicyPath(Message, frozen=True):
    """The path that one policy would have taken in ``n`` steps."""

    policy: str
    name: str
    outcome: str
    """``success``, ``failure``, ``time limit`` or the error that ended it."""
    success: bool
    state_size: int
    states: bytes
    """float32[n + 1, state_size]: the state before each step and after the last one."""
    action_size: int
    actions: bytes
    """float32[n, action_size]."""
    end_effector: bytes
    """float32[n + 1, 3], m; empty where the scene has none."""


class RolledForward(Message, frozen=True):
    """Answers ``RollForward``."""

    job: int
    episode_id: str
    row: int
    paths: tuple[PolicyPath, ...]
    recorded_end_effector: bytes
    """float32[t − row, 3], m: the recorded path from that row on; empty where the scene has no end effector."""
    deviation: float
    """Largest difference of any entry of the scene state between the recording and its replay up to that row."""
    deviation_row: int
    """The row with that difference."""


class AlikeMoment(Message, frozen=True):
    """One recorded moment that is like another one."""

    episode_id: str
    row: int
    distance: float
    """Between the forecast's signals, in standard deviations."""
    outcome: str
    taken_over: bool
    """Whether a person took over within the forecast's horizon."""


class FoundAlike(Message, frozen=True):
    """Answers ``FindAlike``: the nearest moment of each of the most alike other episodes, nearest first."""

    job: int
    episode_id: str
    row: int
    moments: tuple[AlikeMoment, ...]


Command = UpdateInsights | PredictAgain | RollForward | FindAlike | CancelJob | Shutdown
Event = InsightsUpdated | JobProgress | JobEnded | PredictedAgain | RolledForward | FoundAlike


def packed(values: NDArray[np.floating]) -> bytes:
    """Return the bytes of an array as they are sent: little-endian float32."""
    return np.ascontiguousarray(values, "<f4").tobytes()


def unpacked(data: bytes, columns: int = 0) -> NDArray[np.float32]:
    """Return the array that was packed: float32[n], or float32[n, columns]."""
    flat = np.frombuffer(data, "<f4").astype(np.float32)
    return flat.reshape(-1, columns) if columns else flat
