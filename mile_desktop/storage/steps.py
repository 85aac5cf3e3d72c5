"""Steps as bytes for the journal and as stacked arrays for everybody else."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np

from mile_desktop.arrays import BoolArray, Float32Array
from mile_desktop.storage.records import Episode, EpisodeRecord, EpisodeStart, Outcome, Step

Shape = tuple[int, int, int]
"""Entries of observation, action and scene state."""

_STORED = np.dtype("<f4")


class _Body(msgspec.Struct, frozen=True, array_like=True):
    """One step in msgpack; arrays as their raw little-endian float32 bytes."""

    timestamp: float
    observation: bytes
    policy_action: bytes
    policy_mean: bytes
    policy_std: bytes
    human_action: bytes | None
    action: bytes
    intervention: bool
    intervention_prob: float
    intervention_prob_low: float
    intervention_prob_high: float
    forecast: float
    control_phase: str
    reward: float
    success: bool
    scene_state: bytes
    starts_at_row: int = -1
    operator: str = ""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Body)


def shape_of(step: Step) -> Shape:
    """Return the entries of observation, action and scene state, checking the step against itself.

    Raises
    ------
    ValueError
        An array is not one-dimensional or is empty, the actions differ in length, or there is a human action
        without an intervention or the other way round.
    """
    size = step.action.shape
    human = step.human_action
    # Plain comparisons: this runs in every step, with cold caches.
    if (
        size == step.policy_action.shape == step.policy_mean.shape == step.policy_std.shape
        and (human is not None) == step.intervention
        and (human is None or human.shape == size)
        and len(size) == len(step.observation.shape) == len(step.scene_state.shape) == 1
        and step.action.size * step.observation.size * step.scene_state.size > 0
    ):
        return (step.observation.size, step.action.size, step.scene_state.size)
    raise _misfit(step)


def encode(step: Step) -> bytes:
    """Return the step as msgpack."""
    return _encoder.encode(
        _Body(
            timestamp=float(step.timestamp),
            observation=_raw(step.observation),
            policy_action=_raw(step.policy_action),
            policy_mean=_raw(step.policy_mean),
            policy_std=_raw(step.policy_std),
            human_action=None if step.human_action is None else _raw(step.human_action),
            action=_raw(step.action),
            intervention=bool(step.intervention),
            intervention_prob=float(step.intervention_prob),
            intervention_prob_low=float(step.intervention_prob_low),
            intervention_prob_high=float(step.intervention_prob_high),
            forecast=float(step.forecast),
            control_phase=str(step.control_phase),
            reward=float(step.reward),
            success=bool(step.success),
            scene_state=_raw(step.scene_state),
            starts_at_row=int(step.starts_at_row),
            operator=str(step.operator),
        )
    )


def decode(body: bytes) -> Step:
    """Return the step that ``encode`` wrote; raises ``msgspec.DecodeError`` if it is none."""
    found = _decoder.decode(body)
    return Step(
        timestamp=found.timestamp,
        observation=_array(found.observation),
        policy_action=_array(found.policy_action),
        policy_mean=_array(found.policy_mean),
        policy_std=_array(found.policy_std),
        human_action=None if found.human_action is None else _array(found.human_action),
        action=_array(found.action),
        intervention=found.intervention,
        intervention_prob=found.intervention_prob,
        intervention_prob_low=found.intervention_prob_low,
        intervention_prob_high=found.intervention_prob_high,
        forecast=found.forecast,
        control_phase=found.control_phase,
        reward=found.reward,
        success=found.success,
        scene_state=_array(found.scene_state),
        starts_at_row=found.starts_at_row,
        operator=found.operator,
    )


def summarise(
    start: EpisodeStart, steps: Sequence[Step], outcome: Outcome, *, recovered: bool = False, deleted: bool = False
) -> EpisodeRecord:
    """Return the catalogue's row for an episode of these steps."""
    record = EpisodeRecord(start, outcome, 0, 0, 0, None, recovered, deleted)
    return counted(
        record,
        _flags([step.intervention for step in steps]),
        _floats([step.intervention_prob for step in steps]),
        [step.operator for step in steps],
    )


