import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from mile_desktop.interchange import lerobot_format
from mile_desktop.interchange.dataset_export import DatasetExport
from mile_desktop.interchange.errors import InterchangeCancelledError, InterchangeError, TargetTakenError
from mile_desktop.interchange.export_folder import MARKER, PARTIAL_SUFFIX
from mile_desktop.interchange.features import ACTION, DONE, HUMAN_ACTION, INTERVENTION, PHASE, POLICY_ACTION, SUCCESS
from mile_desktop.interchange.lerobot_writer import whole_rate, write_lerobot
from mile_desktop.interchange.recorded_episodes import Progress, chosen_records
from mile_desktop.storage.edit_store import edit_episode
from mile_desktop.storage.edits import Relabel, Trim
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.workspace import Workspace
from tests.interchange.conftest import ENTRIES, PEG, record

DATA = "data/chunk-000/file-000.parquet"


def export(workspace: Workspace, target: Path, **options: object) -> Path:
    return write_lerobot(DatasetExport(workspace, chosen_records(workspace, PEG, ()), ENTRIES, target, **options)).place  # type: ignore[arg-type]


def info_of(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "meta" / "info.json").read_text())
    return found


def test_the_layout_is_that_of_version_3(workspace: Workspace, tmp_path: Path) -> None:
    record(workspace, [False] * 3 + [True] * 2)
    record(workspace, [False], "failure")

    folder = export(workspace, tmp_path / "set")

    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert files == [
        DATA,
        "meta/episodes/chunk-000/file-000.parquet",
        "meta/info.json",
        "meta/stats.json",
        "meta/tasks.parquet",
        MARKER,
    ]
    info = info_of(folder)
    assert (info["codebase_version"], info["fps"], info["total_episodes"], info["total_frames"]) == ("v3.0", 20, 2, 6)
    assert info["video_path"] is None
    features = info["features"]
    assert features[ACTION] == {"dtype": "float32", "shape": [4], "names": ["dx", "dy", "dz", "grip"]}  # type: ignore[index]
    assert features["observation.state"]["names"][0] == "joint 0 (rad)"  # type: ignore[index]
    assert not [name for name in features if "/" in name]  # type: ignore[attr-defined]
    assert not list(tmp_path.glob(f"*{PARTIAL_SUFFIX}"))


def test_frames_lie_on_a_grid_with_one_row_group_an_episode(workspace: Workspace, tmp_path: Path) -> None:
    record(workspace, [False] * 3)
    record(workspace, [True] * 2)

    file = pq.ParquetFile(export(workspace, tmp_path / "set") / DATA)

    assert [file.metadata.row_group(index).num_rows for index in range(file.num_row_groups)] == [3, 2]
    table = file.read()
    assert table["timestamp"].to_pylist() == [np.float32(frame / 20) for frame in (0, 1, 2, 0, 1)]
    assert table["frame_index"].to_pylist() == [0, 1, 2, 0, 1]
    assert table["episode_index"].to_pylist() == [0, 0, 0, 1, 1]
    assert table["index"].to_pylist() == [0, 1, 2, 3, 4]
    assert table[DONE].to_pylist() == [False, False, True, False, True]
    assert table[SUCCESS].to_pylist() == [False, False, True, False, True]
    assert table[PHASE].to_pylist() == ["autonomous"] * 3 + ["takeover"] * 2


def test_a_step_holds_who_drove_and_what_the_policy_proposed(workspace: Workspace, tmp_path: Path) -> None:
    made = record(workspace, [False, True])
    episode = read_episode(workspace, made.episode_id)

    table = pq.read_table(export(workspace, tmp_path / "set") / DATA)

    assert table[INTERVENTION].to_pylist() == [False, True]
    np.testing.assert_array_equal(table[POLICY_ACTION].to_pylist(), episode.policy_action)
    given = np.array(table[HUMAN_ACTION].to_pylist())
    np.testing.assert_array_equal(given[1], episode.human_action[1].astype(float))
    np.testing.assert_array_equal(given[0], episode.action[0].astype(float))  # and not NaN
    np.testing.assert_array_equal(table["complementary_info.intervention_prob"].to_pylist(), [0.25, 0.25])


def test_what_was_edited_is_exported(workspace: Workspace, tmp_path: Path) -> None:
    made = record(workspace, [False] * 5)
    edit_episode(workspace, made.episode_id, Trim(1, 3))
    edit_episode(workspace, made.episode_id, Relabel("failure"))

    folder = export(workspace, tmp_path / "set")

    row = pq.read_table(folder / lerobot_format.EPISODES).to_pylist()[0]
    assert (row["length"], row["outcome"], row["operator_kind"], row["policy_id"]) == (
        3,
        "failure",
        "person",
        "initial",
    )
    assert (row["dataset_from_index"], row["dataset_to_index"]) == (0, 3)


