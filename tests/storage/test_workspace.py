import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Never

import pytest

from mile_desktop.storage import errors, schema
from mile_desktop.storage import workspace as workspace_module
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import DATABASE, FOLDERS, Workspace, hold_window_lock
from tests.storage.samples import a_policy
from tests.storage.small_disk import SmallDisk

ROOT = Path(__file__).resolve().parents[2]


def test_a_new_workspace_has_its_folders_and_a_database_in_write_ahead_mode(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "deep" / "new") as workspace:
        assert all((workspace.folder / name).is_dir() for name in FOLDERS)
        assert workspace.query("PRAGMA journal_mode")[0][0] == "wal"
        assert workspace.query("PRAGMA synchronous")[0][0] == 1
        assert workspace.query("PRAGMA user_version")[0][0] == len(schema.MIGRATIONS)


def test_what_is_written_is_there_the_next_time(tmp_path: Path) -> None:
    with Workspace.open(tmp_path) as workspace:
        Catalogue(workspace).add_policy(a_policy("p1"))
    with Workspace.open(str(tmp_path), create=False) as workspace:
        assert Catalogue(workspace).policy("p1").policy_id == "p1"


def test_none_is_made_where_none_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(errors.WorkspaceMissingError, match="no workspace in"):
        Workspace.open(tmp_path / "nowhere", create=False)
    assert not (tmp_path / "nowhere").exists()


def test_a_file_is_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello")
    with pytest.raises(errors.NotAWorkspaceError, match="is a file; a workspace is a folder"):
        Workspace.open(tmp_path / "file")


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / DATABASE) as other:
        other.execute("CREATE TABLE stamps (country TEXT)")
    other.close()
    with pytest.raises(errors.NotAWorkspaceError, match="another program"):
        Workspace.open(tmp_path)


def test_a_newer_version_is_refused_in_words(tmp_path: Path) -> None:
    with Workspace.open(tmp_path) as workspace:
        workspace.query("PRAGMA user_version = 99")
    with pytest.raises(errors.WorkspaceVersionError, match=r"newer version .* \(schema 99, .* update the program"):
        Workspace.open(tmp_path)


def test_a_database_that_is_none_is_damaged(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"This is not a database. " * 400)
    with pytest.raises(errors.WorkspaceDamagedError, match=r"not a database.*rebuild the catalogue"):
        Workspace.open(tmp_path)


