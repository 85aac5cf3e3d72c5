"""Messages as the worker sends them, with what a test does not care about filled in."""

import math

import msgspec

from mile_desktop.rollout.messages import SessionLoaded, Status, StepTaken
from mile_desktop.rollout.phases import Phase

_STATUS = Status(
    phase=Phase.AUTONOMOUS,
    reason="",
    episode=15,
    episodes_left=0,
    step=84,
    policy_id="p3",
    policy_name="v3",
    operator="gamepad",
    device="Xbox pad",
    instruction="hold RB",
    device_connected=True,
    rate_hz=20.0,
    lateness_p99_ms=0.4,
    lateness_max_ms=1.0,
    overruns=0,
    alert=False,
    asking=False,
    basis="shipped model",
)
_STEP = StepTaken(
    episode_id="e1",
    step=0,
    timestamp=0.0,
    intervention=False,
    probability=0.2,
    low=0.1,
    high=0.3,
    forecast=math.nan,
    proposed=(0.1, 0.2, 0.3, 1.0),
    executed=(0.1, 0.2, 0.3, 1.0),
    std=(0.1, 0.1, 0.1, 0.1),
    phase=Phase.AUTONOMOUS,
)


def status(**changes: object) -> Status:
    return msgspec.structs.replace(_STATUS, **changes)


def taken(step: int, **changes: object) -> StepTaken:
    return msgspec.structs.replace(_STEP, step=step, timestamp=step * 0.05, **changes)


def session(**changes: object) -> SessionLoaded:
    loaded = SessionLoaded(
        scene="peg-insertion",
        policy_id="p3",
        policy_name="v3",
        basis="shipped model",
        action_labels=("dx", "dy", "dz", "grip"),
        max_steps=200,
        rate_hz=20.0,
    )
    return msgspec.structs.replace(loaded, **changes)
