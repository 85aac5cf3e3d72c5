"""Steps as bytes for the journal and as stacked arrays for everything else; both follow the table of columns."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np

from mile_desktop.arrays import BoolArray, Float32Array
from mile_desktop.storage.columns import COLUMNS, Column, Kind, of_kind
from mile_desktop.storage.records import Episode, EpisodeRecord, EpisodeStart, Outcome, Step

Shape = tuple[int, ...]
"""Entries of observation, action and scene state."""

_STORED = np.dtype("<f4")
_STORED_TYPES: dict[Kind, object] = {
    Kind.TIME: float,
    Kind.NUMBER: float,
    Kind.FLAG: bool,
    Kind.ROW: int,
    Kind.TEXT: str,
    Kind.VECTOR: bytes,
    Kind.HUMAN_ACTION: bytes | None,
}


def _stored_field(column: Column) -> tuple[str, object] | tuple[str, object, object]:
    stored = _STORED_TYPES[column.kind]
    return (column.name, stored) if column.is_required else (column.name, stored, column.default)


_StoredStep = msgspec.defstruct("_StoredStep", [_stored_field(each) for each in COLUMNS], frozen=True, array_like=True)
"""One step in msgpack, by position; arrays as their raw little-endian float32 bytes."""

# One call for all attributes, and msgspec's hook for the arrays: a tick has no time for a Python loop over the columns.
_values_of = attrgetter(*(column.name for column in COLUMNS))
_VECTOR_NAMES = tuple(column.name for column in COLUMNS if column.is_vector)


def _stored(value: object) -> bytes | bool | float | str:
    """Return what msgpack does not know by itself: an array as bytes, a number of numpy as a number."""
    if isinstance(value, np.ndarray):
        return value.tobytes() if value.dtype is _STORED else value.astype(_STORED).tobytes()
    if isinstance(value, np.generic):
        number: bool | float | str = value.item()
        return number
    raise TypeError(f"found {value!r} in a step, expected a number, a text or an array")


_encoder = msgspec.msgpack.Encoder(enc_hook=_stored)
_decoder = msgspec.msgpack.Decoder(_StoredStep)


_shapes_of = attrgetter(*(f"{column.name}.shape" for column in of_kind(Kind.VECTOR)))


def shape_of(step: Step) -> Shape:
    """Return how many entries the vectors have, in the order of ``Shape``, checking the step against itself.

    Raises
    ------
    ValueError
        An array is not one-dimensional or is empty, the actions differ in length, or there is a human action
        without an intervention or the other way round.
    """
    human = step.human_action
    # This runs in every tick, with cold caches: all shapes in one call, and a check that was made before is looked up.
    shape = _checked_shape(_shapes_of(step))
    if (
        shape is not None
        and (human is not None) == step.intervention
        and (human is None or human.shape == step.action.shape)
    ):
        return shape
    raise _misfit(step)


@lru_cache(maxsize=16)
def _checked_shape(shapes: tuple[tuple[int, ...], ...]) -> Shape | None:
    """Return the shape that all vectors agree on; None where they do not, or where one is no vector."""
    lengths: dict[str, tuple[int, ...]] = {}
    for column, shape in zip(of_kind(Kind.VECTOR), shapes, strict=True):
        if len(shape) != 1 or shape[0] == 0 or lengths.setdefault(column.length, shape) != shape:
            return None
    return tuple(size for (size,) in lengths.values())


def encode(step: Step) -> bytes:
    """Return the step as msgpack."""
    return _encoder.encode(_values_of(step))


def decode(body: bytes) -> Step:
    """Return the step that ``encode`` wrote; raises ``msgspec.DecodeError`` if it is none."""
    values = msgspec.structs.asdict(_decoder.decode(body))
    for name in _VECTOR_NAMES:
        raw = values[name]
        # ``astype`` copies: ``frombuffer`` gives read-only arrays that keep all the bytes of the step in memory.
        values[name] = None if raw is None else np.frombuffer(raw, dtype=_STORED).astype(np.float32)
    return Step(**values)


def summarise(
    start: EpisodeStart, steps: Sequence[Step], outcome: Outcome, *, recovered: bool = False, deleted: bool = False
) -> EpisodeRecord:
    """Return the catalogue's row for an episode of these steps."""
    record = EpisodeRecord(start, outcome, 0, 0, 0, None, recovered, deleted)
    return counted(
        record,
        np.array([step.intervention for step in steps], dtype=np.bool_),
        np.array([step.intervention_prob for step in steps], dtype=np.float32),
        [step.operator for step in steps],
    )


def counted(
    record: EpisodeRecord, intervention: BoolArray, shown: Float32Array, operator: Sequence[str]
) -> EpisodeRecord:
    """Return ``record`` with all counts made again from ν (bool[t]), p as shown (float32[t]) and who drove."""
    # In float64, as a sum over thousands of float32 loses digits.
    numbers = shown[np.isfinite(shown)].astype(np.float64)
    return replace(
        record,
        steps=len(intervention),
        # A takeover begins where ν rises. One that runs from the first step has no step before it.
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
    # ``np.stack`` would fail as well, but without naming the episode.
    shapes = {shape_of(step) for step in steps}
    if len(shapes) != 1:
        raise ValueError(f"The steps of {record.episode_id} differ in shape: {sorted(shapes)}")
    no_command = np.full(len(steps[0].action), np.nan, dtype=np.float32)
    stacked = {
        column.name: _stacked(column, [getattr(step, column.name) for step in steps], no_command) for column in COLUMNS
    }
    return Episode(record=record, **stacked)


def _stacked(column: Column, values: Sequence[Any], no_command: Float32Array) -> Any:  # noqa: ANN401 - by kind
    match column.kind:
        case Kind.TEXT:
            return tuple(str(value) for value in values)
        case Kind.VECTOR:
            return np.stack(values).astype(np.float32, copy=False)
        case Kind.HUMAN_ACTION:
            return np.stack([no_command if value is None else value for value in values]).astype(np.float32, copy=False)
        case _:
            return np.array(values, dtype=column.kind.value)


def _misfit(step: Step) -> ValueError:
    """Return what is wrong with a step that contradicts itself."""
    arrays = {column.name: getattr(step, column.name) for column in COLUMNS if column.is_vector}
    if any(array is not None and (array.ndim != 1 or array.size == 0) for array in arrays.values()):
        found = {name: None if array is None else array.shape for name, array in arrays.items()}
        return ValueError(f"A step's arrays must be one-dimensional and not empty; got {found}")
    if (step.human_action is not None) != step.intervention:
        return ValueError("A step has a human action exactly where intervention is True")
    sizes = {
        column.name: (column.length, len(arrays[column.name]))
        for column in COLUMNS
        if column.is_vector and arrays[column.name] is not None
    }
    return ValueError(f"Vectors of one length in a step must have the same number of entries; got {sizes}")