def test_a_database_with_an_overwritten_page_is_damaged(tmp_path: Path) -> None:
    with Workspace.open(tmp_path) as workspace:
        for index in range(200):
            Catalogue(workspace).add_policy(a_policy(f"p{index}"))
        page_size = workspace.query("PRAGMA page_size")[0][0]
    content = bytearray((tmp_path / DATABASE).read_bytes())
    for page in range(3, len(content) // page_size):
        content[page * page_size : page * page_size + 200] = os.urandom(200)
    (tmp_path / DATABASE).write_bytes(content)
    with pytest.raises(errors.WorkspaceDamagedError, match="rebuild the catalogue"):
        Workspace.open(tmp_path)


def test_a_missing_or_empty_database_beside_episodes_is_damaged(tmp_path: Path) -> None:
    Workspace.open(tmp_path).close()
    (tmp_path / "episodes" / "ep-1.parquet").write_bytes(b"")
    (tmp_path / DATABASE).unlink()
    with pytest.raises(errors.WorkspaceDamagedError, match="missing beside recorded episodes"):
        Workspace.open(tmp_path)
    (tmp_path / DATABASE).touch()
    with pytest.raises(errors.WorkspaceDamagedError, match="empty beside recorded episodes"):
        Workspace.open(tmp_path)


def test_a_read_only_disk_is_said_in_words(small_disk: SmallDisk) -> None:
    Workspace.open(small_disk.folder).close()
    small_disk.make_read_only()
    with pytest.raises(errors.WorkspaceReadOnlyError, match="cannot be written to; make it writable"):
        Workspace.open(small_disk.folder)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the privileged user may write anywhere")
def test_a_folder_without_permission_is_said_in_words(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(errors.WorkspaceReadOnlyError, match="cannot be written to; make it writable"):
        Workspace.open(tmp_path)


def test_a_full_disk_is_said_in_words(small_disk: SmallDisk) -> None:
    small_disk.fill()
    with pytest.raises(errors.WorkspaceFullError, match="is full"):
        Workspace.open(small_disk.folder)


def test_a_database_that_stays_locked_is_said_in_words(workspace: Workspace) -> None:
    rival = sqlite3.connect(workspace.folder / DATABASE, isolation_level=None)
    rival.execute("BEGIN IMMEDIATE")
    workspace.query("PRAGMA busy_timeout = 20")
    with pytest.raises(errors.WorkspaceBusyError, match="stayed locked by another process"):
        Catalogue(workspace).add_policy(a_policy("p1"))
    rival.rollback()
    rival.close()
    Catalogue(workspace).add_policy(a_policy("p1"))


def test_only_one_window_has_a_workspace(workspace: Workspace) -> None:
    with workspace.hold_window_lock(), pytest.raises(errors.WorkspaceLockedError, match="open in another window"):
        workspace.hold_window_lock()
    workspace.hold_window_lock().release()


def test_the_lock_ends_with_the_window_that_held_it_however_it_ends(workspace: Workspace) -> None:
    code = (
        "import sys, pathlib; from mile_desktop.storage.workspace import hold_window_lock; "
        "lock = hold_window_lock(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    window = subprocess.Popen(
        [sys.executable, "-c", code, workspace.folder], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with window:
        assert window.stdout.readline() == b"held\n"
        with pytest.raises(errors.WorkspaceLockedError):
            hold_window_lock(workspace.folder)
        with Workspace.open(workspace.folder) as beside:  # the command line and the trainer work beside a window
            Catalogue(beside).add_policy(a_policy("p1"))
        window.send_signal(signal.SIGKILL)
    hold_window_lock(workspace.folder).release()


def test_each_thread_has_its_own_connection_which_goes_with_it(workspace: Workspace) -> None:
    seen = []

    def use() -> None:
        workspace.query("SELECT 1")
        seen.append(workspace.connection())

    for _ in range(3):
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
    workspace.query("SELECT 1")
    assert len({id(each) for each in [*seen, workspace.connection()]}) == 4
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        seen[0].execute("SELECT 1")


def test_a_transaction_is_all_or_nothing(workspace: Workspace) -> Never:
    insert = "INSERT INTO promotion (scene, policy_id, promoted_at) VALUES ('s', 'p', 't')"

    def fail_within() -> None:
        with workspace.transaction() as connection:
            connection.execute(insert)
            connection.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        fail_within()
    assert workspace.query("SELECT count(*) FROM promotion")[0][0] == 0


def test_a_closed_workspace_says_so(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    workspace.close()
    workspace.close()
    with pytest.raises(errors.WorkspaceClosedError, match="was closed"):
        workspace.query("SELECT 1")


def test_several_processes_may_open_a_new_workspace_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from mile_desktop.storage.workspace import Workspace; input(); Workspace.open(sys.argv[1]).close()"
    )
    rivals = [
        subprocess.Popen([sys.executable, "-c", code, tmp_path / "new"], cwd=ROOT, stdin=subprocess.PIPE)
        for _ in range(4)
    ]
    for rival in rivals:
        rival.stdin.write(b"\n")
        rival.stdin.flush()
    # longer than the program itself waits for its lock: on a loaded machine each import takes many seconds
    assert [rival.wait(60) for rival in rivals] == [0, 0, 0, 0]
    for rival in rivals:
        rival.stdin.close()


@pytest.mark.parametrize("question", ["version_of", "_is_foreign"])
def test_a_workspace_that_another_process_makes_meanwhile_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    """Between two questions to an empty database, another process makes the workspace and records an episode."""
    module = schema if question == "version_of" else workspace_module
    ask, asked = getattr(module, question), []

    def ask_and_be_overtaken(connection: sqlite3.Connection) -> object:
        answer = ask(connection)
        if not asked:
            asked.append(question)
            monkeypatch.setattr(workspace_module, "_setup_lock", lambda _: nullcontext())
            Workspace.open(tmp_path).close()
            (tmp_path / "episodes" / "ep-1.parquet").touch()
        return answer

    monkeypatch.setattr(module, question, ask_and_be_overtaken)
    with Workspace.open(tmp_path) as workspace:
        assert workspace.query("PRAGMA user_version")[0][0] == len(schema.MIGRATIONS)


def test_a_table_of_episodes_needs_no_library_that_is_slow_to_start() -> None:
    code = "import sys, mile_desktop.storage.catalogue; print({'pyarrow', 'torch'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
