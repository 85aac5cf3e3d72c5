"""Writes recorded episodes as one table, in CSV or Parquet: a row for each step."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mile_desktop.interchange.dataset_export import DatasetExport, WrittenDataset
from mile_desktop.interchange.export_file import export_file
from mile_desktop.interchange.features import FEATURES, Feature, names_of, sizes_of, values_of
from mile_desktop.interchange.pieces import column_of
from mile_desktop.interchange.scene_entries import SceneEntries
from mile_desktop.storage.records import Episode, EpisodeRecord

_FIRST = ("episode_id", "outcome", "policy_id", "frame_index", "timestamp")
_ORIGIN = (*_FIRST, "operator_name", "tags")
"""Columns before those of the step; ``timestamp`` is frame_index / rate."""
_KEY = b"mile_desktop.columns"
# Without the newer columns: a file that an earlier build exported may be replaced, too.
_HEAD = ",".join(_FIRST).encode()


def write_csv(export: DatasetExport) -> WrittenDataset:
    """Write one CSV file: a column for each entry of a vector, UTF-8, NaN as an empty field.

    A ``dataset_export.DatasetWriter``, which says what it raises.
    """
    steps = 0
    with (
        export_file(export.target, force=export.force, is_export=_is_csv) as part,
        part.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        for episode in export.episodes():
            # The heads need the sizes, which are known with the first episode.
            if not steps:
                writer.writerow([*_ORIGIN, *_heads(episode, export.entries)])
            writer.writerows(_rows(episode))
            steps += len(episode)
    return WrittenDataset(export.target, len(export.records), steps)


def write_parquet(export: DatasetExport) -> WrittenDataset:
    """Write one Parquet file, a row group for each episode; its metadata says what every column means.

    A ``dataset_export.DatasetWriter``, which says what it raises.
    """
    steps = 0
    writer: pq.ParquetWriter | None = None
    with export_file(export.target, force=export.force, is_export=_is_parquet) as part:
        try:
            for episode in export.episodes():
                table = _table(episode, export.entries)
                writer = writer or pq.ParquetWriter(part, table.schema, compression="snappy")
                writer.write_table(table, row_group_size=len(table))
                steps += len(episode)
        finally:
            # Also after an error: the file cannot be removed on every system while it is open.
            if writer is not None:
                writer.close()
    return WrittenDataset(export.target, len(export.records), steps)


def _heads(episode: Episode, entries: SceneEntries) -> Iterator[str]:
    sizes = sizes_of(episode)
    for feature in FEATURES:
        names = names_of(feature, sizes, entries)
        yield from (f"{feature.name}: {name}" for name in names) if names else (feature.name,)


def _rows(episode: Episode) -> Iterator[list[object]]:
    # Column by column, as the episode holds them; ``zip`` below turns them into rows without a second copy.
    columns: list[Sequence[object]] = []
    for feature in FEATURES:
        values = values_of(feature, episode)
        if isinstance(values, tuple):
            columns.append(values)
            continue
        table = values.reshape(len(values), -1)
        columns += [_texts(table[:, entry]) for entry in range(table.shape[1])]
    record, rate_hz = episode.record, episode.record.start.rate_hz
    origin = (record.episode_id, record.outcome, record.start.policy_id)
    labels = (record.start.operator_name, _tags(record))
    for frame, values in enumerate(zip(*columns, strict=True)):
        yield [*origin, frame, f"{frame / rate_hz:.6f}", *labels, *values]


def _tags(record: EpisodeRecord) -> str:
    """Return the tags as one text; a tag has no semicolon, see ``edits.tags_of``."""
    return "; ".join(record.tags)


def _texts(values: NDArray[np.generic]) -> list[object]:
    if values.dtype == np.bool_:
        return [int(each) for each in values]
    if np.issubdtype(values.dtype, np.floating):
        # numpy's shortest text that gives the same float32 again
        return [str(each) if np.isfinite(each) else "" for each in values]
    return list(values.tolist())


def _table(episode: Episode, entries: SceneEntries) -> pa.Table:
    length, record = len(episode), episode.record
    frame = np.arange(length)
    columns: dict[str, object] = {
        "episode_id": pa.array([record.episode_id] * length).dictionary_encode(),
        "outcome": pa.array([record.outcome] * length).dictionary_encode(),
        "policy_id": pa.array([record.start.policy_id] * length).dictionary_encode(),
        "frame_index": pa.array(frame),
        "timestamp": pa.array(frame / record.start.rate_hz),
        "operator_name": pa.array([record.start.operator_name] * length).dictionary_encode(),
        "tags": pa.array([_tags(record)] * length).dictionary_encode(),
    }
    columns |= {feature.name: column_of(feature, values_of(feature, episode)) for feature in FEATURES}
    return pa.table(columns).replace_schema_metadata({_KEY: _explanation(episode, entries)})


def _explanation(episode: Episode, entries: SceneEntries) -> bytes:
    sizes = sizes_of(episode)

    def explained(feature: Feature) -> dict[str, object]:
        return {"meaning": feature.meaning, "entries": names_of(feature, sizes, entries)}

    return msgspec.json.encode(
        {
            "scene": entries.scene,
            "env_id": entries.env_id,
            "task": entries.task,
            "rate_hz": episode.record.start.rate_hz,
            "columns": {feature.name: explained(feature) for feature in FEATURES},
        }
    )


def _is_csv(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_HEAD)) == _HEAD


def _is_parquet(path: Path) -> bool:
    try:
        return _KEY in (pq.read_schema(path).metadata or {})
    except (pa.ArrowException, OSError):
        return False
