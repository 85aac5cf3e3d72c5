"""Reads robomimic's HDF5 files, those of Sirius, and what this program exported.

HDF5 can name other files (external links, external storage, virtual data sets): such entries are refused.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np

from mile_desktop.interchange import robomimic_format as robomimic
from mile_desktop.interchange.errors import InterchangeError
from mile_desktop.interchange.features import ACTION, INTERVENTION, REWARD, SCENE_STATE, STATE, Values
from mile_desktop.interchange.foreign_dataset import ForeignDataset, ForeignEpisode
from mile_desktop.storage.edits import tags_of
from mile_desktop.storage.records import EpisodeStart, Outcome

_SUFFIXES = {".hdf5", ".h5"}
_MOST_BYTES = 4 * 2**30
"""A larger array is refused before it is unpacked."""
_MOST_NOTED = 3


def is_robomimic(source: Path) -> bool:
    """Return whether ``source`` looks like an HDF5 file."""
    return source.is_file() and (source.suffix.lower() in _SUFFIXES or h5py.is_hdf5(source))


def read_robomimic(source: Path) -> ForeignDataset:
    """Open the file ``source``; the demonstrations are read later, one by one.

    Raises
    ------
    InterchangeError
        It is damaged or not a file of robomimic, or has no demonstration with actions and observations.
    """
    with _opened(source) as file:
        data = _group(file, "data")
        numbers = sorted(number for name in data if (number := robomimic.number_of(name)) is not None)
        if not numbers:
            raise InterchangeError(f"{source} has no demonstration called demo_0, demo_1 …; check where it comes from.")
        ours = _attribute(data, "mile_desktop")
        names = ours.get(robomimic.NAMES, {}) if isinstance(ours, dict) else {}
        first = _group(data, f"demo_{numbers[0]}")
        state_names = tuple(names.get(STATE, ())) or _key_names(first)
        rate = ours.get(robomimic.RATE) if isinstance(ours, dict) else None
        notes = [*_other_names(data), *_mask_notes(file), *_picture_notes(first)]
    return ForeignDataset(
        source=source,
        format="robomimic",
        episodes=len(numbers),
        rate_hz=float(rate) if rate else None,
        state_names=state_names,
        action_names=tuple(names.get(ACTION, ())),
        notes=tuple(notes),
        # Opened again for every pass: an open file would block the person from moving it while they decide.
        read=lambda: _read(source, numbers),
    )


def _read(source: Path, numbers: list[int]) -> Iterator[ForeignEpisode]:
    with _opened(source) as file:
        data = _group(file, "data")
        # by number: in the order of their names demo_10 would come before demo_2
        for number in numbers:
            yield _episode(source, f"demo_{number}", _group(data, f"demo_{number}"))


def _episode(source: Path, name: str, group: h5py.Group) -> ForeignEpisode:
    if "actions" not in group:
        raise InterchangeError(f"{source}: {name} has no actions; correct the file.")
    columns: dict[str, Values] = {ACTION: _array(group, "actions"), STATE: _observation(source, name, group)}
    length = group.attrs.get("num_samples")
    # A file that was cut short and repaired keeps its attributes, so the two numbers find it.
    if length is not None and int(length) != len(columns[ACTION]):
        raise InterchangeError(f"{source}: {name} says {length} steps and has {len(columns[ACTION])}; copy it again.")
    if "rewards" in group:
        columns[REWARD] = _array(group, "rewards")
    start = _attribute(group, robomimic.START)
    if start is not None and "states" in group:  # of other programs they belong to another simulator
        columns[SCENE_STATE] = _array(group, "states")
    modes = next((key for key in ("action_modes", "intv_labels", "intervention") if key in group), None)
    if modes is not None:
        labels = np.asarray(_array(group, modes))
        # Demonstrations of Sirius say nothing about a policy; without this column they are imported as demonstrations.
        if start is not None or not np.all(labels == robomimic.DEMONSTRATION):
            columns[INTERVENTION] = labels == robomimic.PERSON
    for key, feature in robomimic.EXTRA.items():
        if key in group and feature.kind == "string":
            columns[feature.name] = tuple(each.decode("utf-8") for each in _array(group, key).tolist())
        elif key in group:
            columns[feature.name] = _array(group, key).astype(feature.kind)
    origin = None if start is None else msgspec.convert(start, EpisodeStart)
    tags = group.attrs.get(robomimic.TAGS)
    return ForeignEpisode(name, columns, _outcome(group), origin, tags_of(tags) if isinstance(tags, str) else ())


def _observation(source: Path, name: str, group: h5py.Group) -> Values:
    """Return the vectors under ``obs`` side by side, in the order of their names; pictures are left out."""
    if "obs" not in group:
        raise InterchangeError(f"{source}: {name} has no obs; write the observations with robomimic's scripts first.")
    obs = _group(group, "obs")
    keys = _vector_keys(obs)
    if not keys:
        raise InterchangeError(f"{source}: {name} has pictures only; a scene needs a vector of numbers.")
    arrays = [np.asarray(_array(obs, key), np.float32) for key in keys]
    return np.concatenate([each.reshape(len(each), -1) for each in arrays], axis=1)


def _vector_keys(obs: h5py.Group) -> list[str]:
    # The kind of link first: to ask for the entry itself would follow a link into another file.
    return sorted(key for key in obs if isinstance(obs.get(key, getlink=True), h5py.HardLink)
                  and isinstance(obs[key], h5py.Dataset) and obs[key].ndim <= 2)  # fmt: skip


def _key_names(first: h5py.Group) -> tuple[str, ...]:
    if "obs" not in first:
        return ()
    obs = _group(first, "obs")
    sizes = {key: int(np.prod(obs[key].shape[1:])) for key in _vector_keys(obs)}
    return tuple(f"{key}_{entry}" for key, size in sizes.items() for entry in range(size))


def _outcome(group: h5py.Group) -> Outcome:
    try:
        found: Outcome = msgspec.convert(group.attrs.get(robomimic.OUTCOME), Outcome)
    except msgspec.ValidationError:
        return "unknown"  # a last reward does not say it: many tasks reward more than success
    return found


def _other_names(data: h5py.Group) -> Iterator[str]:
    others = sorted(name for name in data if robomimic.number_of(name) is None)
    if others:
        yield f"{len(others)} entries that are not called demo_<number> are not taken, first {others[0]}."


def _mask_notes(file: h5py.File) -> Iterator[str]:
    if "mask" not in file:
        return
    masks = _group(file, "mask")
    members = {name: set(_array(masks, name).tolist()) for name in masks}
    both = sorted(members.get("train", set()) & members.get("valid", set()))
    if both:
        shown = ", ".join(each.decode("utf-8", "replace") for each in both[:_MOST_NOTED])
        yield f"The masks train and valid share {len(both)} demonstrations ({shown}); masks are not used here."


def _picture_notes(first: h5py.Group) -> Iterator[str]:
    obs = _group(first, "obs") if "obs" in first else {}
    pictures = sorted(key for key in obs if key not in _vector_keys(obs))
    if pictures:
        yield f"The pictures ({', '.join(pictures)}) are not taken."


def _attribute(group: h5py.Group, name: str) -> dict[str, Any] | None:
    text = group.attrs.get(name)
    found = json.loads(text) if isinstance(text, str) else None
    return found if isinstance(found, dict) else None


def _group(parent: h5py.Group, name: str) -> h5py.Group:
    _expect_here(parent, name)
    found = parent[name]
    if not isinstance(found, h5py.Group):
        raise InterchangeError(f"{parent.file.filename} has no group {name}; it is not a file of robomimic.")
    return found


def _array(parent: h5py.Group, name: str) -> Any:  # noqa: ANN401 - an array of any type
    """Read a whole data set of this file, if it is not larger than the limit."""
    _expect_here(parent, name)
    found = parent[name]
    if not isinstance(found, h5py.Dataset):
        raise InterchangeError(f"{parent.file.filename} has no array {name}; it is not a file of robomimic.")
    if found.is_virtual or found.external:
        raise InterchangeError(f"{parent.file.filename}: {name} lies in another file, which is not opened.")
    # As stated, before it is unpacked: a few kilobytes of compressed zeros can state any size.
    if found.size and found.size * found.dtype.itemsize > _MOST_BYTES:
        raise InterchangeError(
            f"{parent.file.filename}: {name} would unpack to {found.size * found.dtype.itemsize // 2**20} MiB, so it "
            "is not opened."
        )
    return found[()]


def _expect_here(parent: h5py.Group, name: str) -> None:
    link = parent.get(name, getlink=True)
    if link is None:
        raise InterchangeError(f"{parent.file.filename} has no {name}; it is not a file of robomimic.")
    if not isinstance(link, h5py.HardLink):
        raise InterchangeError(f"{parent.file.filename}: {name} is a link, which is not followed.")


@contextmanager
def _opened(source: Path) -> Iterator[h5py.File]:
    """Open the file; raise ``InterchangeError`` for everything that makes it unreadable."""
    try:
        with h5py.File(source, "r") as file:
            yield file
    except InterchangeError:
        raise
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, MemoryError,
            msgspec.MsgspecError) as error:  # fmt: skip
        raise InterchangeError(f"{source} is damaged or not a file of robomimic ({error}); copy it again.") from error
