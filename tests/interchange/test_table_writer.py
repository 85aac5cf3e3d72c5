import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from mile_desktop.interchange.dataset_export import DatasetExport
from mile_desktop.interchange.errors import InterchangeCancelledError, TargetTakenError
from mile_desktop.interchange.features import ACTION, INTERVENTION
from mile_desktop.interchange.recorded_episodes import Progress, chosen_records
from mile_desktop.interchange.table_writer import write_csv, write_parquet
from mile_desktop.storage.edit_store import edit_episode
from mile_desktop.storage.edits import ChangeTags
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.workspace import Workspace
from tests.interchange.conftest import ENTRIES, PEG, record


def test_a_csv_file_has_a_named_column_for_each_entry(workspace: Workspace, tmp_path: Path) -> None:
    made = record(workspace, [False, True])
    record(workspace, [True], "failure")
    episode = read_episode(workspace, made.episode_id)

    written = write_csv(DatasetExport(workspace, chosen_records(workspace, PEG, ()), ENTRIES, tmp_path / "peg.csv"))

    assert (written.episodes, written.steps) == (2, 3)
    with written.place.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["outcome"] for row in rows] == ["success", "success", "failure"]
    assert [row["timestamp"] for row in rows] == ["0.000000", "0.050000", "0.000000"]
    assert [row[INTERVENTION] for row in rows] == ["0", "1", "1"]
    assert np.float32(rows[1]["action: grip"]) == episode.action[1, 3]
    assert np.float32(rows[1]["observation.state: joint 3 (rad)"]) == episode.observation[1, 3]
    assert rows[0]["complementary_info.forecast"] == ""


def test_a_parquet_file_explains_its_columns(workspace: Workspace, tmp_path: Path) -> None:
    record(workspace, [False, True])
    record(workspace, [True])

    written = write_parquet(
        DatasetExport(workspace, chosen_records(workspace, PEG, ()), ENTRIES, tmp_path / "peg.parquet")
    )

    file = pq.ParquetFile(written.place)
    assert file.num_row_groups == 2
    explained = json.loads(file.schema_arrow.metadata[b"mile_desktop.columns"])
    assert explained["columns"][ACTION]["entries"] == ["dx", "dy", "dz", "grip"]
    assert file.read()[INTERVENTION].to_pylist() == [False, True, True]


@pytest.mark.parametrize(("write", "name"), [(write_csv, "a.csv"), (write_parquet, "a.parquet")])
def test_only_an_export_is_replaced_and_nothing_incomplete_is_left(
    workspace: Workspace, tmp_path: Path, write: object, name: str
) -> None:
    record(workspace, [False])
    records = chosen_records(workspace, PEG, ())
    target = tmp_path / name
    with pytest.raises(InterchangeCancelledError):
        write(DatasetExport(workspace, records, ENTRIES, target, progress=Progress(cancelled=lambda: True)))  # type: ignore[operator]
    assert [path.name for path in tmp_path.iterdir()] == ["workspace"]
    write(DatasetExport(workspace, records, ENTRIES, target))  # type: ignore[operator]
    with pytest.raises(TargetTakenError, match="exists already"):
        write(DatasetExport(workspace, records, ENTRIES, target))  # type: ignore[operator]
    write(DatasetExport(workspace, records, ENTRIES, target, force=True))  # type: ignore[operator]
    target.write_text("my own table")
    with pytest.raises(TargetTakenError, match="was not written by an earlier export"):
        write(DatasetExport(workspace, records, ENTRIES, target, force=True))  # type: ignore[operator]


def test_operator_and_tags_stand_in_both_tables(workspace: Workspace, tmp_path: Path) -> None:
    made = record(workspace, [True], "partial success", operator_name="Anna")
    edit_episode(workspace, made.episode_id, ChangeTags(add=("slip", "hard start")))
    records = chosen_records(workspace, PEG, ())
    written = write_csv(DatasetExport(workspace, records, ENTRIES, tmp_path / "a.csv"))
    with written.place.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    table = pq.read_table(write_parquet(DatasetExport(workspace, records, ENTRIES, tmp_path / "a.parquet")).place)
    for found in (row, table.to_pylist()[0]):
        assert (found["operator_name"], found["tags"]) == ("Anna", "hard start; slip")
        assert found["outcome"] == "partial success"


def test_a_table_of_an_earlier_build_may_be_replaced(workspace: Workspace, tmp_path: Path) -> None:
    record(workspace, [True])
    old = tmp_path / "a.csv"
    old.write_text("episode_id,outcome,policy_id,frame_index,timestamp,action: dx\n")
    write_csv(DatasetExport(workspace, chosen_records(workspace, PEG, ()), ENTRIES, old, force=True))
    assert "operator_name" in old.read_text()
