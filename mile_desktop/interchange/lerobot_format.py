"""The names and paths of the LeRobot data set format, versions 2.1 and 3.0.

Read in the sources of huggingface/lerobot, as ``docs/formats.md`` says; nothing of it is imported.
"""

import json
from typing import Any

import pyarrow as pa

VERSION = "v3.0"
INFO = "meta/info.json"
STATS = "meta/stats.json"
TASKS = "meta/tasks.parquet"
EPISODES = "meta/episodes/chunk-000/file-000.parquet"
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
FILES_A_CHUNK = 1000
DATA_FILE_MB = 100
VIDEO_FILE_MB = 200

AUTOMATIC = {
    "timestamp": "float32",
    "frame_index": "int64",
    "episode_index": "int64",
    "index": "int64",
    "task_index": "int64",
}
"""Columns that every data set has, beside its own features."""


def tasks_table(tasks: list[str]) -> pa.Table:
    """Return ``meta/tasks.parquet``: the sentences are the *index* of a pandas frame, so its description is attached.

    Without the description a reader with pandas gets a plain column and finds no sentence by its index.
    """
    table = pa.table({"task_index": pa.array(range(len(tasks)), pa.int64()), "task": pa.array(tasks, pa.string())})
    described: dict[str, Any] = {
        "index_columns": ["task"],
        "column_indexes": [_described(None, "unicode", "object", {"encoding": "UTF-8"})],
        "columns": [_described("task_index", "int64", "int64", None), _described("task", "unicode", "object", None)],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.2.0",
    }
    return table.replace_schema_metadata({b"pandas": json.dumps(described).encode()})


def _described(name: str | None, kind: str, numpy_type: str, metadata: dict[str, str] | None) -> dict[str, Any]:
    return {"name": name, "field_name": name, "pandas_type": kind, "numpy_type": numpy_type, "metadata": metadata}
