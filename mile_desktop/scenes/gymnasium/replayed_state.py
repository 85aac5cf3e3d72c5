"""The state of a gymnasium scene that is drawn by repeating its actions, as one row of numbers; light.

Its first entry is ``REPLAY``, then follow the seed of the episode, how many actions led there, and the actions. The
recording has such states without the actions, which it has in another column already: ``with_actions`` adds them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mile_desktop.arrays import Float32Array

REPLAY = 2.0
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
        raise ValueError(f"found {len(numbers)} numbers that are not a replayed state")
    digits = [int(each) << shift for each, shift in zip(numbers[1:4], (0, 20, 40), strict=True)]
    actions = numbers[_HEAD:].reshape(-1, action_size)
    return ReplayedState(sum(digits), int(numbers[4]), int(numbers[5]), actions)


def with_actions(
    state: Float32Array, actions: Float32Array, starts_at_row: npt.NDArray[np.integer], row: int, *, discrete: bool
) -> Float32Array:
    """Return the recorded ``state`` of ``row`` with the actions that led to it; other states are returned as they are.

    Parameters
    ----------
    actions
        float32[t, a], as recorded; one-hot where ``discrete``.
    starts_at_row
        int[t]: where a rewind led, see ``storage.records.StepColumns``.
    """
    if not len(state) or state[0] != REPLAY:
        return state
    path: list[Float32Array | int] = []
    at = row
    # backwards, because a rewind makes the rows between its target and itself no part of the way
    while at >= 0:
        target = int(starts_at_row[at]) if at < len(starts_at_row) else -1
        if 0 <= target < at:
            at = target
            continue
        # The action of the row before led to this one.
        at -= 1
        if at >= 0:
            path.append(int(actions[at].argmax()) if discrete else actions[at])
    # Only for the seed: the recorded row holds no actions, so their size does not matter.
    recorded = read_replayed(state, 1)
    return drawn_by_replay(recorded.seed, len(path), path[::-1])
