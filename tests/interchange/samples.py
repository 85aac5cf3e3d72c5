"""Small LeRobot data sets as other programs write them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.interchange.conftest import ENTRIES

STATES = [entry.name for entry in ENTRIES.state]
ACTIONS = [entry.name for entry in ENTRIES.action]

Columns = dict[str, object]


def an_episode(number: int, length: int, *, success: bool | None = None) -> Columns:
    random = np.random.default_rng(number)
    columns: Columns = {
        "observation.state": random.normal(size=(length, len(STATES))).astype(np.float32).tolist(),
        "action": random.uniform(-1, 1, size=(length, len(ACTIONS))).astype(np.float32).tolist(),
        "episode_index": [number] * length,
        "frame_index": list(range(length)),
        "timestamp": [frame / 20 for frame in range(length)],
        "index": list(range(length)),
        "task_index": [0] * length,
    }
    if success is not None:
        columns["next.success"] = [False] * (length - 1) + [success]
    return columns


def write_v30(folder: Path, episodes: Sequence[Columns], **info: object) -> Path:
    _write_info(folder, episodes, {"codebase_version": "v3.0"} | info)
    table = pa.concat_tables([pa.table(each) for each in episodes])
    _write(folder / "data" / "chunk-000" / "file-000.parquet", table)
    rows = [{"episode_index": each["episode_index"][0], "length": length_of(each)} for each in episodes]  # type: ignore[index]
    _write(folder / "meta" / "episodes" / "chunk-000" / "file-000.parquet", pa.Table.from_pylist(rows))
    return folder


def write_v21(folder: Path, episodes: Sequence[Columns], **info: object) -> Path:
    _write_info(folder, episodes, {"codebase_version": "v2.1"} | info)
    lines = []
    for number, each in enumerate(episodes):
        _write(folder / "data" / "chunk-000" / f"episode_{number:06d}.parquet", pa.table(each))
        lines.append(json.dumps({"episode_index": number, "tasks": ["a task"], "length": length_of(each)}))
    (folder / "meta" / "episodes.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def length_of(columns: Columns) -> int:
    return len(columns["frame_index"])  # type: ignore[arg-type]


def _write_info(folder: Path, episodes: Sequence[Columns], info: Mapping[str, object]) -> None:
    (folder / "meta").mkdir(parents=True)
    names = {"observation.state": STATES, "action": ACTIONS}
    features = {
        name: {"dtype": "float32", "shape": [len(names.get(name, [0]))], "names": names.get(name)}
        for name in episodes[0]
    }
    default = {"fps": 20, "features": features, "total_episodes": len(episodes)}
    (folder / "meta" / "info.json").write_text(json.dumps(default | dict(info)))


def _write(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
