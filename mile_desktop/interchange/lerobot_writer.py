"""Writes recorded episodes as a LeRobotDataset v3.0.

Each episode becomes a piece of its own first. Pieces survive an interruption; the data files are put together from
them at the end, which takes hardly longer than to copy them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mile_desktop.interchange import lerobot_format as lerobot
from mile_desktop.interchange.dataset_export import DatasetExport, WrittenDataset
from mile_desktop.interchange.errors import InterchangeCancelledError, InterchangeError
from mile_desktop.interchange.export_folder import ExportFolder, export_folder
from mile_desktop.interchange.lerobot_meta import EpisodePlace, write_meta
from mile_desktop.interchange.lerobot_videos import write_videos
from mile_desktop.interchange.pieces import Piece, write_pieces
from mile_desktop.interchange.recorded_episodes import Progress
from mile_desktop.storage.records import EpisodeRecord

_NEAR_WHOLE = 0.01
"""A rate at most this share away from a whole number is rounded: 29.97 → 30. Frames lie on a grid anyway."""
_PIECES_SHARE, _DATA_FROM = 0.4, 0.8
"""Part of the progress for the pieces, and where the data files begin; the videos come between."""
_MB = 2**20


def whole_rate(rate_hz: float) -> int:
    """Return the rate of the data set for recordings at ``rate_hz``; raise ``InterchangeError`` where none is near."""
    whole = round(rate_hz)
    if whole < 1 or abs(rate_hz - whole) > _NEAR_WHOLE * whole:
        raise InterchangeError(
            f"The episodes have {rate_hz:g} steps a second; a LeRobot data set needs a whole number. "
            "Export them in another format."
        )
    return whole


def write_lerobot(export: DatasetExport) -> WrittenDataset:
    """Write the episodes with their edits to a new folder.

    A ``dataset_export.DatasetWriter``, which says what it raises.
    """
    fps = _common_rate(export.records, export.progress)
    with export_folder(export.target, force=export.force) as folder:
        # Pieces first: they are what an interrupted export keeps, and everything after them is quick to repeat.
        pieces = write_pieces(export, folder, share=_PIECES_SHARE)
        videos = write_videos(export, folder, pieces, fps)
        places = _write_data(folder, pieces, fps, export.progress)
        write_meta(folder, pieces, places, videos, entries=export.entries, fps=fps)
    return WrittenDataset(export.target, len(pieces), places[-1].last, sum(piece.reused for piece in pieces))


def _common_rate(records: Sequence[EpisodeRecord], progress: Progress) -> int:
    rates = sorted({each.start.rate_hz for each in records})
    if len(rates) > 1:
        raise InterchangeError(
            f"The episodes have {rates[0]:g} to {rates[-1]:g} steps a second; export each rate alone."
        )
    fps = whole_rate(rates[0])
    if fps != rates[0]:
        progress.note(
            f"The data set says {fps} frames a second, as its format needs a whole number; it was {rates[0]:g}."
        )
    return fps


def _write_data(folder: ExportFolder, pieces: Sequence[Piece], fps: int, progress: Progress) -> list[EpisodePlace]:
    """Write the data files: one row group for each episode, a new file where the size would pass the limit."""
    places: list[EpisodePlace] = []
    writer: pq.ParquetWriter | None = None
    file_number, size, first = -1, 0, 0
    try:
        for number, piece in enumerate(pieces):
            if progress.cancelled():
                raise InterchangeCancelledError
            share = _DATA_FROM + (1.0 - _DATA_FROM) * number / len(pieces)
            progress.report(share, f"Writing episode {number + 1} of {len(pieces)}")
            table = _numbered(piece.read(), number, first, fps)
            # Sizes of the pieces stand for what they add: the exact size is known only after writing, and the limit is
            # no hard one.
            grown = size + piece.path.stat().st_size
            if writer is None or grown > lerobot.DATA_FILE_MB * _MB:
                if writer is not None:
                    writer.close()
                file_number, grown = file_number + 1, piece.path.stat().st_size
                writer = pq.ParquetWriter(_data_file(folder, file_number), table.schema, compression="snappy")
            writer.write_table(table, row_group_size=len(table))
            places.append(EpisodePlace(*divmod(file_number, lerobot.FILES_A_CHUNK), first, first + len(table)))
            size, first = grown, first + len(table)
    finally:
        if writer is not None:
            writer.close()
    return places


def _data_file(folder: ExportFolder, number: int) -> Path:
    chunk, file = divmod(number, lerobot.FILES_A_CHUNK)
    path = folder.content / lerobot.DATA_PATH.format(chunk_index=chunk, file_index=file)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _numbered(table: pa.Table, episode: int, first: int, fps: int) -> pa.Table:
    """Add the columns that every data set has; ``timestamp`` is a grid, where readers look frames up."""
    frame = np.arange(len(table), dtype=np.int64)
    columns = {
        "timestamp": (frame / fps).astype(np.float32),
        "frame_index": frame,
        "episode_index": np.full(len(table), episode, dtype=np.int64),
        "index": frame + first,
        "task_index": np.zeros(len(table), dtype=np.int64),
    }
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    return table
