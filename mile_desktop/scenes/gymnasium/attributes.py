"""State of an environment that is plain Python: the numbers, arrays and random generators among its attributes."""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from mile_desktop.arrays import Float32Array

_CONSTANT = frozenset({"render_mode", "spec", "metadata", "_np_random_seed"})
"""Attributes that belong to one copy of an environment and not to its state."""
_MOST_DRAWN = 64
"""Larger arrays are not part of the state that is drawn: it is recorded with every step."""
_MOST_KEPT = 500
"""Larger lists and dictionaries are tables, such as the transitions of Taxi. Copying them took 39 ms, and they do not
change; where one does, ``inner.probe`` finds that a saved state does not continue exactly."""
_DEEPEST = 3

Kept = list[dict[str, object]]


class Attributes:
    """Plain attributes of an environment, of its wrappers, and of the objects of its own package that it owns."""

    def __init__(self, env: object) -> None:
        # The objects themselves, in a fixed order: captures and numbers refer to them by their place.
        self._owners = tuple(_owners(env))

    def capture(self) -> Kept:
        """Return a copy of every plain attribute."""
        return [_plain(owner) for owner in self._owners]

    def restore(self, kept: Kept) -> None:
        """Set every attribute to its copy; a generator object stays, because others may share it."""
        for owner, values in zip(self._owners, kept, strict=True):
            present = vars(owner)
            for name, value in values.items():
                _restore(present, name, value)

    def numbers(self) -> Float32Array:
        """Return float32[k]: every number that may be drawn; what is None, or has another size now, is NaN."""
        entries = [_numbers(value, entry) for entry, value in zip(self._layout, self._values(), strict=True)]
        return np.concatenate(entries, dtype=np.float32) if entries else np.zeros(0, np.float32)

    def set_numbers(self, values: Float32Array) -> None:
        """Set the attributes that ``numbers`` of another copy returned; raises ``ValueError`` where they do not fit."""
        sizes = [entry.size for entry in self._layout]
        if len(values) != sum(sizes):
            raise ValueError(f"found {len(values)} numbers, expected {sum(sizes)}")
        starts = np.cumsum([0, *sizes])
        for entry, start in zip(self._layout, starts, strict=False):
            entry.put(vars(self._owners[entry.owner]), values[start : start + entry.size])

    def lay_out(self) -> None:
        """Decide which attributes ``numbers`` returns; called right after a reset, when all of them exist."""
        found = []
        for index, owner in enumerate(self._owners):
            # Sorted, because worker and viewer each make a layout of their own and exchange nothing but the numbers.
            for name, value in sorted(_plain(owner).items()):
                size = 1 if value is None or _is_number(value) else _row_size(value)
                if 0 < size <= _MOST_DRAWN:
                    found.append(_Entry(index, name, size, value))
        self._layout = tuple(found)

    def undrawn(self, first: Kept, second: Kept) -> list[str]:
        """Return the attributes that differ between two captures and are not among ``numbers``."""
        drawn = {(entry.owner, entry.name) for entry in self._layout}
        return [
            name
            for index, (one, other) in enumerate(zip(first, second, strict=True))
            for name, value in one.items()
            if (index, name) not in drawn
            # A generator differs in every episode and is never seen in a picture.
            and not isinstance(value, _GeneratorState)
            and not _equal(value, other.get(name))
        ]

    def _values(self) -> Iterator[object]:
        for entry in self._layout:
            yield vars(self._owners[entry.owner]).get(entry.name)


