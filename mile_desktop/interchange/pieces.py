"""The steps of one episode as they are exported: written once, and used again after an interruption."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mile_desktop.interchange.dataset_export import DatasetExport
from mile_desktop.interchange.export_folder import ExportFolder
from mile_desktop.interchange.features import FEATURES, Feature, Values, sizes_of, values_of
from mile_desktop.interchange.recorded_episodes import expect_same_sizes, fingerprint
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.records import Episode, EpisodeRecord

_KEY = b"mile_desktop.piece"
_ARROW = {
    "float32": pa.float32(), "float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_(), "string": pa.string(),
}  # fmt: skip


class _Inside(msgspec.Struct, frozen=True):
    record: EpisodeRecord
    sizes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A file with the columns of ``FEATURES`` and the episode's record, its edits applied."""

    path: Path
    record: EpisodeRecord
    sizes: dict[str, int]
    """As ``features.sizes_of``."""
    reused: bool
    """An interrupted export had written it."""

    def read(self) -> pa.Table:
        """Return the steps."""
        # The record in the metadata belongs to this episode alone, and several pieces become one file of a data set.
        return pq.read_table(self.path).replace_schema_metadata(None)


def write_pieces(export: DatasetExport, folder: ExportFolder, *, share: float) -> list[Piece]:
    """Write the pieces that are not there yet; ``share``: part of the whole progress that this takes.

    Raises
    ------
    InterchangeError
        The episodes have different sizes.
    InterchangeCancelledError, WorkspaceError
        The finished pieces stay.
    """
    pieces: list[Piece] = []
    for number, record in enumerate(export.records):
        export.begin_episode(number, share=share)
        # The content is a part of the name: a piece that was written before an edit is never used again.
        name = f"{record.episode_id}-{fingerprint(export.workspace, record.episode_id)}.parquet"
        reused = folder.piece(name).exists()
        if not reused:
            folder.keep_piece(name, encoded(read_episode(export.workspace, record.episode_id)))
        pieces.append(_opened(folder.piece(name), reused=reused))
    expect_same_sizes({piece.record.episode_id: piece.sizes for piece in pieces})
    return pieces


def column_of(feature: Feature, values: Values) -> pa.Array:
    """Return values of ``feature`` as an Arrow column: a list of fixed length, or a plain value where it has one."""
    if isinstance(values, tuple):
        return pa.array(values, pa.string())
    kind = _ARROW[feature.kind]
    if values.ndim == 1 or values.shape[1] == 1:
        return pa.array(values.reshape(-1), kind)
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values).reshape(-1), kind), values.shape[1])


def encoded(episode: Episode) -> memoryview:
    """Return the content of a piece."""
    columns = {feature.name: column_of(feature, values_of(feature, episode)) for feature in FEATURES}
    # The record travels with the steps: after an interruption a piece is used again without reading the episode.
    inside = msgspec.json.encode(_Inside(episode.record, sizes_of(episode)))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns).replace_schema_metadata({_KEY: inside}), sink, compression="snappy")
    return memoryview(sink.getvalue())


def _opened(path: Path, *, reused: bool) -> Piece:
    inside = msgspec.json.decode((pq.read_schema(path).metadata or {})[_KEY], type=_Inside)
    return Piece(path, inside.record, inside.sizes, reused)
