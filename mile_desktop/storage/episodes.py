"""Episode files: Parquet, one row a step, with the episode's record inside.

The file alone is enough to rebuild its row of the catalogue. Columns are those of ``storage.columns``; two have the
name that other tools expect (``observation.state``, ``next.success``).
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mile_desktop.arrays import Float32Array
from mile_desktop.storage import errors
from mile_desktop.storage.column_meanings import MEANINGS
from mile_desktop.storage.columns import COLUMNS, Column, Kind, of_kind
from mile_desktop.storage.durable import write_durably
from mile_desktop.storage.edits import edited, read_history
from mile_desktop.storage.errors import EpisodeFileError, UnknownEpisodeError
from mile_desktop.storage.records import Episode, EpisodeRecord, Step
from mile_desktop.storage.steps import stack
from mile_desktop.storage.workspace import Workspace

_METADATA = b"mile_desktop.episode"
_SCENE = b"mile_desktop.scene"
_SMALLEST = 19  # level of zstd; the ones above need much more memory for nothing
_FORMAT = 1
_TEXT_COLUMNS = [column.file_name for column in of_kind(Kind.TEXT)]
# Threads help: reading waits for the disk, and Arrow releases the interpreter's lock while it decodes.
_READERS = min(4, os.cpu_count() or 1)


class _Inside(msgspec.Struct, frozen=True):
    format: int
    record: EpisodeRecord


class _Format(msgspec.Struct, frozen=True):
    format: int


def write_episode_file(path: Path, record: EpisodeRecord, steps: Sequence[Step], scene: bytes = b"") -> None:
    """Write the episode to ``path``: whole and on the disk when this returns, or not at all.

    ``scene``: names and units of the scene's entries, as JSON, for readers without this program; may be empty.

    Raises
    ------
    ValueError
        The steps do not fit together or to ``record``.
    WorkspaceFullError, WorkspaceReadOnlyError
        The disk does not take it; nothing is left behind.
    """
    write_recording(path, stack(record, steps), scene)


def write_recording(path: Path, episode: Episode, scene: bytes = b"", *, small: bool = False) -> None:
    """Write a whole episode to ``path``, otherwise as ``write_episode_file``.

    ``small``: takes ten times as long and a quarter less room, for files that every installation carries.
    """
    # Built before anything is written, so that columns that do not fit leave no file.
    content = _parquet(_table(episode, scene), small=small)
    with errors.translated(path.parent):
        write_durably(path, content)


def read_episode_file(path: Path) -> Episode:
    """Read one episode file, of the workspace or bundled.

    Raises
    ------
    EpisodeFileError
        The file is missing, truncated, altered (page checksums), or not an episode of a known format.
    """
    with _explained(path):
        # A buffer instead of a path: one read call, and the file is closed even after an error.
        file = pq.ParquetFile(pa.BufferReader(path.read_bytes()), page_checksum_verification=True)
        schema = file.schema_arrow
        record = _record(path, schema)
        _check_columns(path, schema)
        # Without Arrow's own threads: many files are read at once already.
        return _episode(path, record, file.read(use_threads=False))


def read_record(path: Path) -> EpisodeRecord:
    """Read only the record inside an episode file; raises ``EpisodeFileError`` as ``read_episode_file``."""
    with _explained(path):
        return _record(path, pq.read_schema(path))


def find_episode(workspace: Workspace, episode_id: str) -> Path:
    """Return the path of the episode's file, in the bin or not; raises ``UnknownEpisodeError`` if there is none."""
    for deleted in (False, True):
        path = workspace.episode_path(episode_id, deleted=deleted)
        if path.exists():
            return path
    raise UnknownEpisodeError(
        f"{workspace.folder} has no file of episode {episode_id}; restore it from a backup or delete the episode."
    )


def read_recording(workspace: Workspace, episode_id: str) -> Episode:
    """Read an episode as it was recorded, without its edits; raises as ``read_episode``."""
    path = find_episode(workspace, episode_id)
    episode = read_episode_file(path)
    if episode.record.episode_id != episode_id:
        # Swapped by hand or by a program that synchronises folders: to learn from it would count one episode twice.
        raise EpisodeFileError(
            f"{path} holds episode {episode.record.episode_id}; restore {episode_id} from a backup or delete it."
        )
    return replace(episode, record=replace(episode.record, deleted=path.parent.name == "bin"))


def read_episode(workspace: Workspace, episode_id: str) -> Episode:
    """Read an episode of the workspace, also from the bin, with its edits applied: the version to learn from.

    Raises
    ------
    UnknownEpisodeError
        There is no such file.
    EpisodeFileError
        It cannot be read.
    EditError
        Its edits cannot be read or do not fit.
    """
    recording = read_recording(workspace, episode_id)
    return edited(recording, read_history(workspace.edits_path(episode_id), episode_id))


