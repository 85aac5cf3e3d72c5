"""The state from which the picture of a gymnasium scene is drawn, as one row of numbers.

Its first entry says which of two kinds follows: the numbers of the environment's own state, or the seed of the episode
and the actions taken so far, which are repeated to get there. The recording has the second kind without its actions:
they are in the recording already.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.scenes.gymnasium.inner import InnerEnv

STATE, REPLAY = 1.0, 2.0
MOST_NUMBERS = 4096
"""Capacity of the shared memory through which states travel; older actions are left out beyond it."""
_DIGIT = 1 << 20
"""Numbers up to 2²⁴ are exact in float32; a seed is written with digits of 20 bits."""
_HEAD = 6


@dataclass(frozen=True, slots=True, eq=False)
class ReplayedState:
    """A moment of an episode."""

    seed: int
    step: int
    """Actions that led there."""
    first: int
    """Number of the first action that is given; 0 where all are given."""
    actions: Float32Array
    """float32[m, a]."""


def drawn_by_state(inner: InnerEnv) -> Float32Array:
    """Return float32[1 + k]: the poses of the physics, else the numbers among the environment's attributes."""
    if inner.physics is not None:
        return np.append(np.float32(STATE), inner.physics.numbers())
    numbers = inner.attributes.numbers() if inner.attributes else np.zeros(0, np.float32)
    # NaN stands for "none" inside the program; recordings and messages have finite numbers only
    return np.append(np.float32(STATE), np.nan_to_num(numbers, nan=_NONE))


_NONE = -1.0e30


def set_drawn_state(inner: InnerEnv, numbers: Float32Array) -> None:
    """Set the state that ``drawn_by_state`` of another copy returned; raises ``ValueError`` where it does not fit."""
    values = numbers[1:]
    if inner.physics is not None:
        inner.physics.set_numbers(values)
    elif inner.attributes is not None:
        inner.attributes.set_numbers(np.where(values <= np.float32(_NONE), np.float32("nan"), values))


def drawn_by_replay(seed: int, step: int, actions: Sequence[Float32Array | int] = ()) -> Float32Array:
    """Return float32[k]: kind, seed, steps and the newest ``actions``, as many as fit."""
    size = np.size(actions[0]) if len(actions) else 1
    first = max(0, len(actions) - (MOST_NUMBERS - _HEAD) // max(size, 1))
    digits = [float(seed >> shift & _DIGIT - 1) for shift in (0, 20, 40)]
    head = np.array([REPLAY, *digits, step, first], np.float32)
    return np.concatenate([head, np.asarray(actions[first:], np.float32).ravel()])


def read_replayed(numbers: Float32Array, action_size: int) -> ReplayedState:
    """Read what ``drawn_by_replay`` wrote; raises ``ValueError`` where it does not fit."""
    if len(numbers) < _HEAD or numbers[0] != REPLAY or (len(numbers) - _HEAD) % max(action_size, 1):
        raise ValueError(f"found {len(numbers)} numbers that are no replayed state")
    digits = [int(each) << shift for each, shift in zip(numbers[1:4], (0, 20, 40), strict=True)]
    actions = numbers[_HEAD:].reshape(-1, action_size)
    return ReplayedState(sum(digits), int(numbers[4]), int(numbers[5]), actions)
