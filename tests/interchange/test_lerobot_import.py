import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mile_desktop.interchange.dataset_export import DatasetExport
from mile_desktop.interchange.dataset_formats import open_dataset
from mile_desktop.interchange.episode_import import ImportOptions, ImportReport, import_dataset
from mile_desktop.interchange.errors import InterchangeCancelledError, InterchangeError
from mile_desktop.interchange.lerobot_writer import write_lerobot
from mile_desktop.interchange.recorded_episodes import Progress, chosen_records
from mile_desktop.learning.dataset import supervised_steps
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.columns import COLUMNS
from mile_desktop.storage.edit_store import edit_episode
from mile_desktop.storage.edits import ChangeTags
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.workspace import Workspace
from tests.interchange.conftest import ENTRIES, PEG, record
from tests.interchange.samples import an_episode, write_v21, write_v30

TABLE = "data/chunk-000/file-000.parquet"


def imported(workspace: Workspace, source: Path, **options: object) -> ImportReport:
    return import_dataset(workspace, open_dataset(source), ENTRIES, ImportOptions(**options))  # type: ignore[arg-type]


def files_of(workspace: Workspace) -> list[Path]:
    return sorted((workspace.folder / "episodes").iterdir())


def changed_info(folder: Path, **changes: object) -> Path:
    path = folder / "meta" / "info.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "elsewhere") as workspace:
        yield workspace


def test_what_was_exported_comes_back_the_same(workspace: Workspace, elsewhere: Workspace, tmp_path: Path) -> None:
    made = record(
        workspace, [False] * 3 + [True] * 2, "partial success", operator_name="Anna", extra={"called_by": "p"}
    )
    edit_episode(workspace, made.episode_id, ChangeTags(add=("slip", "hard start")))
    written = write_lerobot(DatasetExport(workspace, chosen_records(workspace, PEG, ()), ENTRIES, tmp_path / "set"))

    report = imported(elsewhere, written.place)

    assert (report.episodes, report.demonstrations, report.steps, report.unknown) == (1, 0, 5, 0)
    (back,) = Catalogue(elsewhere).episodes(PEG)
    before, after = read_episode(workspace, made.episode_id), read_episode(elsewhere, back.episode_id)
    for column in COLUMNS:
        if column.name == "timestamp":
            np.testing.assert_allclose(after.timestamp, before.timestamp - before.timestamp[0])
        else:
            np.testing.assert_array_equal(getattr(after, column.name), getattr(before, column.name), column.name)
    assert (back.outcome, back.takeovers, back.start.policy_id) == ("partial success", 1, "initial")
    assert (back.start.operator_name, back.tags) == ("Anna", ("hard start", "slip"))
    assert back.start.extra["imported"]["episode_id"] == made.episode_id
    assert back.start.extra["called_by"] == "p"


def test_an_episode_is_not_taken_twice(workspace: Workspace, elsewhere: Workspace, tmp_path: Path) -> None:
    record(workspace, [False, True])
    folder = write_lerobot(
        DatasetExport(workspace, chosen_records(workspace, PEG, ()), ENTRIES, tmp_path / "set")
    ).place

    assert imported(workspace, folder).known == 1  # it is the recording itself
    assert (imported(elsewhere, folder).known, imported(elsewhere, folder).known) == (0, 1)
    assert len(files_of(elsewhere)) == len(files_of(workspace)) == 1


@pytest.mark.parametrize("write", [write_v21, write_v30])
def test_a_set_without_interventions_becomes_demonstrations(
    workspace: Workspace, tmp_path: Path, write: object
) -> None:
    folder = write(tmp_path / "set", [an_episode(0, 4, success=True), an_episode(1, 6, success=False)])  # type: ignore[operator]

    report = imported(workspace, folder)

    assert (report.episodes, report.demonstrations, report.steps, report.unknown) == (0, 2, 10, 0)
    first, second = (read_episode(workspace, each.episode_id) for each in Catalogue(workspace).episodes(PEG))
    assert (first.record.outcome, second.record.outcome) == ("success", "failure")
    np.testing.assert_array_equal(first.action, np.array(an_episode(0, 4)["action"], np.float32))
    np.testing.assert_allclose(second.timestamp, np.arange(6) / 20)
    steps = supervised_steps([first, second])
    assert bool(steps.demonstration.all())


def test_missing_success_is_unknown(workspace: Workspace, tmp_path: Path) -> None:
    report = imported(workspace, write_v30(tmp_path / "set", [an_episode(0, 4)]))

    assert report.unknown == 1
    assert [each.outcome for each in Catalogue(workspace).episodes(PEG)] == ["unknown"]


