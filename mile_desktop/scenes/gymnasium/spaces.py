"""Spaces of gymnasium as this program uses them: actions in [−1, 1] or numbered, observations as one row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from gymnasium import spaces

from mile_desktop.arrays import Float32Array, Float64Array
from mile_desktop.errors import UserError

MOST_CHOICES = 64
"""Combinations of a ``MultiDiscrete`` action; more are refused, because every one is an output of the policy."""
_MOST_CATEGORIES = 1024
_PICTURE_SIDE = 24
"""Smaller byte arrays are maps, such as MiniGrid's 7 × 7 view, and are taken as numbers."""

Space = spaces.Space[object]


class SpaceError(UserError, ValueError):
    """A space that a scene cannot have; says what was found and expected."""


# ── actions ──────────────────────────────────────────────────────────────────────────────────────────────────────


class ContinuousActions:
    """A Box: every entry is scaled so that its bounds are −1 and 1.

    Raises ``SpaceError`` where a bound is infinite: then there is nothing to scale to.
    """

    def __init__(self, space: spaces.Box) -> None:
        self._space = space
        self._low = space.low.astype(np.float64).ravel()
        self._high = space.high.astype(np.float64).ravel()
        for index, (low, high) in enumerate(zip(self._low, self._high, strict=True)):
            if not (np.isfinite(low) and np.isfinite(high)):
                raise SpaceError(
                    f"action: found the bounds {low:g} and {high:g} of entry {index}, expected finite ones; "
                    "register an environment of your own around it whose action_space has the limits of the actuators"
                )
        self.size = len(self._low)

    def to_environment(self, action: Float32Array) -> object:
        """Return float[a] in [−1, 1] as the environment takes it; larger values are limited."""
        share = (np.clip(action.astype(np.float64), -1.0, 1.0) + 1.0) / 2.0
        # A weighted mean and not low + share · range: it gives both bounds exactly, and the environment may check them.
        values = self._low * (1.0 - share) + self._high * share
        return values.reshape(self._space.shape).astype(self._space.dtype)

    def from_environment(self, action: object) -> Float32Array:
        """Return an action of the environment as float32[a] in [−1, 1]; an entry that is fixed is 0."""
        values = np.asarray(action, np.float64).ravel()
        if values.shape != (self.size,):
            raise SpaceError(f"found an action of shape {values.shape}, expected ({self.size},)")
        width = self._high - self._low
        scaled = np.where(width > 0, 2.0 * (values - self._low) / np.where(width > 0, width, 1.0) - 1.0, 0.0)
        return np.clip(scaled, -1.0, 1.0).astype(np.float32)


class NumberedActions:
    """A ``Discrete``, ``MultiDiscrete`` or ``MultiBinary`` space: every combination has a number from 0."""

    def __init__(self, space: Space) -> None:
        self._space = space
        match space:
            case spaces.Discrete(n=n):
                self._shape: tuple[int, ...] = (int(n),)
            case spaces.MultiDiscrete(nvec=nvec):
                self._shape = tuple(int(each) for each in nvec.ravel())
            case spaces.MultiBinary():
                self._shape = (2,) * int(np.prod(space.shape or (1,)))
            case _:
                raise SpaceError(f"action: found {type(space).__name__}, expected Box, Discrete or MultiDiscrete")
        self.size = int(np.prod(self._shape, dtype=np.float64))
        if not isinstance(space, spaces.Discrete) and self.size > MOST_CHOICES:
            raise SpaceError(f"action: found {self.size} combinations of {space}, expected at most {MOST_CHOICES}")

    def to_environment(self, number: int) -> object:
        """Return action ``number`` as the environment takes it."""
        if isinstance(self._space, spaces.Discrete):
            return int(self._space.start) + number
        parts = np.array(np.unravel_index(number, self._shape))
        if isinstance(self._space, spaces.MultiDiscrete):
            parts = parts + self._space.start.ravel()
        return parts.reshape(self._space.shape or (-1,)).astype(self._space.dtype)

    def from_environment(self, action: object) -> Float32Array:
        """Return an action of the environment as a one-hot row, float32[n]."""
        values = np.asarray(action).ravel()
        if isinstance(self._space, (spaces.Discrete, spaces.MultiDiscrete)):
            values = values - np.ravel(self._space.start)
        row = np.zeros(self.size, np.float32)
        try:
            row[np.ravel_multi_index(tuple(int(each) for each in values), self._shape)] = 1.0
        except ValueError as error:
            raise SpaceError(f"found the action {action!r}, expected one of {self._space}") from error
        return row


Actions = ContinuousActions | NumberedActions


def read_actions(space: Space) -> Actions:
    """Return the actions of an environment; raises ``SpaceError`` where a scene cannot have them."""
    return ContinuousActions(space) if isinstance(space, spaces.Box) else NumberedActions(space)


