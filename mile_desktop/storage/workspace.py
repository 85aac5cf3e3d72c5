"""The workspace: one folder with its database and its files."""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from mile_desktop.storage import errors, schema
from mile_desktop.storage.ids import checked_id

DATABASE = "workspace.db"
FOLDERS = ("episodes", "bin", "edits", "videos", "policies", "interventions", "forecasts", "bands", "runs")
EPISODE_SUFFIX = ".parquet"

_WINDOW_LOCK = "window.lock"
_SETUP_LOCK = "setup.lock"
_BUSY_S = 5.0
_SETUP_S = 30.0
"""Only the first opening takes this lock. On a busy machine several processes wait for one another there."""
_CHECKPOINT_PAGES = 10_000
"""About 40 MB, so that no step waits for an automatic checkpoint; closing an episode makes one."""


class WindowLock:
    """Held by the window that has a workspace open, until ``release``, the end of ``with``, or of the process."""

    def __init__(self, lock: FileLock) -> None:
        self._lock = lock

    def release(self) -> None:
        """Let another window open the workspace; a second call does nothing. Any thread."""
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def hold_window_lock(folder: Path) -> WindowLock:
    """Take the lock that only one window of a workspace can hold; command line, trainer and worker need none.

    The operating system holds the lock, so it ends with the process, also after a crash.

    Raises
    ------
    WorkspaceLockedError
        Another window holds it.
    """
    # Not bound to a thread: the window takes it on its main thread and may release it on another.
    lock = FileLock(folder / _WINDOW_LOCK, timeout=0, thread_local=False)
    with errors.translated(folder):
        try:
            lock.acquire()
        except Timeout as error:
            raise errors.WorkspaceLockedError(
                f"{folder} is open in another window; use that one, close it, or open another workspace."
            ) from error
    return WindowLock(lock)