def test_an_import_is_all_or_nothing(workspace: Workspace, tmp_path: Path) -> None:
    folder = write_v30(tmp_path / "set", [an_episode(number, 4) for number in range(3)])
    asked = iter(range(100))
    progress = Progress(cancelled=lambda: next(asked) == 5)  # after the checks, while episodes are written

    with pytest.raises(InterchangeCancelledError):
        import_dataset(workspace, open_dataset(folder), ENTRIES, progress=progress)

    assert not files_of(workspace)
    assert not Catalogue(workspace).episodes()


def test_a_check_changes_nothing(workspace: Workspace, tmp_path: Path) -> None:
    report = imported(workspace, write_v30(tmp_path / "set", [an_episode(0, 4)]), check_only=True)

    assert report.demonstrations == 1
    assert not files_of(workspace)


def test_other_names_are_refused_until_the_person_accepts_them(workspace: Workspace, tmp_path: Path) -> None:
    folder = write_v30(tmp_path / "set", [an_episode(0, 4)])
    info = json.loads((folder / "meta" / "info.json").read_text())
    info["features"]["action"]["names"] = {"motors": ["dx", "dy", "yaw", "grip"]}
    changed_info(folder, **info)

    with pytest.raises(InterchangeError, match="Entry 2 of the action is 'yaw' in the data set and 'dz' in peg-insert"):
        imported(workspace, folder)
    info["features"]["action"]["names"] = None
    changed_info(folder, **info)
    with pytest.raises(InterchangeError, match="does not name the entries of its action"):
        imported(workspace, folder)

    assert imported(workspace, folder, accept=("names",)).demonstrations == 1


def test_an_action_outside_of_the_limits_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    broken = an_episode(0, 4)
    broken["action"][2][1] = 3.5  # type: ignore[index]

    with pytest.raises(InterchangeError, match=r"an action of 3\.5; actions of a scene are in \[-1, 1\]"):
        imported(workspace, write_v30(tmp_path / "set", [broken]))


# ── shapes of trouble ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_episode_of_one_step(workspace: Workspace, tmp_path: Path) -> None:
    assert imported(workspace, write_v30(tmp_path / "set", [an_episode(0, 1), an_episode(1, 3)])).steps == 4


def test_missing_columns_are_named(workspace: Workspace, tmp_path: Path) -> None:
    folder = write_v30(tmp_path / "set", [an_episode(0, 4)])
    pq.write_table(pq.read_table(folder / TABLE).drop_columns(["action"]), folder / TABLE)
    with pytest.raises(InterchangeError, match=r"file-000\.parquet lacks action; copy the data set again"):
        imported(workspace, folder)

    info = json.loads((folder / "meta" / "info.json").read_text())
    del info["features"]["observation.state"]
    (folder / "meta" / "info.json").write_text(json.dumps(info))
    with pytest.raises(InterchangeError, match=r"has no observation\.state, only action"):
        imported(workspace, folder)


def test_29_97_frames_a_second_differ_from_20_and_not_from_30(workspace: Workspace, tmp_path: Path) -> None:
    folder = write_v30(tmp_path / "set", [an_episode(0, 4)], fps=29.97)
    with pytest.raises(InterchangeError, match=r"The data set has 29\.97 steps a second, peg-insertion has 20"):
        imported(workspace, folder)
    assert imported(workspace, folder, accept=("rate",)).steps == 4
    assert imported(workspace, changed_info(folder, fps=19.98)).known == 1


def test_a_slash_in_the_name_of_a_column_leads_nowhere(workspace: Workspace, tmp_path: Path) -> None:
    episode = an_episode(0, 4)
    episode["../observation/images"] = [0.0] * 4
    assert imported(workspace, write_v30(tmp_path / "set", [episode])).steps == 4


def test_a_column_that_never_changes(workspace: Workspace, tmp_path: Path) -> None:
    episode = an_episode(0, 4)
    episode["action"] = [[0.1] * 4] * 4
    assert imported(workspace, write_v30(tmp_path / "set", [episode])).steps == 4


def test_nan_is_refused_or_left_out_and_named(workspace: Workspace, tmp_path: Path) -> None:
    broken = an_episode(1, 4)
    broken["observation.state"][2][5] = float("nan")  # type: ignore[index]
    folder = write_v30(tmp_path / "set", [an_episode(0, 4), broken])

    with pytest.raises(InterchangeError, match="episode 1 has nan in entry 5 of the observation at step 2"):
        imported(workspace, folder)
    assert not files_of(workspace)
    report = imported(workspace, folder, skip_broken=True)
    assert report.demonstrations == 1
    assert report.skipped == ("episode 1 has nan in entry 5 of the observation at step 2.",)