@dataclass(frozen=True, slots=True)
class _GeneratorState:
    """State of a ``numpy.random.Generator``."""

    state: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One attribute among the numbers."""

    owner: int
    name: str
    size: int
    example: object
    """Its value when the layout was made: its type and shape."""

    def put(self, attributes: dict[str, object], values: Float32Array) -> None:
        """Set the attribute to ``values`` (float32[size]), in the type that it has."""
        example, row = self.example, values.astype(np.float64)
        if example is None:
            attributes[self.name] = None if np.isnan(row[0]) else float(row[0])
        elif np.isnan(row).any():
            return  # it had another size there; the value here is the best there is
        elif isinstance(example, np.ndarray):
            attributes[self.name] = row.reshape(example.shape).astype(example.dtype)
        elif isinstance(example, (list, tuple)):
            numbers = [type(each)(value) for each, value in zip(example, row.tolist(), strict=True)]
            attributes[self.name] = tuple(numbers) if isinstance(example, tuple) else numbers
        elif isinstance(example, (bool, int, float, np.generic)):
            attributes[self.name] = type(example)(row[0])


def _restore(attributes: dict[str, object], name: str, value: object) -> None:
    now = attributes.get(name)
    if isinstance(value, _GeneratorState):
        if isinstance(now, np.random.Generator):
            now.bit_generator.state = deepcopy(value.state)
    elif isinstance(now, np.ndarray) and not now.flags.owndata and _same_kind(now, value):
        # It shows other memory, such as Meta-World's ``init_left_pad`` a position in MuJoCo's data, and has to stay so.
        now[...] = value
    else:
        attributes[name] = deepcopy(value)


def _same_kind(one: npt.NDArray[Any], other: object) -> bool:
    return (
        isinstance(other, np.ndarray) and one.shape == other.shape and one.dtype == other.dtype and one.flags.writeable
    )


def _owners(env: object) -> Iterator[object]:
    """Yield the wrappers, the environment, and what it owns of its own package."""
    # Wrappers keep state, too: a time limit counts steps, for example.
    while hasattr(env, "env"):
        yield env
        env = env.env
    seen: set[int] = set()
    package = type(env).__module__.partition(".")[0]

    def walk(owner: object, depth: int) -> Iterator[object]:
        if id(owner) in seen or depth > _DEEPEST:
            return
        seen.add(id(owner))
        yield owner
        for _, value in sorted(vars(owner).items()):
            of_package = type(value).__module__.partition(".")[0] == package
            if of_package and hasattr(value, "__dict__") and not isinstance(value, type):
                yield from walk(value, depth + 1)

    # spaces, specifications and renderers of gymnasium itself belong to no episode
    if package == "gymnasium":
        yield env
    else:
        yield from walk(env, 0)


def _plain(owner: object) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in vars(owner).items():
        if name in _CONSTANT:
            continue
        if isinstance(value, np.random.Generator):
            found[name] = _GeneratorState(deepcopy(value.bit_generator.state))
        elif _is_plain(value):
            found[name] = deepcopy(value)
    return found


def _is_plain(value: object) -> bool:
    return 0 < _leaves(value, _MOST_KEPT) <= _MOST_KEPT


def _leaves(value: object, most: int) -> int:
    """Return how many plain values there are in ``value``, at least 1; 0 if one is not plain, ``most`` + 1 if more."""
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, np.generic)):
        return 1
    if isinstance(value, np.ndarray):
        return int(value.dtype != object)
    inside: list[object] = []
    if type(value) in (list, tuple, set, frozenset):
        inside = list(cast("Iterable[object]", value))
    elif type(value) is dict:
        inside = [*value.keys(), *value.values()]
    else:
        return 0
    total = 1
    for each in inside:
        count = _leaves(each, most - total)
        if count == 0:
            return 0
        total += count
        if total > most:
            return most + 1
    return total


def _is_number(value: object) -> bool:
    return isinstance(value, (bool, int, float, np.number, np.bool_)) and not isinstance(value, np.complexfloating)


def _row_size(value: object) -> int:
    """Return how many numbers an array, or a flat list or tuple, has; 0 for anything else."""
    if isinstance(value, np.ndarray):
        return value.size if value.dtype.kind in "biuf" else 0
    if isinstance(value, (list, tuple)) and all(_is_number(each) for each in value):
        return len(value)
    return 0


def _numbers(value: object, entry: _Entry) -> Float32Array:
    size = 1 if _is_number(value) else _row_size(value)
    if value is None or size != entry.size:
        return np.full(entry.size, np.nan, np.float32)
    return np.asarray(value, np.float32).ravel()


def _equal(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return bool(np.array_equal(np.asarray(one), np.asarray(other)))
    return one == other
