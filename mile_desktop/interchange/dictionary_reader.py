"""Reads the dictionary data sets of the MILE research code (``collect_synthetic_interventions.py``).

One dictionary with an entry for each step of all episodes, one after the other: ``state``, ``rollout_action`` (what the
policy proposed), ``action`` (what was executed), ``intervention``, ``reward``, ``next_state``, ``done``; discrete ones
have ``human_action`` and ``human_action_prob`` instead of ``action``. It is a pickle there, which is read without
unpickling it; the same dictionary as ``.npz`` or JSON is read, too.
"""

import math
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from mile_desktop.interchange.errors import InterchangeError
from mile_desktop.interchange.features import (
    ACTION,
    HUMAN_ACTION,
    INTERVENTION,
    POLICY_ACTION,
    REWARD,
    STATE,
    Values,
)
from mile_desktop.interchange.foreign_dataset import ForeignDataset, ForeignEpisode
from mile_desktop.interchange.plain_pickle import PlainPickleError, finished, read_plain_pickle

_PICKLES, _ARCHIVES, _TEXTS = {".pkl", ".pickle"}, {".npz"}, {".json"}
_MOST_BYTES = 4 * 2**30
"""A larger file, or a dictionary that would unpack to more, is refused."""
_MOST_ARRAYS = 1000
"""An archive with more is refused: a million empty arrays take minutes to look at, and a data set has ten."""
_MOST_ONE_STEP = 0.5
"""Share of one-step episodes from which the steps cannot be in the order in which they were taken."""

Columns = Mapping[str, NDArray[np.generic]]


def is_dictionary(source: Path) -> bool:
    """Return whether ``source`` looks like a dictionary data set."""
    return source.is_file() and source.suffix.lower() in _PICKLES | _ARCHIVES | _TEXTS


def read_dictionary(source: Path) -> ForeignDataset:
    """Read the whole file ``source``.

    Raises
    ------
    InterchangeError
        It is damaged, holds something else than arrays and plain containers, or is no such dictionary.
    """
    columns = _columns(source, _loaded(source))
    bounds = _bounds(source, columns)
    actions = _Actions(source, columns)
    return ForeignDataset(
        source=source,
        format="MILE research code",
        episodes=len(bounds),
        rate_hz=None,
        state_names=(),
        action_names=(),
        notes=tuple(_notes(actions)),
        read=lambda: _episodes(columns, actions, bounds),
    )


