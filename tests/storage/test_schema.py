import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mile_desktop.storage import schema
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.workspace import DATABASE, Workspace
from tests.storage.samples import a_policy, a_start, a_step

_TAGS = ("ALTER TABLE policy ADD COLUMN tags TEXT NOT NULL DEFAULT ''", "CREATE TABLE tag (name TEXT) STRICT")


@pytest.fixture
def first_release(tmp_path: Path) -> Path:
    """A workspace of the first schema, with something in it."""
    with Workspace.open(tmp_path) as workspace:
        Catalogue(workspace).add_policy(a_policy("p1", note="keep me"))
        journal = EpisodeJournal(workspace)
        journal.begin(a_start("ep-1"))
        journal.append(a_step(0))
        journal.close("success")
    return tmp_path


def test_an_old_workspace_is_migrated_when_it_is_opened(first_release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, _TAGS))
    with Workspace.open(first_release) as workspace:
        assert workspace.query("PRAGMA user_version")[0][0] == len(schema.MIGRATIONS)
        assert workspace.query("SELECT tags, note FROM policy")[0]["note"] == "keep me"
        assert [each.episode_id for each in Catalogue(workspace).episodes()] == ["ep-1"]


def test_a_step_that_fails_leaves_the_old_version_whole(first_release: Path) -> None:
    with closing(sqlite3.connect(first_release / DATABASE, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            schema.migrate(connection, (*schema.MIGRATIONS, (*_TAGS, "CREATE TABLE policy (again TEXT)")))
        assert schema.version_of(connection) == len(schema.MIGRATIONS)
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'tag'").fetchone()[0] == 0
    with Workspace.open(first_release) as workspace:
        assert Catalogue(workspace).policy("p1").note == "keep me"


def test_steps_already_taken_are_not_taken_again(first_release: Path) -> None:
    with closing(sqlite3.connect(first_release / DATABASE, isolation_level=None)) as connection:
        schema.migrate(connection, (*schema.MIGRATIONS, _TAGS))
        schema.migrate(connection, (*schema.MIGRATIONS, _TAGS))
        assert schema.version_of(connection) == len(schema.MIGRATIONS) + 1


def test_the_released_schema_is_not_edited() -> None:
    """A change to a released step would leave existing workspaces behind: add a step instead."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        schema.migrate(connection, schema.MIGRATIONS[:1])
        columns = {
            name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
    assert sorted(columns) == [
        "episode", "evaluation", "intervention_model", "journal", "journal_step", "policy", "promotion", "run",
        "sqlite_sequence",
    ]  # fmt: skip
    assert columns["journal_step"] == ["position", "journal_id", "written_at", "body"]
    assert columns["journal"] == ["journal_id", "episode_id", "start", "host", "pid", "process_started", "opened_at"]


def test_evaluations_of_the_first_schema_are_still_read(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as connection:
        schema.migrate(connection, schema.MIGRATIONS[:1])
        connection.execute(
            "INSERT INTO evaluation VALUES ('ev-1', 'p1', 'peg-insertion', '2026-01-01', '[5, 6]', '[true, false]', 1)"
        )
    with Workspace.open(tmp_path) as workspace:
        (found,) = Catalogue(workspace).evaluations()
        assert (found.seeds, found.outcomes, found.crashes) == ((5, 6), (True, False), 1)
        assert (found.steps, found.mean_return) == ((), None)