def counted(
    record: EpisodeRecord, intervention: BoolArray, shown: Float32Array, operator: Sequence[str]
) -> EpisodeRecord:
    """Return ``record`` with everything counted anew from ν (bool[t]), p as shown (float32[t]) and who drove."""
    numbers = shown[np.isfinite(shown)].astype(np.float64)
    return replace(
        record,
        steps=len(intervention),
        takeovers=int(np.count_nonzero(intervention[1:] & ~intervention[:-1])) + int(intervention[:1].sum()),
        human_steps=int(intervention.sum()),
        mean_intervention_prob=float(numbers.mean()) if len(numbers) else None,
        drivers=tuple(dict.fromkeys(who for who, human in zip(operator, intervention, strict=True) if human and who)),
    )


def stack(record: EpisodeRecord, steps: Sequence[Step]) -> Episode:
    """Return the steps as one episode.

    Raises
    ------
    ValueError
        There are no steps, another number than ``record`` says, or they differ in shape.
    """
    if not steps or len(steps) != record.steps:
        raise ValueError(f"{record.episode_id} has {len(steps)} steps, its record says {record.steps} (at least 1)")
    shapes = {shape_of(step) for step in steps}
    if len(shapes) != 1:
        raise ValueError(f"The steps of {record.episode_id} differ in shape: {sorted(shapes)}")
    nobody = np.full(len(steps[0].action), np.nan, dtype=np.float32)
    return Episode(
        record=record,
        timestamp=np.array([step.timestamp for step in steps], dtype=np.float64),
        observation=_rows([step.observation for step in steps]),
        policy_action=_rows([step.policy_action for step in steps]),
        policy_mean=_rows([step.policy_mean for step in steps]),
        policy_std=_rows([step.policy_std for step in steps]),
        human_action=_rows([nobody if step.human_action is None else step.human_action for step in steps]),
        action=_rows([step.action for step in steps]),
        intervention=_flags([step.intervention for step in steps]),
        intervention_prob=_floats([step.intervention_prob for step in steps]),
        intervention_prob_low=_floats([step.intervention_prob_low for step in steps]),
        intervention_prob_high=_floats([step.intervention_prob_high for step in steps]),
        forecast=_floats([step.forecast for step in steps]),
        control_phase=tuple(str(step.control_phase) for step in steps),
        reward=_floats([step.reward for step in steps]),
        success=_flags([step.success for step in steps]),
        scene_state=_rows([step.scene_state for step in steps]),
        starts_at_row=np.array([step.starts_at_row for step in steps], dtype=np.int32),
        operator=tuple(str(step.operator) for step in steps),
    )


def _misfit(step: Step) -> ValueError:
    """Return what is wrong with a step that contradicts itself."""
    arrays = (step.observation, step.action, step.scene_state)
    if any(array.ndim != 1 or array.size == 0 for array in arrays):
        return ValueError(
            f"A step's arrays must be one-dimensional and not empty; got {[each.shape for each in arrays]}"
        )
    if (step.human_action is not None) != step.intervention:
        return ValueError("A step has a human action exactly where intervention is True")
    actions = [step.action, step.policy_action, step.policy_mean, step.policy_std]
    if step.human_action is not None:
        actions.append(step.human_action)
    return ValueError(f"All actions of a step must have the same shape; got {[each.shape for each in actions]}")


def _raw(array: Float32Array) -> bytes:
    return array.tobytes() if array.dtype is _STORED else array.astype(_STORED).tobytes()


def _array(raw: bytes) -> Float32Array:
    return np.frombuffer(raw, dtype=_STORED).astype(np.float32)


def _rows(arrays: Sequence[Float32Array]) -> Float32Array:
    return np.stack(arrays).astype(np.float32, copy=False)


def _floats(values: Sequence[float]) -> Float32Array:
    return np.array(values, dtype=np.float32)


def _flags(values: Sequence[bool]) -> BoolArray:
    return np.array(values, dtype=bool)