def _loaded(source: Path) -> Mapping[str, Any]:
    if source.stat().st_size > _MOST_BYTES:
        raise InterchangeError(f"{source} has more than {_MOST_BYTES // 2**30} GiB, so it is not opened.")
    suffix = source.suffix.lower()
    try:
        if suffix in _ARCHIVES:
            return _archive(source)
        content = source.read_bytes()
        found = msgspec.json.decode(content) if suffix in _TEXTS else read_plain_pickle(content)
    except PlainPickleError as error:
        raise InterchangeError(
            f"{source} is a pickle with {error}; opening one can run code, so only those with arrays, numbers and "
            "plain containers are read. Save it as .npz instead: numpy.savez(file, **dataset)."
        ) from error
    except (OSError, ValueError, LookupError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise InterchangeError(f"{source} is damaged or no data set ({error}); copy it again.") from error
    if not isinstance(found, dict):
        raise InterchangeError(f"{source} holds a {type(found).__name__}; expected a dictionary with the key state.")
    return {str(name): values for name, values in found.items()}


def _archive(source: Path) -> Mapping[str, Any]:
    with zipfile.ZipFile(source) as archive:
        count = len(archive.infolist())
        if count > _MOST_ARRAYS:
            raise InterchangeError(
                f"{source} holds {count} arrays; a data set has about ten. Check where it comes from."
            )
        size = sum(each.file_size for each in archive.infolist())
        if size > _MOST_BYTES:
            raise InterchangeError(f"{source} would unpack to {size // 2**20} MiB, so it is not opened.")
        # numpy takes the memory that a header asks for before it reads, so the headers are looked at first.
        for each in archive.infolist():
            with archive.open(each) as file:
                _expect_header(file, each)
    with np.load(source, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _expect_header(file: Any, entry: zipfile.ZipInfo) -> None:  # noqa: ANN401 - a file in an archive
    """Raise ``ValueError`` where an array says that it is larger than it is: its memory would be taken first."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read(file)
    if math.prod(shape) * kind.itemsize > entry.file_size:
        raise ValueError(f"{entry.filename} says that it has the shape {shape}, and is smaller")


def _columns(source: Path, found: Mapping[str, Any]) -> Columns:
    # Only discrete sets lack ``action``: their executed action follows from the other columns.
    discrete = "human_action" in found and "action" not in found
    needed = ["state", "rollout_action", "intervention", "human_action" if discrete else "action"]
    needed += ["human_action_prob"] if discrete else []
    missing = [name for name in needed if name not in found]
    if missing:
        raise InterchangeError(
            f"{source} has no {', '.join(missing)}; a data set of the MILE research code has {', '.join(needed)}."
        )
    used = [*needed, *(name for name in ("reward", "done", "next_state") if name in found)]
    columns = {name: _stacked(source, name, found[name]) for name in used}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1 or not lengths["state"]:
        raise InterchangeError(f"{source} has columns of unequal length or without steps: {lengths}.")
    if "done" not in columns and "next_state" not in columns:
        raise InterchangeError(f"{source} has neither done nor next_state, so it does not say where an episode ends.")
    return columns


def _stacked(source: Path, name: str, values: Any) -> NDArray[np.generic]:  # noqa: ANN401 - of a foreign file
    """Return a column as one array [steps] or [steps, size]."""
    try:
        rows = [np.asarray(finished(each)) for each in values] if isinstance(values, list) else []
        # Lists can name one array many times, so that a small file would fill the memory.
        if sum(row.nbytes for row in rows) > _MOST_BYTES:
            raise InterchangeError(f"{source}: {name} would unpack to more than {_MOST_BYTES // 2**30} GiB.")
        column = np.stack(rows) if rows else np.asarray(finished(values))
    except (ValueError, TypeError) as error:
        raise InterchangeError(f"{source}: {name} is not one row of numbers for each step ({error}).") from error
    if column.dtype.kind not in "biuf" or column.ndim == 0:
        raise InterchangeError(f"{source}: {name} is not one row of numbers for each step.")
    return column.reshape(len(column), -1) if column.ndim > 1 else column


def _bounds(source: Path, columns: Columns) -> list[tuple[int, int]]:
    """Return first step and end of every episode.

    The research code ends a continuous episode at its success, too, without ``done``; then the next state of the last
    step is not the state of the step that follows.
    """
    length = len(columns["state"])
    ends = np.zeros(length, np.bool_)
    if "done" in columns:
        ends |= columns["done"].reshape(length, -1)[:, 0].astype(np.bool_)
    if "next_state" in columns:
        after, following = (columns[name].reshape(length, -1).astype(np.float64) for name in ("next_state", "state"))
        # Compared exactly, because both are copies of one array; NaN is equal to itself here, as it is in the copy.
        differs = (after[:-1] != following[1:]) & ~(np.isnan(after[:-1]) & np.isnan(following[1:]))
        ends[:-1] |= np.any(differs, axis=1)
    # The last episode may have been interrupted, so nothing marks its end.
    ends[-1] = True
    last = np.flatnonzero(ends) + 1
    first = np.concatenate([[0], last[:-1]])
    # A shuffled set would pass all other checks and give episodes that never happened.
    if length > 1 and np.mean(last - first == 1) > _MOST_ONE_STEP:
        raise InterchangeError(
            f"{source} has {len(last)} episodes in {length} steps; its steps are not in the order in which they were "
            "taken. Import the file as it was collected, before it was shuffled for a training."
        )
    return list(zip(first.tolist(), last.tolist(), strict=True))


class _Actions:
    """The actions of all steps as the program has them: in [−1, 1], one-hot where they are discrete.

    Meta-World limits actions to [−1, 1] itself, so limiting what exceeds them gives what was executed. The research
    code keeps the proposal of an SAC policy before its tanh, and drives with it.
    """

    def __init__(self, source: Path, columns: Columns) -> None:
        person = columns["intervention"].reshape(len(columns["state"]), -1)[:, 0].astype(np.bool_)
        self.intervention = person
        self.limited = 0
        if "human_action" in columns:
            # its last entry is the choice not to intervene
            count = columns["human_action_prob"].reshape(len(person), -1).shape[1] - 1
            self.proposed = _one_hot(source, "rollout_action", columns["rollout_action"], count)
            # "Do not intervene" is no action; the proposal was executed then.
            human = np.where(person, columns["human_action"].reshape(-1), columns["rollout_action"].reshape(-1))
            self.human = self.executed = _one_hot(source, "human_action", human, count)
        else:
            self.proposed = self._limited(columns["rollout_action"])
            self.human = self.executed = self._limited(columns["action"])

    def _limited(self, values: NDArray[np.generic]) -> NDArray[np.float32]:
        table = values.reshape(len(values), -1).astype(np.float32)
        self.limited += int(np.sum(np.any(np.abs(table) > 1.0, axis=1)))
        return np.clip(table, -1.0, 1.0)


def _one_hot(source: Path, name: str, numbers: NDArray[np.generic], count: int) -> NDArray[np.float32]:
    flat = numbers.reshape(-1).astype(np.int64)
    if count < 1 or flat.min() < 0 or flat.max() >= count:
        raise InterchangeError(f"{source}: {name} has {flat.max()}; expected one of {count} actions.")
    return np.eye(count, dtype=np.float32)[flat]


def _notes(actions: _Actions) -> Iterator[str]:
    yield "Whether an episode succeeded is not in the data set; the outcome of each is unknown."
    yield "Its intervention_prob is what a simulated supervisor computed and no person saw; it is not taken."
    if actions.limited:
        yield f"{actions.limited} actions outside [-1, 1] are limited, as Meta-World limits them."


def _episodes(columns: Columns, actions: _Actions, bounds: list[tuple[int, int]]) -> Iterator[ForeignEpisode]:
    state = columns["state"].reshape(len(columns["state"]), -1)
    for number, (first, end) in enumerate(bounds):
        part = slice(first, end)
        values: dict[str, Values] = {
            STATE: state[part],
            ACTION: actions.executed[part],
            POLICY_ACTION: actions.proposed[part],
            HUMAN_ACTION: actions.human[part],
            INTERVENTION: actions.intervention[part],
        }
        if "reward" in columns:
            values[REWARD] = columns["reward"].reshape(len(state), -1)[part, 0]
        yield ForeignEpisode(f"episode {number}", values, "unknown")