def read_episodes(workspace: Workspace, episode_ids: Sequence[str]) -> tuple[Episode, ...]:
    """Read many episodes, in the order asked for; raises as ``read_episode`` for the first that fails."""
    with ThreadPoolExecutor(_READERS, thread_name_prefix="read-episodes") as readers:
        return tuple(readers.map(lambda each: read_episode(workspace, each), episode_ids))


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Raise ``EpisodeFileError`` for every error that makes ``path`` unreadable."""
    try:
        yield
    except FileNotFoundError as error:
        raise EpisodeFileError(f"{path} does not exist; check the path or restore it from a backup.") from error
    except (pa.ArrowException, msgspec.MsgspecError, OSError, ValueError, LookupError, RecursionError) as error:
        raise EpisodeFileError(
            f"{path} cannot be read as an episode ({error}); restore it from a backup or delete the episode."
        ) from error


def _parquet(table: pa.Table, *, small: bool = False) -> memoryview:
    # Floats neither repeat nor sort: dictionaries and statistics would only make the files larger and slower.
    # Written to memory first: a file that Arrow opened itself would stay open after an error.
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd" if small else "snappy",
        compression_level=_SMALLEST if small else None,
        use_dictionary=_TEXT_COLUMNS,
        write_statistics=False,
        write_page_checksum=True,
    )
    return memoryview(sink.getvalue())


def _table(episode: Episode, scene: bytes) -> pa.Table:
    arrays = [_written(column, episode) for column in COLUMNS]
    # what each column means, for people who open the file with another program
    schema = pa.schema(
        pa.field(column.file_name, array.type, metadata={"meaning": MEANINGS.get(column.name, "")})
        for column, array in zip(COLUMNS, arrays, strict=True)
    )
    inside = msgspec.json.encode(_Inside(_FORMAT, episode.record))
    metadata = {_METADATA: inside} | ({_SCENE: scene} if scene else {})
    return pa.table(arrays, schema=schema.with_metadata(metadata))


def _written(column: Column, episode: Episode) -> pa.Array:
    values = getattr(episode, column.name)
    match column.kind:
        case Kind.VECTOR:
            return _fixed_size(values, None)
        case Kind.HUMAN_ACTION:
            return _fixed_size(values, pa.array(~episode.intervention))
        case Kind.TEXT:
            return pa.array(values, pa.string()).dictionary_encode()
        # Plain columns need no conversion; NumPy's type decides.
        case _:
            return pa.array(values)


def _fixed_size(matrix: Float32Array, mask: pa.Array | None) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1)), matrix.shape[1], mask=mask)


def _record(path: Path, found: pa.Schema) -> EpisodeRecord:
    # Our record is in the schema's metadata, where other Parquet tools keep it without understanding it.
    inside = (found.metadata or {}).get(_METADATA)
    if inside is None:
        raise EpisodeFileError(f"{path} is a Parquet file but no episode of MILE Desktop; choose another file.")
    version = msgspec.json.decode(inside, type=_Format).format
    if version > _FORMAT:
        raise EpisodeFileError(
            f"{path} has format {version}, this version of MILE Desktop reads up to {_FORMAT}; update the program."
        )
    return msgspec.json.decode(inside, type=_Inside).record


def _check_columns(path: Path, found: pa.Schema) -> None:
    missing = [each.file_name for each in COLUMNS if each.is_required and each.file_name not in found.names]
    if missing:
        raise EpisodeFileError(f"{path} lacks the columns {', '.join(missing)}; restore it from a backup.")
    for column in COLUMNS:
        if not column.is_vector or column.file_name not in found.names:
            continue
        kind = found.field(column.file_name).type
        if not pa.types.is_fixed_size_list(kind) or kind.value_type != pa.float32() or kind.list_size < 1:
            raise EpisodeFileError(
                f"{path}: column {column.file_name} is {kind}, expected lists of float32; restore it from a backup."
            )


def _episode(path: Path, record: EpisodeRecord, table: pa.Table) -> Episode:
    # A file can be cut at a page and still be valid Parquet.
    if table.num_rows != record.steps or record.steps == 0:
        raise EpisodeFileError(
            f"{path} has {table.num_rows} steps but says {record.steps}; restore it from a backup or delete it."
        )
    return Episode(record=record, **{column.name: _read(column, table) for column in COLUMNS})


def _read(column: Column, table: pa.Table) -> Any:  # noqa: ANN401 - an array of its kind, or a tuple of texts
    if column.file_name not in table.column_names:  # the file is from before this column was recorded
        return _filled(column, table.num_rows)
    values = table[column.file_name]
    if column.is_vector:
        return _matrix(values)
    return _texts(values) if column.kind is Kind.TEXT else values.to_numpy().astype(column.kind.value)


def _filled(column: Column, rows: int) -> Any:  # noqa: ANN401 - as ``_read``
    return (column.default,) * rows if column.kind is Kind.TEXT else np.full(rows, column.default, column.kind.value)


def _matrix(column: pa.ChunkedArray) -> Float32Array:
    """Return float32[t, list size], NaN where the list is null; own memory, writable."""
    # One copy is needed in every case: Arrow's memory is read-only and would keep the whole file in memory.
    lists = column.combine_chunks()
    matrix = np.array(lists.values.to_numpy(zero_copy_only=False), dtype=np.float32).reshape(len(lists), -1)
    if lists.null_count:
        matrix[lists.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return matrix


def _texts(column: pa.ChunkedArray) -> tuple[str, ...]:
    encoded = column.combine_chunks().dictionary_encode()  # one Python string for each phase, not for each step
    texts = encoded.dictionary.to_pylist()
    return tuple(texts[index] for index in encoded.indices.to_pylist())
