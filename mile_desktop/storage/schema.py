"""The database's schema as a list of migrations from an empty database to the present version.

A released migration is never changed: add a new one at the end. ``PRAGMA user_version`` counts the migrations made.
"""

import sqlite3
from collections.abc import Sequence

APPLICATION_ID = 0x4D494C45
"""``MILE`` in ASCII: distinguishes our databases from those of other programs."""

Migration = tuple[str, ...]
"""Statements that lead from one version to the next, run in one transaction."""

# position = journal_id · 2³² + step. With one growing integer key SQLite appends and writes one page for a step; with a
# composite key it would split pages and write more.
_FIRST: Migration = (
    """CREATE TABLE episode (
        episode_id TEXT PRIMARY KEY,
        scene TEXT NOT NULL,
        policy_id TEXT NOT NULL,
        started_at TEXT NOT NULL,
        start TEXT NOT NULL,
        outcome TEXT NOT NULL,
        steps INTEGER NOT NULL,
        takeovers INTEGER NOT NULL,
        human_steps INTEGER NOT NULL,
        mean_intervention_prob REAL,
        recovered INTEGER NOT NULL,
        deleted INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX episode_by_scene ON episode (scene, deleted)",
    """CREATE TABLE journal (
        journal_id INTEGER PRIMARY KEY AUTOINCREMENT,
        episode_id TEXT NOT NULL UNIQUE,
        start TEXT NOT NULL,
        host TEXT NOT NULL,
        pid INTEGER NOT NULL,
        process_started REAL NOT NULL,
        opened_at REAL NOT NULL
    ) STRICT""",
    """CREATE TABLE journal_step (
        position INTEGER PRIMARY KEY,
        journal_id INTEGER NOT NULL REFERENCES journal ON DELETE CASCADE,
        written_at REAL NOT NULL,
        body BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE policy (
        policy_id TEXT PRIMARY KEY,
        scene TEXT NOT NULL,
        name TEXT NOT NULL,
        method TEXT NOT NULL,
        parent_id TEXT,
        run_id TEXT,
        created_at TEXT NOT NULL,
        settings TEXT NOT NULL,
        episode_ids TEXT NOT NULL,
        note TEXT NOT NULL,
        archived INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE promotion (
        promotion_id INTEGER PRIMARY KEY AUTOINCREMENT,
        scene TEXT NOT NULL,
        policy_id TEXT NOT NULL,
        promoted_at TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE run (
        run_id TEXT PRIMARY KEY,
        scene TEXT NOT NULL,
        method TEXT NOT NULL,
        parent_policy_id TEXT NOT NULL,
        state TEXT NOT NULL,
        created_at TEXT NOT NULL,
        policy_id TEXT,
        message TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE evaluation (
        evaluation_id TEXT PRIMARY KEY,
        policy_id TEXT NOT NULL,
        scene TEXT NOT NULL,
        created_at TEXT NOT NULL,
        seeds TEXT NOT NULL,
        outcomes TEXT NOT NULL,
        crashes INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE intervention_model (
        model_id TEXT PRIMARY KEY,
        scene TEXT NOT NULL,
        policy_id TEXT NOT NULL,
        run_id TEXT,
        created_at TEXT NOT NULL,
        cost REAL NOT NULL,
        cdf_scale REAL NOT NULL,
        takeovers INTEGER NOT NULL,
        episode_ids TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
)

_EVALUATED_EPISODES: Migration = tuple(
    f"ALTER TABLE evaluation ADD COLUMN {column} TEXT NOT NULL DEFAULT '[]'"
    for column in ("steps", "returns", "crash_seeds", "crash_reasons")
)

# What the Inspect page shows of an episode beyond what was recorded; drivers: JSON list of who took over.
_INSPECTION: Migration = (
    "ALTER TABLE episode ADD COLUMN drivers TEXT NOT NULL DEFAULT '[]'",
    "CREATE INDEX episode_by_date ON episode (deleted, started_at)",
    """CREATE TABLE episode_detail (
        episode_id TEXT PRIMARY KEY,
        edits INTEGER NOT NULL DEFAULT 0,
        note TEXT NOT NULL DEFAULT '',
        threshold REAL,
        false_alarms INTEGER,
        misses INTEGER,
        brier REAL
    ) STRICT, WITHOUT ROWID""",
)

# A step's bytes can be checked, and a journal's owner is known although the clock was set (``owner.Owner.process``).
_CHECKED_JOURNAL: Migration = (
    "ALTER TABLE journal ADD COLUMN process TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE journal_step ADD COLUMN checksum INTEGER",
)

# How many steps a journal had, so that lost rows at its end are noticed, too; NULL in journals of older versions. A
# trigger, because a step is one statement: between two of them other threads would run while the database is locked.
_COUNTED_JOURNAL: Migration = (
    "ALTER TABLE journal ADD COLUMN written INTEGER",
    """CREATE TRIGGER count_steps AFTER INSERT ON journal_step BEGIN
        UPDATE journal SET written = max(coalesce(written, 0), (NEW.position & 4294967295) + 1)
        WHERE journal_id = NEW.journal_id;
    END""",
)

# Kinds of the reasons of the calls in an episode, for the filter of the Inspect page. The threshold is forgotten, so
# that they are computed.
_CALL_REASONS: Migration = (
    "ALTER TABLE episode_detail ADD COLUMN reasons TEXT NOT NULL DEFAULT ''",
    "UPDATE episode_detail SET threshold = NULL",
)

# The false alarm of an episode that rose highest, and the typed commands, for the search of the Inspect page. The
# threshold is forgotten, so that they are computed.
_WORST_AND_WORDS: Migration = (
    "ALTER TABLE episode_detail ADD COLUMN worst_alarm REAL",
    "ALTER TABLE episode_detail ADD COLUMN worst_row INTEGER",
    "ALTER TABLE episode_detail ADD COLUMN words TEXT NOT NULL DEFAULT ''",
    "UPDATE episode_detail SET threshold = NULL",
)

# A JSON list. Not a table of its own: a row is written as a whole, by recovery and by a rebuild, too.
_TAGS: Migration = ("ALTER TABLE episode ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'",)

# Edits that count, without withdrawn ones; NULL in rows that were written before, where all edits are taken to count.
_IN_FORCE: Migration = ("ALTER TABLE episode_detail ADD COLUMN in_force INTEGER",)

# A call in an episode that did not end in success is no false alarm any more. The threshold is forgotten, so that the
# counts are made again.
_FALSE_ALARMS_OF_SUCCESSES: Migration = ("UPDATE episode_detail SET threshold = NULL",)

MIGRATIONS: tuple[Migration, ...] = (
    _FIRST,
    _EVALUATED_EPISODES,
    _INSPECTION,
    _CHECKED_JOURNAL,
    _COUNTED_JOURNAL,
    _CALL_REASONS,
    _WORST_AND_WORDS,
    _TAGS,
    _IN_FORCE,
    _FALSE_ALARMS_OF_SUCCESSES,
)
"""Step ``i`` leads from version ``i`` to ``i + 1``."""


def version_of(connection: sqlite3.Connection) -> int:
    """Return the schema version of the open database, 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """Bring the database to ``len(migrations)``: each step whole or not at all.

    ``connection`` must be in autocommit mode (``isolation_level=None``). Another process may migrate at the same
    time: the version is read again under the write lock.
    """
    # Read outside of the lock first: usually nothing is to be done, and no process has to wait.
    while (version := version_of(connection)) < len(migrations):
        connection.execute("BEGIN IMMEDIATE")
        try:
            if version_of(connection) == version:
                _take_step(connection, version, migrations[version])
            connection.commit()
        except BaseException:
            connection.rollback()
            raise


def _take_step(connection: sqlite3.Connection, version: int, migration: Migration) -> None:
    for statement in migration:
        connection.execute(statement)
    # In the same transaction as the change. A kill leaves the old version with the old number.
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version + 1}")
