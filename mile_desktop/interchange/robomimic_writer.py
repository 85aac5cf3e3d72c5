"""Writes recorded episodes as one HDF5 file of robomimic, with the takeovers as Sirius has them."""

import json
from pathlib import Path

import h5py
import msgspec
import numpy as np

from mile_desktop.interchange import robomimic_format as robomimic
from mile_desktop.interchange.dataset_export import DatasetExport, WrittenDataset
from mile_desktop.interchange.export_file import export_file
from mile_desktop.interchange.features import ACTION, FEATURES, STATE, names_of, sizes_of, values_of
from mile_desktop.interchange.recorded_episodes import operator_kind
from mile_desktop.interchange.scene_entries import SceneEntries
from mile_desktop.storage.records import Episode

_ONE_IN = 10
"""One episode of so many is for validation."""
_NAMED = {feature.name: feature for feature in FEATURES}


def write_robomimic(export: DatasetExport) -> WrittenDataset:
    """Write the episodes with their edits to one HDF5 file.

    The loader fills keys that are missing with zeros without a word, so every key is written. ``next_obs`` repeats the
    last observation, because the one after the last step is not recorded.

    A ``dataset_export.DatasetWriter``, which says what it raises.
    """
    steps = 0
    with (
        export_file(export.target, force=export.force, is_export=_is_export) as part,
        h5py.File(part, "w") as file,
    ):
        data = file.create_group("data")
        for number, episode in enumerate(export.episodes()):
            if not number:
                _describe(data, episode, export.entries)
            _write(data.create_group(f"demo_{number}"), episode)
            steps += len(episode)
        # Known only now: episodes are read one at a time.
        data.attrs["total"] = steps
        _write_masks(file, len(export.records))
    return WrittenDataset(export.target, len(export.records), steps)


def _describe(data: h5py.Group, first: Episode, entries: SceneEntries) -> None:
    data.attrs["env_args"] = json.dumps(
        {"env_name": entries.env_id, "env_type": robomimic.GYM_ENVIRONMENT, "env_kwargs": {}}
    )
    names = {name: names_of(_NAMED[name], sizes_of(first), entries) for name in (STATE, ACTION)}
    explained = {
        "scene": entries.scene,
        "task": entries.task,
        robomimic.RATE: first.record.start.rate_hz,
        robomimic.NAMES: names,
        "columns": {name: feature.meaning for name, feature in robomimic.EXTRA.items()},
    }
    data.attrs["mile_desktop"] = json.dumps(explained)


def _write(group: h5py.Group, episode: Episode) -> None:
    record = episode.record
    group.attrs["num_samples"] = len(episode)
    group.attrs[robomimic.OUTCOME] = record.outcome
    group.attrs["episode_id"] = record.episode_id
    group.attrs["operator_name"] = record.start.operator_name
    group.attrs[robomimic.TAGS] = "; ".join(record.tags)
    group.attrs[robomimic.START] = msgspec.json.encode(record.start).decode()
    demonstration = operator_kind(record.start.operator) == "demonstration"
    driven = np.where(episode.intervention, robomimic.PERSON, robomimic.ROBOT)
    modes = np.full(len(episode), robomimic.DEMONSTRATION) if demonstration else driven
    following = np.concatenate([episode.observation[1:], episode.observation[-1:]])
    plain = {
        # Rounding can leave [−1, 1] by a bit, and robomimic expects actions inside.
        "actions": np.clip(episode.action, -1.0, 1.0),
        "rewards": episode.reward,
        "dones": (np.arange(len(episode)) == len(episode) - 1).astype(np.int64),
        "states": episode.scene_state,
        f"obs/{robomimic.STATE_KEY}": episode.observation,
        f"next_obs/{robomimic.STATE_KEY}": following,
        "action_modes": modes.astype(np.int64),
        "intv_labels": modes.astype(np.int64),
        "intervention": episode.intervention.astype(np.int64),
    }
    for name, values in plain.items():
        group.create_dataset(name, data=values)
    for name, feature in robomimic.EXTRA.items():
        given = values_of(feature, episode)
        if isinstance(given, tuple):
            group.create_dataset(name, data=list(given), dtype=h5py.string_dtype())
        else:
            group.create_dataset(name, data=given)


def _write_masks(file: h5py.File, episodes: int) -> None:
    """Write disjoint masks; the last one of ten episodes is for validation."""
    valid = [number for number in range(episodes) if number % _ONE_IN == _ONE_IN - 1]
    train = [number for number in range(episodes) if number not in set(valid)]
    for name, numbers in (("train", train), ("valid", valid)):
        # Fewer than ten episodes leave none for validation, and an empty mask would select nothing at all.
        if numbers:
            file.create_dataset(f"mask/{name}", data=np.array([f"demo_{number}".encode() for number in numbers]))


def _is_export(path: Path) -> bool:
    try:
        with h5py.File(path, "r") as file:
            # The attribute of ``_describe``: files of robomimic itself do not have it and are never replaced.
            return "mile_desktop" in file["data"].attrs
    except (OSError, KeyError, AttributeError):
        return False