def test_pictures_are_not_taken_and_may_be_missing(workspace: Workspace, tmp_path: Path) -> None:
    folder = write_v30(tmp_path / "set", [an_episode(0, 4)])
    info = json.loads((folder / "meta" / "info.json").read_text())
    info["features"]["observation.images.top"] = {"dtype": "video", "shape": [480, 640, 3], "names": ["h", "w", "c"]}
    notes: list[str] = []

    report = import_dataset(
        workspace, open_dataset(changed_info(folder, **info)), ENTRIES, progress=Progress(note=notes.append)
    )

    assert report.steps == 4
    assert notes == ["The pictures (observation.images.top) are not taken."]


def test_blanks_and_cyrillic_letters_in_the_path(workspace: Workspace, tmp_path: Path) -> None:
    assert imported(workspace, write_v30(tmp_path / "мои данные" / "набор 1", [an_episode(0, 4)])).steps == 4


def test_a_set_of_v21_where_v30_is_said(workspace: Workspace, tmp_path: Path) -> None:
    folder = changed_info(write_v21(tmp_path / "set", [an_episode(0, 4)]), codebase_version="v3.0")
    with pytest.raises(InterchangeError, match=r"only meta/episodes\.jsonl of v2\.1: correct codebase_version"):
        imported(workspace, folder)
    with pytest.raises(InterchangeError, match=r"has the version 'v9\.0', expected v2\.0, v2\.1, v3\.0"):
        imported(workspace, changed_info(folder, codebase_version="v9.0"))


def test_an_interrupted_download_is_noticed(workspace: Workspace, tmp_path: Path) -> None:
    folder = write_v21(tmp_path / "set", [an_episode(0, 4), an_episode(1, 4)])
    (folder / "data" / "chunk-000" / "episode_000001.parquet").unlink()
    with pytest.raises(InterchangeError, match="lacks the steps of 1 episodes, first of episode 1"):
        imported(workspace, folder)
    assert not files_of(workspace)


def test_an_episode_in_two_places_is_noticed(workspace: Workspace, tmp_path: Path) -> None:
    folder = write_v30(tmp_path / "set", [an_episode(0, 4), an_episode(1, 4)])
    shutil.copy(folder / TABLE, folder / "data" / "chunk-000" / "file-001.parquet")
    with pytest.raises(InterchangeError, match="episode 0 is in two places"):
        imported(workspace, folder)


def test_frames_in_another_order_are_noticed(workspace: Workspace, tmp_path: Path) -> None:
    episode = an_episode(0, 4)
    episode["frame_index"] = [0, 2, 1, 3]
    with pytest.raises(InterchangeError, match="or not in their order"):
        imported(workspace, write_v30(tmp_path / "set", [episode]))


def test_a_link_out_of_the_folder_is_not_followed(workspace: Workspace, tmp_path: Path) -> None:
    folder = write_v30(tmp_path / "set", [an_episode(0, 4)])
    outside = shutil.move(folder / TABLE, tmp_path / "secret.parquet")
    (folder / TABLE).symlink_to(outside)
    with pytest.raises(InterchangeError, match="is a link that leads out of the data set"):
        imported(workspace, folder)


def test_a_table_that_would_fill_the_memory_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    folder = write_v30(tmp_path / "set", [an_episode(0, 4)])
    rows = 60_000_000
    bomb = pa.table({"episode_index": pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), pa.array([0]))})
    pq.write_table(bomb, folder / TABLE)
    assert (folder / TABLE).stat().st_size < 2**20
    with pytest.raises(InterchangeError, match="would unpack to 60000000 rows"):
        imported(workspace, folder)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["meta/info.json", TABLE, "meta/episodes/chunk-000/file-000.parquet"]),
    place=st.floats(0, 1, exclude_max=True),
    damage=st.binary(min_size=1, max_size=8),
)
def test_a_changed_byte_gives_a_sentence_and_no_traceback(
    tmp_path_factory: pytest.TempPathFactory, name: str, place: float, damage: bytes
) -> None:
    base = tmp_path_factory.mktemp("fuzz")
    folder = write_v30(base / "set", [an_episode(0, 4), an_episode(1, 2)])
    content = bytearray((folder / name).read_bytes())
    at = int(place * len(content))
    content[at : at + len(damage)] = damage
    (folder / name).write_bytes(content)
    with Workspace.open(base / "workspace") as workspace:
        try:
            imported(workspace, folder, accept=("names", "rate"), skip_broken=True)
        except InterchangeError as error:
            assert str(error).endswith((".", "again."))  # noqa: PT017 - some bytes change nothing that is read
            assert not files_of(workspace)