class Workspace:
    """An open workspace.

    May be shared by all threads of a process: each thread gets a connection of its own on first use, so a slow query
    in one never delays a commit in another, and SQLite's write lock orders the writers of all threads and processes
    (a writer waits up to five seconds, then ``WorkspaceBusyError``). ``close`` is for the thread that opened it,
    after all other threads have finished with it. It must not be used after ``fork``; each process opens the folder.

    Every method that touches the disk raises ``WorkspaceFullError``, ``WorkspaceReadOnlyError``,
    ``WorkspaceDamagedError`` or ``WorkspaceBusyError`` where that is the cause.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Keyed by the thread and not by its number: Python gives the number of an ended thread to a new one.
        self._connections: dict[threading.Thread, sqlite3.Connection] = {}
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def open(cls, folder: Path | str, *, create: bool = True) -> Self:
        """Open the workspace in ``folder``; create or migrate its database if needed.

        Raises
        ------
        NotAWorkspaceError
            ``folder`` is a file, or its database is another program's.
        WorkspaceMissingError
            There is no workspace, and ``create`` is False.
        WorkspaceReadOnlyError, WorkspaceFullError
            It cannot be written to.
        WorkspaceDamagedError
            The database is missing beside existing episodes, is not a database, or fails SQLite's check.
        WorkspaceVersionError
            A newer version of the program wrote it.
        """
        place = Path(folder).expanduser().absolute()
        with errors.translated(place):
            _prepare_folder(place, create=create)
            # Before the check of the database, which already needs a connection.
            workspace = cls(place)
            try:
                _prepare_database(workspace)
            except BaseException:
                workspace.close()
                raise
        return workspace

    @property
    def folder(self) -> Path:
        """The workspace's folder, absolute."""
        return self._folder

    def hold_window_lock(self) -> WindowLock:
        """Take the window's lock (see the function of the same name)."""
        return hold_window_lock(self._folder)

    def episode_path(self, episode_id: str, *, deleted: bool = False) -> Path:
        """Return the path of the episode's file: in ``episodes/``, or in ``bin/`` if ``deleted``."""
        return self._folder / ("bin" if deleted else "episodes") / f"{checked_id(episode_id)}{EPISODE_SUFFIX}"

    def edits_path(self, episode_id: str) -> Path:
        """Return ``edits/<id>.json``, the edits of an episode, also while the episode is in the bin."""
        return self._folder / "edits" / f"{checked_id(episode_id)}.json"

    def policy_folder(self, policy_id: str) -> Path:
        """Return ``policies/<id>``."""
        return self._folder / "policies" / checked_id(policy_id)

    def run_folder(self, run_id: str) -> Path:
        """Return ``runs/<id>``."""
        return self._folder / "runs" / checked_id(run_id)

    def intervention_folder(self, model_id: str) -> Path:
        """Return ``interventions/<id>``."""
        return self._folder / "interventions" / checked_id(model_id)

    def forecast_folder(self, model_id: str) -> Path:
        """Return the folder of the forecast that was refitted for an intervention model (also for a bundled one)."""
        return self._folder / "forecasts" / checked_id(model_id)

    def band_path(self, policy_id: str) -> Path:
        """Return the file of the band from the policy's successes, for a policy that nobody has corrected yet."""
        return self._folder / "bands" / f"{checked_id(policy_id)}.json"

    def connection(self) -> sqlite3.Connection:
        """Return the calling thread's own connection, in autocommit mode; never pass it to another thread."""
        found = self._connections.get(threading.current_thread())
        return found if found is not None else self._connect()

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return all rows of one statement, which commits by itself if it writes."""
        with errors.translated(self._folder):
            return self.connection().execute(sql, parameters).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock over the block; all of it is committed, or none if anything is raised."""
        with errors.translated(self._folder):
            connection = self.connection()
            # IMMEDIATE takes the write lock at the start. With a plain BEGIN, two readers that both want to write would
            # block each other.
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.commit()
            # Also for Ctrl+C: an open transaction would lock the database for every other process.
            except BaseException:
                connection.rollback()
                raise

    def checkpoint(self) -> None:
        """Move committed pages from the write-ahead log to the database, except those that a reader still needs."""
        self.query("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close every thread's connection; a second call does nothing."""
        with self._lock:
            self._closed = True
            while self._connections:
                self._connections.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _connect(self) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise errors.WorkspaceClosedError(f"{self._folder} was closed; open the workspace again.")
            # Here, because no thread tells us of its end. Without it, every short thread would leave a connection open.
            self._close_for_ended_threads()
            connection = _connect(self._folder / DATABASE)
            self._connections[threading.current_thread()] = connection
        return connection

    def _close_for_ended_threads(self) -> None:
        for thread in [thread for thread in self._connections if not thread.is_alive()]:
            self._connections.pop(thread).close()


def _connect(database: Path) -> sqlite3.Connection:
    # Only one thread uses a connection, but another thread may close it; the check is relaxed for that alone.
    connection = sqlite3.connect(database, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        # NORMAL syncs at checkpoints, not at commits: a commit survives a crash of the process but takes no disk sync.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare_folder(folder: Path, *, create: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise errors.NotAWorkspaceError(f"{folder} is a file; a workspace is a folder: choose or make one.")
    database = folder / DATABASE
    # The episodes first: where another process makes the workspace just now, its database is there before an episode.
    has_episodes = any(folder.glob(f"episodes/*{EPISODE_SUFFIX}"))
    if not database.exists():
        # A new, empty database would hide the recorded episodes.
        if has_episodes:
            raise errors.damaged(folder, f"{DATABASE} is missing beside recorded episodes")
        if not create:
            raise errors.WorkspaceMissingError(f"There is no workspace in {folder}; check the path or make a new one.")
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    needed = [folder, *(folder / name for name in FOLDERS), *([database] if database.exists() else [])]
    # Asked beforehand: SQLite would report a missing right only at the first write, in the middle of an episode.
    if not all(os.access(each, os.W_OK) for each in needed):
        raise errors.read_only(folder)


def _prepare_database(workspace: Workspace) -> None:
    folder, connection = workspace.folder, workspace.connection()
    found, newest = schema.version_of(connection), len(schema.MIGRATIONS)
    if found < newest:
        # Asked under the lock: without it, another process may be making the database just now, and two questions one
        # after the other get answers that do not fit together.
        with _setup_lock(folder):
            _expect_ours(connection, folder)
            _set_up(connection, folder)
    else:
        _expect_ours(connection, folder)
    if found > newest:
        raise errors.WorkspaceVersionError(
            f"{folder} was written by a newer version of MILE Desktop (schema {found}, this one knows {newest}); "
            "update the program, or open another workspace."
        )
    # The quick check reads every page but compares no index. The full one would take too long at each start.
    complaint = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if complaint != "ok":
        raise errors.damaged(folder, str(complaint))


def _expect_ours(connection: sqlite3.Connection, folder: Path) -> None:
    """Refuse a database of another program, and an empty one beside recorded episodes."""
    if _is_foreign(connection):
        raise errors.NotAWorkspaceError(
            f"{folder / DATABASE} belongs to another program; choose another folder for the workspace."
        )
    if schema.version_of(connection) == 0 and any(folder.glob(f"episodes/*{EPISODE_SUFFIX}")):
        raise errors.damaged(folder, f"{DATABASE} is empty beside recorded episodes")


def _is_foreign(connection: sqlite3.Connection) -> bool:
    ours = connection.execute("PRAGMA application_id").fetchone()[0] == schema.APPLICATION_ID
    return not ours and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 0


def _set_up(connection: sqlite3.Connection, folder: Path) -> None:
    # Under the lock: SQLite does not wait when two processes switch to the write-ahead log at once.
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise errors.WorkspaceError(
            f"The file system of {folder} does not support SQLite's write-ahead log (it answered {mode!r}); "
            "choose a folder on a local disk."
        )
    schema.migrate(connection, schema.MIGRATIONS)


@contextmanager
def _setup_lock(folder: Path) -> Iterator[None]:
    lock = FileLock(folder / _SETUP_LOCK, timeout=_SETUP_S)
    try:
        lock.acquire()
    except Timeout as error:
        raise errors.WorkspaceBusyError(
            f"Another process has been preparing {folder} for {_SETUP_S:.0f} s; close it, then open the folder again."
        ) from error
    try:
        yield
    finally:
        lock.release()