def test_statistics_have_quantiles_of_all_frames(workspace: Workspace, tmp_path: Path) -> None:
    record(workspace, [False] * 30)
    record(workspace, [True] * 10)

    folder = export(workspace, tmp_path / "set")

    stats = json.loads((folder / "meta" / "stats.json").read_text())
    actions = np.array(pq.read_table(folder / DATA)[ACTION].to_pylist())
    low, high = np.quantile(actions, [0.01, 0.9], axis=0)
    expectations = {"min": actions.min(0), "mean": actions.mean(0), "std": actions.std(0), "q01": low, "q90": high}
    for name, expected in expectations.items():
        np.testing.assert_allclose(stats[ACTION][name], expected, rtol=1e-6)
    assert stats[ACTION]["count"] == [40]
    assert len(stats[INTERVENTION]["mean"]) == 1
    assert PHASE not in stats
    row = pq.read_table(folder / lerobot_format.EPISODES).to_pylist()[1]
    assert row[f"stats/{ACTION}/count"] == [10]


def test_every_file_explains_itself(workspace: Workspace, tmp_path: Path) -> None:
    record(workspace, [False])

    marker = json.loads((export(workspace, tmp_path / "set") / MARKER).read_text())

    assert marker["env_id"] == "mile/PegInsertion-v0"
    assert marker["columns"]["observation.state"]["entries"][0]["name"] == "joint 0 (rad)"
    assert all(column["meaning"] for column in marker["columns"].values())


def stop_after(episodes: int) -> Callable[[], bool]:
    asked = iter(range(1000))
    return lambda: next(asked) >= episodes


def test_an_interrupted_export_continues(workspace: Workspace, tmp_path: Path) -> None:
    for length in (3, 4, 5):
        record(workspace, [False] * length)
    target = tmp_path / "Данные и пробел"

    with pytest.raises(InterchangeCancelledError):
        export(workspace, target, progress=Progress(cancelled=stop_after(2)))

    assert not target.exists()
    written = write_lerobot(DatasetExport(workspace, chosen_records(workspace, PEG, ()), ENTRIES, target))
    assert written.reused == 2
    whole = export(workspace, tmp_path / "whole")
    for path in (path for path in whole.rglob("*") if path.is_file()):
        assert (target / path.relative_to(whole)).read_bytes() == path.read_bytes()


def test_a_piece_is_not_used_again_after_the_episode_was_edited(workspace: Workspace, tmp_path: Path) -> None:
    made = [record(workspace, [False] * length) for length in (3, 4)]
    with pytest.raises(InterchangeCancelledError):
        export(workspace, tmp_path / "set", progress=Progress(cancelled=stop_after(1)))
    edit_episode(workspace, made[0].episode_id, Trim(0, 1))

    assert len(pq.read_table(export(workspace, tmp_path / "set") / DATA)) == 2 + 4


def test_an_existing_folder_is_replaced_only_if_it_is_an_export(workspace: Workspace, tmp_path: Path) -> None:
    record(workspace, [False])
    target = export(workspace, tmp_path / "set")
    with pytest.raises(TargetTakenError, match="exists already; choose another folder, or add --force"):
        export(workspace, target)
    record(workspace, [False])
    assert info_of(export(workspace, target, force=True))["total_episodes"] == 2

    (target / "thesis.txt").write_text("mine")
    with pytest.raises(TargetTakenError, match=r"also holds thesis\.txt, which export-dataset did not write"):
        export(workspace, target, force=True)
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    with pytest.raises(TargetTakenError, match="was not written by an earlier export"):
        export(workspace, other, force=True)
    assert (other / "thesis.txt").read_text() == (target / "thesis.txt").read_text() == "mine"


def test_episodes_of_different_sizes_or_rates_are_not_mixed(workspace: Workspace, tmp_path: Path) -> None:
    record(workspace, [False])
    record(workspace, [False], rate_hz=10.0)
    with pytest.raises(InterchangeError, match="have 10 to 20 steps a second; export each rate alone"):
        export(workspace, tmp_path / "set")


def test_a_rate_of_29_97_is_rounded_and_the_person_is_told(workspace: Workspace, tmp_path: Path) -> None:
    record(workspace, [False] * 3, rate_hz=29.97)
    notes: list[str] = []

    folder = export(workspace, tmp_path / "set", progress=Progress(note=notes.append))

    assert info_of(folder)["fps"] == 30
    assert notes == ["The data set says 30 frames a second, as its format needs a whole number; it was 29.97."]
    assert json.loads((folder / MARKER).read_text())["rate_hz"] == 29.97
    with pytest.raises(InterchangeError, match=r"12\.5 steps a second; a LeRobot data set needs a whole number"):
        whole_rate(12.5)


def test_a_new_data_file_begins_where_the_size_would_pass_the_limit(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lerobot_format, "DATA_FILE_MB", 1e-6)
    for _ in range(3):
        record(workspace, [False] * 2)

    folder = export(workspace, tmp_path / "set")

    assert len(list(folder.glob("data/chunk-000/*.parquet"))) == 3
    rows = pq.read_table(folder / lerobot_format.EPISODES).to_pylist()
    assert [row["data/file_index"] for row in rows] == [0, 1, 2]
