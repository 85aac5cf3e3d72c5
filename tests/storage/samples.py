"""Made-up episodes for the tests of the workspace."""

from collections.abc import Sequence

import numpy as np

from mile_desktop.storage.ids import new_episode_id, now
from mile_desktop.storage.records import EpisodeStart, PolicyRecord, Step

OBSERVATIONS, ACTIONS, STATES = 12, 4, 7


def a_start(episode_id: str | None = None, **changes: object) -> EpisodeStart:
    values = {
        "episode_id": episode_id or new_episode_id(),
        "scene": "peg-insertion",
        "seed": 7,
        "policy_id": "initial",
        "operator": "gamepad",
        "device": "Test pad",
        "rate_hz": 20.0,
        "started_at": now(),
        "software_version": "0.1.0",
        "intervention_model_id": "im-1",
        "cost": 2.5,
        "cdf_scale": 0.75,
        "extra": {"branches": [3, 5], "note": "π"},
    }
    return EpisodeStart(**(values | changes))  # type: ignore[arg-type]


def a_step(index: int, *, human: bool = False, probability: float = 0.25) -> Step:
    """Step ``index``: every array says which step it belongs to."""

    def filled(size: int, offset: float) -> np.ndarray:
        return (np.arange(size) * 0.01 + index + offset).astype(np.float32)

    return Step(
        timestamp=100.0 + index * 0.05,
        observation=filled(OBSERVATIONS, 0.1),
        policy_action=filled(ACTIONS, 0.2),
        policy_mean=filled(ACTIONS, 0.3),
        policy_std=filled(ACTIONS, 0.4),
        human_action=filled(ACTIONS, 0.5) if human else None,
        action=filled(ACTIONS, 0.5 if human else 0.2),
        intervention=human,
        intervention_prob=probability,
        intervention_prob_low=probability - 0.1,
        intervention_prob_high=probability + 0.1,
        forecast=float("nan"),
        control_phase="takeover" if human else "autonomous",
        reward=-1.0,
        success=False,
        scene_state=filled(STATES, 0.6),
        operator="gamepad" if human else "",
    )


def some_steps(human: Sequence[bool]) -> list[Step]:
    return [a_step(index, human=each) for index, each in enumerate(human)]


def a_policy(policy_id: str, **changes: object) -> PolicyRecord:
    values = {
        "policy_id": policy_id,
        "scene": "peg-insertion",
        "name": "v1",
        "method": "mile",
        "parent_id": None,
        "run_id": None,
        "created_at": now(),
        "settings": {"epochs": 300, "lambda": 0.5},
        "episode_ids": (),
    }
    return PolicyRecord(**(values | changes))  # type: ignore[arg-type]