# ── observations ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One leaf of the observation."""

    labels: tuple[str, ...]
    low: Float64Array
    high: Float64Array
    take: Callable[[object], object]
    """Observation → value of this leaf, of ``space``."""
    space: Space

    def row(self, observation: object) -> Float32Array:
        """Return float32[n] of this leaf; raises ``ValueError`` or ``TypeError`` where its value does not fit."""
        taken = self.take(observation)
        # An array would keep what lies under the mask, and a policy would learn from values that do not exist.
        if np.ma.is_masked(taken):
            raise ValueError("masked entries")
        value = np.asarray(taken)
        if value.dtype.kind == "c":
            raise ValueError("complex numbers")
        match self.space:
            case spaces.Discrete(n=n, start=start):
                return _one_hot(int(n), int(value) - int(start))
            case spaces.MultiDiscrete(nvec=nvec):
                numbers = value.ravel() - self.space.start.ravel()
                columns = zip(nvec.ravel(), numbers, strict=True)
                return np.concatenate([_one_hot(int(n), int(number)) for n, number in columns])
        row = value.astype(np.float32).ravel()
        # The length can change from step to step, and a policy cannot follow.
        if len(row) != len(self.labels):
            raise ValueError(f"{len(row)} values in place of the {len(self.labels)} from {self.labels[0]!r} on")
        return row


class FlatObservations:
    """Observations of ``space`` as rows of numbers, with a name for every entry.

    Dictionaries and tuples are flattened with their keys as names. A category becomes one entry for each of its values,
    because its numbers have no order. Pictures and texts are left out (``left_out``).

    Raises ``SpaceError`` where nothing is left, or there are too many entries.
    """

    def __init__(self, space: Space) -> None:
        self.left_out: list[str] = []
        self._parts = tuple(self._flatten(space, "", lambda observation: observation))
        self.labels = tuple(label for part in self._parts for label in part.labels)
        if not self.labels:
            what = "; ".join(self.left_out) or str(space)
            raise SpaceError(f"observation: found only {what}, expected numbers that a policy can use")
        self.low = np.concatenate([part.low for part in self._parts]).astype(np.float32)
        self.high = np.concatenate([part.high for part in self._parts]).astype(np.float32)

    def row(self, observation: object) -> Float32Array:
        """Return ``observation`` as float32[n]."""
        return np.concatenate([part.row(observation) for part in self._parts])

    def _flatten(self, space: Space, name: str, take: Callable[[object], object]) -> Iterator[_Part]:
        match space:
            case spaces.Dict() | spaces.Tuple():
                inside = space.spaces.items() if isinstance(space, spaces.Dict) else enumerate(space.spaces)
                for key, each in inside:
                    yield from self._flatten(each, f"{name} {key}".strip(), _taking(take, key))
            case spaces.Box() if _is_picture(space):
                self.left_out.append(f"{name or 'the picture'} {' × '.join(map(str, space.shape))}")
            case spaces.Box() | spaces.MultiBinary():
                size = int(np.prod(space.shape or (1,)))
                bounds = np.full(size, 0.0), np.full(size, 1.0)
                low, high = (space.low, space.high) if isinstance(space, spaces.Box) else bounds
                yield _Part(_numbered(name, size), _row64(low), _row64(high), take, space)
            case spaces.Discrete() | spaces.MultiDiscrete():
                labels = _category_labels(space, name)
                yield _Part(labels, np.zeros(len(labels)), np.ones(len(labels)), take, space)
            case _:
                self.left_out.append(f"{name or 'the observation'} ({type(space).__name__})")


def _taking(take: Callable[[object], object], key: object) -> Callable[[object], object]:
    """Return what takes entry ``key`` of the dictionary or tuple that ``take`` takes."""

    def inner(observation: object) -> object:
        group = take(observation)
        return group[key]  # type: ignore[index]

    return inner


def _is_picture(space: spaces.Box) -> bool:
    """Say whether a Box is a picture: bytes in two or three dimensions, too large to be a map."""
    shape = space.shape
    if space.dtype != np.uint8 or len(shape) not in (2, 3):
        return False
    sides = sorted(shape)[-2:]
    return bool(min(sides) >= _PICTURE_SIDE)


def _numbered(name: str, size: int) -> tuple[str, ...]:
    if size == 1:
        return (name or "observation",)
    return tuple(f"{name or 'observation'} {index}" for index in range(size))


def _category_labels(space: spaces.Discrete | spaces.MultiDiscrete, name: str) -> tuple[str, ...]:
    if isinstance(space, spaces.Discrete):
        groups = [(name or "state", int(space.n), int(space.start))]
    else:
        names = _numbered(name or "state", space.nvec.size)
        columns = zip(names, space.nvec.ravel(), space.start.ravel(), strict=True)
        groups = [(each, int(n), int(start)) for each, n, start in columns]
    if sum(n for _, n, _ in groups) > _MOST_CATEGORIES:
        raise SpaceError(f"observation: found {space}, expected at most {_MOST_CATEGORIES} values of categories")
    return tuple(f"{label} = {start + value}" for label, n, start in groups for value in range(n))


def _one_hot(n: int, number: int) -> Float32Array:
    row = np.zeros(n, np.float32)
    if 0 <= number < n:
        row[number] = 1.0
    return row


def _row64(values: object) -> Float64Array:
    return np.asarray(values, np.float64).ravel()
