import csv
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mile_desktop.cli import main
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.columns import TABLES
from mile_desktop.study.export import ExportWish, StudyExportError, export_study
from mile_desktop.study.folder import StudyFolder
from tests.study.conftest import SHORT, MakeStudy

CLOCK = re.compile(rb"20\d\d-\d\d-\d\d|20\d{6}-\d{6}")


def export(folder: Path, target: Path, wish: ExportWish | None = None) -> dict[str, int]:
    with Workspace.open(folder, create=False) as workspace:
        return export_study(StudyFolder(folder), workspace, target, wish or ExportWish())


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def exported(rehearsed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("export") / "out"
    export(rehearsed, target)
    return target


def test_every_table_is_there_twice_and_the_dictionary_explains_every_column(exported: Path) -> None:
    explained = {(row["table"], row["column"]) for row in rows_of(exported / "dictionary.csv")}
    for name in TABLES:
        rows, table = rows_of(exported / f"{name}.csv"), pq.read_table(exported / f"{name}.parquet")
        assert table.num_rows == len(rows)
        assert rows or name == "remarks"
        assert {(name, column) for column in table.column_names} <= explained
        if rows:
            assert list(rows[0]) == table.column_names
    assert len(rows_of(exported / "participants.csv")) == 2
    assert len(rows_of(exported / "blocks.csv")) == 4
    counted = [row for row in rows_of(exported / "episodes.csv") if row["counts"] == "1"]
    assert len(counted) == 8
    steps = rows_of(exported / "steps.csv")
    assert len(steps) == sum(int(row["steps"]) for row in rows_of(exported / "episodes.csv"))
    assert {row["intervention"] for row in steps} <= {"0", "1"}
    assert steps[1]["seconds"] == "0.05"


def test_nothing_leads_back_to_a_code_or_a_time(rehearsed: Path, exported: Path) -> None:
    for path in exported.iterdir():
        content = path.read_bytes()
        assert b"P01" not in content
        assert not CLOCK.search(content), path.name
    salt = StudyFolder(rehearsed).identity.salt.encode()
    assert not [path for path in exported.iterdir() if salt in path.read_bytes()]


def test_clock_times_only_where_they_are_asked_for(rehearsed: Path, tmp_path: Path) -> None:
    export(rehearsed, tmp_path / "out", ExportWish(clock_times=True, free_text=True))
    assert rows_of(tmp_path / "out" / "episodes.csv")[0]["began_at"].startswith("20")
    assert "text" in rows_of(tmp_path / "out" / "questionnaires.csv")[0]


def test_a_taken_target_and_an_empty_study_are_refused(
    rehearsed: Path, exported: Path, make_study: MakeStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StudyExportError, match="earlier export"):
        export(rehearsed, exported)
    with pytest.raises(StudyExportError, match="no export of a study"):
        export(rehearsed, tmp_path)
    with pytest.raises(StudyExportError, match="Nobody has taken part"):
        export(make_study(SHORT).folder, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert main(["study", "export", str(rehearsed), str(exported), "--force", "--json"]) == 0
    assert '"rows"' in capsys.readouterr().out.splitlines()[-1]
