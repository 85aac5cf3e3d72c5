from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mile_desktop.errors import UserError
from mile_desktop.ui import locked_workspace
from mile_desktop.ui.locked_workspace import LockedWorkspace
from mile_desktop.ui.workspace_session import WorkspaceSession


def test_a_workspace_is_opened_as_soon_as_the_other_window_has_left_it(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locked_workspace, "_AGAIN_MS", 10)
    other = WorkspaceSession(tmp_path / "workspace")
    opened: list[WorkspaceSession] = []
    errors: list[UserError] = []
    waiting = LockedWorkspace(opened.append, lambda error, _: errors.append(error))
    waiting.wait_for(tmp_path / "workspace")
    qtbot.wait(50)
    assert opened == []
    other.close()
    qtbot.waitUntil(lambda: bool(opened))
    opened[0].close()
    assert errors == []


def test_another_error_ends_the_waiting(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locked_workspace, "_AGAIN_MS", 10)
    (tmp_path / "file").write_text("no folder")
    errors: list[Path] = []
    waiting = LockedWorkspace(lambda _: None, lambda _, folder: errors.append(folder))
    waiting.wait_for(tmp_path / "file")
    qtbot.waitUntil(lambda: bool(errors))
    qtbot.wait(50)
    assert errors == [tmp_path / "file"]
