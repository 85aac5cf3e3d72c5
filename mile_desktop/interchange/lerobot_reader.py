"""Reads LeRobot data sets of the versions 2.0, 2.1 and 3.0, and what this program exported.

Nothing but tables and JSON is read. Files are found by listing the folder, never by the paths that ``info.json``
names, so a data set cannot make the program read other files.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mile_desktop.interchange.errors import InterchangeError
from mile_desktop.interchange.features import ACTION, FEATURES, STATE, SUCCESS, Values
from mile_desktop.interchange.foreign_dataset import ForeignDataset, ForeignEpisode
from mile_desktop.storage.edits import tags_of
from mile_desktop.storage.records import EpisodeStart, Outcome

_VERSIONS = {"v2.0": "LeRobot v2.0", "v2.1": "LeRobot v2.1", "v3.0": "LeRobot v3.0"}
_MOST_JSON_BYTES = 256 * 2**20
_MOST_ROWS = 50_000_000
_MOST_TABLE_BYTES = 8 * 2**30
"""Larger tables are refused before they are unpacked; the format itself ends a file at 100 MB."""
_STRUCTURE = ("episode_index", "frame_index")
_KINDS = {feature.name: feature.kind for feature in FEATURES}


class _FeatureInfo(msgspec.Struct, frozen=True):
    dtype: str
    shape: list[int]
    names: Any = None


class _Info(msgspec.Struct, frozen=True):
    codebase_version: str
    features: dict[str, _FeatureInfo]
    fps: Annotated[float, msgspec.Meta(gt=0.0)]
    total_episodes: Annotated[int, msgspec.Meta(ge=0)] = 0


class _EpisodeLine(msgspec.Struct, frozen=True):
    episode_index: int
    length: int


@dataclass(frozen=True, slots=True)
class _EpisodeMeta:
    """What the data set says about an episode beside its steps."""

    length: int
    outcome: Outcome | None = None
    start: str = ""
    tags: tuple[str, ...] = ()


def is_lerobot(source: Path) -> bool:
    """Return whether ``source`` looks like the folder of a LeRobot data set."""
    return (source / "meta" / "info.json").is_file()


def read_lerobot(source: Path) -> ForeignDataset:
    """Open the data set in the folder ``source``; its steps are read later, file by file.

    Raises
    ------
    InterchangeError
        It is of another version, incomplete or damaged, or has no observation or action.
    """
    with _explained(source):
        info = msgspec.json.decode(_bytes(source, source / "meta" / "info.json"), type=_Info)
        # Before anything else is read: another version may have the same names with other meanings.
        if info.codebase_version not in _VERSIONS:
            raise InterchangeError(
                f"{source} has the version {info.codebase_version!r}, expected {', '.join(_VERSIONS)}; convert it "
                "with LeRobot's own scripts."
            )
        for needed in (STATE, ACTION):
            if needed not in info.features:
                raise InterchangeError(
                    f"{source} has no {needed}, only {', '.join(sorted(info.features)) or 'nothing'}; a scene needs "
                    f"{STATE} and {ACTION}."
                )
        meta = _read_episodes(source, info)
    return ForeignDataset(
        source=source,
        format=_VERSIONS[info.codebase_version],
        episodes=len(meta),
        rate_hz=info.fps,
        state_names=_names(info.features[STATE]),
        action_names=_names(info.features[ACTION]),
        notes=_notes(info),
        read=lambda: _read(source, info, meta),
    )


def _notes(info: _Info) -> tuple[str, ...]:
    pictures = sorted(name for name, each in info.features.items() if each.dtype in {"video", "image"})
    return (f"The pictures ({', '.join(pictures)}) are not taken.",) if pictures else ()


def _names(feature: _FeatureInfo) -> tuple[str, ...]:
    """Return the names of the entries: a list, or a dictionary of lists (``{"motors": [...]}``)."""
    found = feature.names
    if isinstance(found, dict):
        groups = [each if isinstance(each, list) else [key] for key, each in found.items()]
        found = [name for group in groups for name in group]
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        return ()
    # one word for all entries, such as ["state"], names none of them
    return tuple(found) if len(found) == int(np.prod(feature.shape)) else ()


def _read_episodes(source: Path, info: _Info) -> dict[int, _EpisodeMeta]:
    if info.codebase_version == "v3.0":
        files = _listed(source, "meta/episodes/*/*.parquet")
        old = source / "meta" / "episodes.jsonl"
        if not files:
            raise InterchangeError(
                f"{source} says that it is v3.0 but has no meta/episodes"
                + (
                    ", only meta/episodes.jsonl of v2.1: correct codebase_version."
                    if old.exists()
                    else "; copy it again."
                )
            )
        wanted = ["episode_index", "length", "outcome", "start", "tags"]
        rows = [row for file in files for row in _table(source, file, wanted).to_pylist()]
    else:
        lines = _bytes(source, source / "meta" / "episodes.jsonl").splitlines()
        decoder = msgspec.json.Decoder(_EpisodeLine)
        rows = [msgspec.structs.asdict(decoder.decode(line)) for line in lines if line.strip()]
    found = {int(row["episode_index"]): _meta(row) for row in rows}
    if len(found) < len(rows):
        raise InterchangeError(f"{source} describes an episode twice in meta/episodes; copy it again.")
    if not found:
        raise InterchangeError(f"{source} has no episode.")
    return found


def _meta(row: Mapping[str, Any]) -> _EpisodeMeta:
    try:
        outcome = msgspec.convert(row.get("outcome"), Outcome)
    except msgspec.ValidationError:
        outcome = None
    start, tags = row.get("start"), row.get("tags")
    # Cut as typed tags are: a column of this name in another program's data set may hold anything.
    kept = tags_of(";".join(each for each in tags if isinstance(each, str))) if isinstance(tags, list) else ()
    return _EpisodeMeta(int(row["length"]), outcome, start if isinstance(start, str) else "", kept)


def _read(source: Path, info: _Info, meta: Mapping[int, _EpisodeMeta]) -> Iterator[ForeignEpisode]:
    """Yield the episodes file by file; each must be in one piece and as long as its description says."""
    seen: set[int] = set()
    wanted = [*_STRUCTURE, *(name for name in _KINDS if name in info.features)]
    with _explained(source):
        for file in _listed(source, "data/*/*.parquet"):
            table = _table(source, file, wanted)
            missing = {*_STRUCTURE, STATE, ACTION} - set(table.column_names)
            if missing:
                raise InterchangeError(f"{file} lacks {', '.join(sorted(missing))}; copy the data set again.")
            for number, rows in _runs(table["episode_index"].to_numpy()):
                if number in seen or number not in meta:
                    where = "in two places" if number in seen else "not described in meta/episodes"
                    raise InterchangeError(f"{source}: episode {number} is {where}; copy the data set again.")
                seen.add(number)
                yield _episode(source, number, table.slice(rows.start, rows.stop - rows.start), meta[number])
        lost = sorted(meta.keys() - seen)
        if lost:
            raise InterchangeError(
                f"{source} lacks the steps of {len(lost)} episodes, first of episode {lost[0]}; "
                "was its download or export interrupted? Copy it again."
            )


def _runs(numbers: Any) -> Iterator[tuple[int, slice]]:  # noqa: ANN401 - an array of any integer type
    """Yield each stretch of equal numbers."""
    edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
    for first, last in pairwise(edges):
        if first < last:
            yield int(numbers[first]), slice(first, last)


def _episode(source: Path, number: int, table: pa.Table, meta: _EpisodeMeta) -> ForeignEpisode:
    name = f"episode {number}"
    if len(table) != meta.length or table["frame_index"].to_pylist() != list(range(len(table))):
        raise InterchangeError(
            f"{source}: {name} has {len(table)} frames, or not in their order; its description says {meta.length}. "
            "Copy the data set again."
        )
    columns = {each: _values(table[each], _KINDS[each]) for each in table.column_names if each in _KINDS}
    outcome: Outcome = meta.outcome or "unknown"
    # Without the column it stays unknown: a failure that nobody recorded would be learned from.
    if meta.outcome is None and SUCCESS in columns:
        outcome = "success" if np.any(columns[SUCCESS]) else "failure"
    origin = msgspec.json.decode(meta.start, type=EpisodeStart) if meta.start else None
    return ForeignEpisode(name, columns, outcome, origin, meta.tags)


def _values(column: pa.ChunkedArray, kind: str) -> Values:
    """Return the values of a column: vectors as [t, size], also of one entry, which are stored as plain values."""
    values = column.combine_chunks()
    if kind == "string":
        return tuple(each or "" for each in values.cast(pa.string()).to_pylist())
    is_list = pa.types.is_list(values.type) or pa.types.is_fixed_size_list(values.type)
    if not is_list:
        return np.asarray(values.to_numpy(zero_copy_only=False)).astype(kind)
    lengths = pc.list_value_length(values).to_numpy(zero_copy_only=False)
    # Rows of unequal length would be cut in the wrong places by the reshape below, without an error.
    if values.null_count or len(set(lengths.tolist())) != 1:
        raise ValueError(f"a column has lists of {sorted(set(lengths.tolist()))[:3]} entries")
    return np.asarray(values.flatten().to_numpy(zero_copy_only=False)).astype(kind).reshape(len(values), -1)


def _listed(source: Path, pattern: str) -> list[Path]:
    return [_inside(source, path) for path in sorted(source.glob(pattern))]


def _inside(source: Path, path: Path) -> Path:
    """Return ``path``; a link in a data set must not lead out of its folder."""
    # Resolved, because a link inside the folder can point anywhere, also through another link.
    if not path.resolve().is_relative_to(source.resolve()):
        raise InterchangeError(
            f"{path} is a link that leads out of the data set; it is not opened. Copy the file there."
        )
    return path


def _bytes(source: Path, path: Path) -> bytes:
    with _inside(source, path).open("rb") as file:
        content = file.read(_MOST_JSON_BYTES + 1)
    if len(content) > _MOST_JSON_BYTES:
        raise InterchangeError(f"{path} is larger than {_MOST_JSON_BYTES // 2**20} MiB, so it is not opened.")
    return content


def _table(source: Path, path: Path, columns: list[str]) -> pa.Table:
    """Read those of ``columns`` that are there; refuse a table that would unpack to more than the limits."""
    with _inside(source, path).open("rb") as opened, pq.ParquetFile(opened) as file:
        # From the footer, which is small: the pages themselves would be unpacked by reading them.
        size = sum(file.metadata.row_group(index).total_byte_size for index in range(file.num_row_groups))
        if file.metadata.num_rows > _MOST_ROWS or size > _MOST_TABLE_BYTES:
            raise InterchangeError(
                f"{path} would unpack to {file.metadata.num_rows} rows and {size // 2**20} MiB, so it is not opened."
            )
        there = [name for name in columns if name in file.schema_arrow.names]
        return file.read(columns=there, use_threads=False)


@contextmanager
def _explained(source: Path) -> Iterator[None]:
    """Raise ``InterchangeError`` for everything that makes the data set unreadable."""
    try:
        yield
    except InterchangeError:
        raise
    except FileNotFoundError as error:
        raise InterchangeError(f"{error.filename} is missing; copy the data set again.") from error
    except (
        pa.ArrowException, msgspec.MsgspecError, OSError, ValueError, LookupError, TypeError, RecursionError,
        OverflowError, MemoryError,
    ) as error:  # fmt: skip
        raise InterchangeError(f"{source} is damaged or of another format ({error}); copy it again.") from error
