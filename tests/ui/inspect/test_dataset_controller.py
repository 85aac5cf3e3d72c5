"""Exports and imports from the menu of the Inspect page, with the real command in its process."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from mile_desktop.paths import bundled_demonstrations
from mile_desktop.storage.adoption import add_episodes
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.episodes import read_episode_file
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.composition import Composition, compose
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.workspace_session import WorkspaceSession

PEG = "peg-insertion"
LONG_MS = 100_000


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    files = sorted(bundled_demonstrations(PEG).glob("*.parquet"))[:2]
    with Workspace.open(tmp_path / "workspace") as workspace:
        add_episodes(workspace, map(read_episode_file, files))
        yield workspace


@pytest.fixture
def parts(qtbot: QtBot, tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Composition]:
    parts = compose(PreferenceStore(tmp_path / "preferences.json"))
    qtbot.addWidget(parts.application.window)
    parts.application.workspace = WorkspaceSession(workspace.folder)
    monkeypatch.setattr(type(parts.application), "scene", property(lambda _: PEG))
    yield parts
    parts.application.close()
    parts.datasets._job.close()


def newest(parts: Composition) -> str:
    return parts.application.window.messages.entries[-1].text


def finished(qtbot: QtBot, parts: Composition) -> None:
    qtbot.waitUntil(lambda: not parts.datasets._job.running, timeout=LONG_MS)


def test_the_selection_is_exported_and_a_dropped_folder_imported(
    qtbot: QtBot, parts: Composition, workspace: Workspace, tmp_path: Path
) -> None:
    records = Catalogue(workspace).episodes(PEG)
    ids, steps = tuple(each.episode_id for each in records), sum(each.steps for each in records)
    target = tmp_path / "набор данных"
    parts.datasets.export_to(PEG, ids, str(target), "lerobot")
    assert parts.datasets.running_work() is not None
    assert not parts.datasets.bar._progress.isHidden()
    finished(qtbot, parts)
    assert newest(parts) == f"Episodes in {target}: 2 ({steps} steps)."
    assert parts.datasets.bar._progress.isHidden()

    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(target))])
    drop = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    parts.inspect.page.dropEvent(drop)
    finished(qtbot, parts)
    assert "earlier in the data set: 2." in newest(parts)


def test_a_difference_is_said_and_imported_only_after_the_person_accepts_it(
    qtbot: QtBot, parts: Composition, workspace: Workspace, tmp_path: Path
) -> None:
    ids = tuple(each.episode_id for each in Catalogue(workspace).episodes(PEG))
    parts.datasets.export_to(PEG, ids[:1], str(tmp_path / "set"), "lerobot")
    finished(qtbot, parts)
    info = tmp_path / "set" / "meta" / "info.json"
    content = json.loads(info.read_text())
    content["features"]["action"]["names"][2] = "yaw"
    info.write_text(json.dumps(content))

    parts.datasets.import_from(str(tmp_path / "set"))
    finished(qtbot, parts)

    message = parts.application.window.messages.entries[-1]
    assert message.text == "Entry 2 of the action is 'yaw' in the data set and 'dz' in peg-insertion."
    assert message.action is not None
    assert message.action.label == "Import anyway"
    message.action.run()
    finished(qtbot, parts)
    assert "earlier in the data set: 1." in newest(parts)


def test_nothing_selected_and_two_scenes_are_said(parts: Composition) -> None:
    parts.datasets.choose_target()
    assert newest(parts) == "Select the episodes that you want to export."
