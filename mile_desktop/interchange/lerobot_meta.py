"""The files under ``meta/`` of a LeRobot data set, and the file that explains every column."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mile_desktop import __version__
from mile_desktop.interchange import lerobot_format as lerobot
from mile_desktop.interchange.export_folder import ExportFolder, write_marker
from mile_desktop.interchange.features import FEATURES, Feature, names_of
from mile_desktop.interchange.lerobot_videos import CameraVideos
from mile_desktop.interchange.picture_statistics import PictureStatistics
from mile_desktop.interchange.pieces import Piece
from mile_desktop.interchange.recorded_episodes import operator_kind
from mile_desktop.interchange.scene_entries import SceneEntries
from mile_desktop.interchange.statistics import statistics_of
from mile_desktop.storage.records import EpisodeRecord, Outcome

_MEASURED = tuple(feature for feature in FEATURES if feature.kind != "string")
"""Features with statistics."""


@dataclass(frozen=True, slots=True)
class EpisodePlace:
    """Where an episode lies in the data files."""

    chunk: int
    file: int
    first: int
    """Number of its first frame in the whole set."""
    last: int
    """Number of the frame after its last one."""


def write_meta(
    folder: ExportFolder,
    pieces: Sequence[Piece],
    places: Sequence[EpisodePlace],
    videos: Sequence[CameraVideos],
    *,
    entries: SceneEntries,
    fps: int,
) -> None:
    """Write everything beside the data files, the description last."""
    sizes = pieces[0].sizes
    features = {feature.name: _described(feature, sizes, entries) for feature in FEATURES}
    automatic = {name: {"dtype": kind, "shape": [1], "names": None} for name, kind in lerobot.AUTOMATIC.items()}
    info: dict[str, object] = {
        "codebase_version": lerobot.VERSION,
        "robot_type": entries.scene,
        "total_episodes": len(pieces),
        "total_frames": places[-1].last,
        "total_tasks": 1,
        "chunks_size": lerobot.FILES_A_CHUNK,
        "data_files_size_in_mb": lerobot.DATA_FILE_MB,
        "video_files_size_in_mb": lerobot.VIDEO_FILE_MB,
        "fps": fps,
        "splits": {"train": f"0:{len(pieces)}"},
        "data_path": lerobot.DATA_PATH,
        "video_path": lerobot.VIDEO_PATH if videos else None,
        "features": features | {each.key: _video_feature(each, fps) for each in videos} | automatic,
    }
    # The marker comes last: it lists every file that is there, and a later --force removes only what it lists.
    _write_json(folder, lerobot.INFO, info)
    _write_json(folder, lerobot.STATS, _whole_statistics(folder) | _picture_statistics(videos))
    _write_table(folder, lerobot.TASKS, lerobot.tasks_table([entries.task]))
    _write_table(folder, lerobot.EPISODES, _episodes_table(pieces, places, videos, entries))
    write_marker(folder, _explanation(pieces, entries, sizes))


def _described(feature: Feature, sizes: dict[str, int], entries: SceneEntries) -> dict[str, Any]:
    names = names_of(feature, sizes, entries)
    # A single value has the shape [1] and no names in this format, as its reader expects of its own columns.
    return {"dtype": feature.kind, "shape": [max(1, len(names))], "names": list(names) or None}


def _explanation(pieces: Sequence[Piece], entries: SceneEntries, sizes: dict[str, int]) -> dict[str, object]:
    """Return what the file at the top of the folder says; for people, and for an import by this program."""
    return {
        "format": "lerobot",
        "software_version": __version__,
        "scene": entries.scene,
        "env_id": entries.env_id,
        "task": entries.task,
        "rate_hz": pieces[0].record.start.rate_hz,
        "columns": {
            feature.name: {
                "meaning": feature.meaning,
                "entries": [{"name": each} for each in names_of(feature, sizes, entries)],
            }
            for feature in FEATURES
        },
        "episode_columns": {
            "outcome": f"{', '.join(get_args(Outcome))}: as recorded, or as a person corrected it",
            "operator": "who could take over first",
            "operator_name": "name or code of the person, empty where none was given",
            "operator_kind": "person, simulated, demonstration or none",
            "drivers": "who took over, in order",
            "policy_id": "the policy that ran",
            "tags": "labels that people gave the episode",
            "start": "everything known at the beginning of the episode, as JSON",
        },
    }


def _whole_statistics(folder: ExportFolder) -> dict[str, object]:
    # one column after the other: the quantiles are exact, and the memory holds one column of the whole set
    files = sorted(folder.content.glob("data/*/*.parquet"))
    names = [*(feature.name for feature in _MEASURED), *lerobot.AUTOMATIC]
    return {
        name: statistics_of(
            np.concatenate([_values(pq.read_table(file, columns=[name])[name]) for file in files])
        ).as_lists()
        for name in names
    }


def _values(column: pa.ChunkedArray) -> NDArray[np.generic]:
    values = column.combine_chunks()
    if pa.types.is_fixed_size_list(values.type):
        return np.asarray(values.flatten().to_numpy(zero_copy_only=False)).reshape(len(values), -1)
    return np.asarray(values.to_numpy(zero_copy_only=False))


def _video_feature(camera: CameraVideos, fps: int) -> dict[str, Any]:
    info = {
        "video.height": camera.height,
        "video.width": camera.width,
        "video.codec": camera.codec,
        "video.pix_fmt": "yuv420p",
        "video.is_depth_map": False,
        "video.fps": fps,
        "video.channels": 3,
        "has_audio": False,
    }
    shape = [camera.height, camera.width, 3]
    return {"dtype": "video", "shape": shape, "names": ["height", "width", "channels"], "info": info}


def _picture_statistics(videos: Sequence[CameraVideos]) -> dict[str, object]:
    return {each.key: sum(each.statistics, start=PictureStatistics.empty()).as_lists() for each in videos}


def _video_row(camera: CameraVideos, number: int) -> dict[str, object]:
    place = camera.places[number]
    row: dict[str, object] = {
        f"videos/{camera.key}/chunk_index": place.chunk,
        f"videos/{camera.key}/file_index": place.file,
        f"videos/{camera.key}/from_timestamp": place.start_s,
        f"videos/{camera.key}/to_timestamp": place.end_s,
    }
    statistics = camera.statistics[number].as_lists()
    return row | {f"stats/{camera.key}/{name}": values for name, values in statistics.items()}


def _episodes_table(
    pieces: Sequence[Piece], places: Sequence[EpisodePlace], videos: Sequence[CameraVideos], entries: SceneEntries
) -> pa.Table:
    rows = []
    for number, (piece, place) in enumerate(zip(pieces, places, strict=True)):
        row = _episode_row(number, piece, place, entries)
        for camera in videos:
            row |= _video_row(camera, number)
        rows.append(row)
    return pa.Table.from_pylist(rows)


def _episode_row(number: int, piece: Piece, place: EpisodePlace, entries: SceneEntries) -> dict[str, object]:
    row: dict[str, object] = {
        "episode_index": number,
        "tasks": [entries.task],
        "length": place.last - place.first,
        "data/chunk_index": place.chunk,
        "data/file_index": place.file,
        "dataset_from_index": place.first,
        "dataset_to_index": place.last,
        "meta/episodes/chunk_index": 0,
        "meta/episodes/file_index": 0,
    }
    # For each episode, too: LeRobot weighs these when it joins data sets or leaves episodes out.
    table = piece.read()
    for feature in _MEASURED:
        for name, values in statistics_of(_values(table[feature.name])).as_lists().items():
            row[f"stats/{feature.name}/{name}"] = values
    # More columns than the format has; its reader keeps what it does not know (docs/formats.md).
    return row | _origin(piece.record)


def _origin(record: EpisodeRecord) -> dict[str, object]:
    start = record.start
    return {
        "episode_id": record.episode_id,
        "outcome": record.outcome,
        "operator": start.operator,
        "operator_name": start.operator_name,
        "operator_kind": operator_kind(start.operator),
        "drivers": list(record.drivers),
        "policy_id": start.policy_id,
        "tags": list(record.tags),
        "start": msgspec.json.encode(start).decode(),
    }


def _write_json(folder: ExportFolder, name: str, value: object) -> None:
    path = folder.content / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2))


def _write_table(folder: ExportFolder, name: str, table: pa.Table) -> None:
    path = folder.content / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="snappy")
