"""What the window and the inspection process say to each other: msgspec structs, encoded as msgpack, never pickled."""

import numpy as np
from numpy.typing import NDArray

from mile_desktop.channels.messages import Message, Shutdown

# ── commands: window → inspection ────────────────────────────────────────────────────────────────────────────────


class KeepInsights(Message, frozen=True):
    """Compute what is missing of what tables show, newest episodes first, whenever there is nothing else to do."""

    workspace: str
    threshold: float


class Appraise(Message, frozen=True):
    """Say p of every recorded row as a model sees it now; a newer one takes the place of one that waits."""

    job: int
    workspace: str
    episode_id: str
    model: str = ""
    """Id or folder of an intervention model; empty: the one in use."""
    source: str = "ensemble"
    """See ``intervention.live.Source``."""
    policy: str = ""
    """Whose mean and spread are what the person expected of the robot; empty: as recorded."""


class RollForward(Message, frozen=True):
    """From one recorded row on, let policies drive in simulation."""

    job: int
    workspace: str
    episode_id: str
    row: int
    policies: tuple[str, ...]
    """Ids of the workspace, folders, ``initial`` or ``expert``."""


class CancelJob(Message, frozen=True):
    """Give a job up, whether it runs or waits; answered by ``JobEnded``."""

    job: int


# ── events: inspection → window ──────────────────────────────────────────────────────────────────────────────────


class InsightsKept(Message, frozen=True):
    """Some more are in the database."""

    left: int
    problems: tuple[str, ...] = ()
    """Episodes that cannot be read, a sentence each; they are not tried again by this process."""


class JobProgress(Message, frozen=True):
    """Where the running job is."""

    job: int
    fraction: float
    text: str


class JobEnded(Message, frozen=True):
    """A job came to nothing."""

    job: int
    problem: str = ""
    """One sentence; empty where it was cancelled."""


class Appraised(Message, frozen=True):
    """Answers ``Appraise``; arrays as little-endian float32, NaN where nothing is said."""

    job: int
    episode_id: str
    probability: bytes
    low: bytes
    high: bytes
    forecast: bytes
    basis: str
    """What the number rests on, in words."""
    has_learned: bool
    """The model has learned from this very episode: what it says here proves nothing."""


class Branch(Message, frozen=True):
    """Where one policy would have gone, ``n`` steps."""

    policy: str
    name: str
    outcome: str
    """``success``, ``time is up`` or what broke down."""
    success: bool
    state_size: int
    states: bytes
    """float32[n + 1, state_size]: before each step, and after the last."""
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
    branches: tuple[Branch, ...]
    recorded_end_effector: bytes
    """float32[t − row, 3]: where the recording went from that row on; empty where the scene has none."""
    deviation: float
    """Largest difference of any entry of the scene state between the recording and its replay up to that row."""
    deviation_row: int


Command = KeepInsights | Appraise | RollForward | CancelJob | Shutdown
Event = InsightsKept | JobProgress | JobEnded | Appraised | RolledForward


def packed(values: NDArray[np.floating]) -> bytes:
    """Return an array as it travels."""
    return np.ascontiguousarray(values, "<f4").tobytes()


def unpacked(data: bytes, columns: int = 0) -> NDArray[np.float32]:
    """Return an array that travelled, float32[n], or float32[n, columns]."""
    flat = np.frombuffer(data, "<f4").astype(np.float32)
    return flat.reshape(-1, columns) if columns else flat
