import stat
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mile_desktop.cameras.settings import CameraSettings, Crop
from mile_desktop.ui.cameras.camera_store import CameraStore
from mile_desktop.ui.viewport.tile_layout import Layout

WRIST = CameraSettings(name="Wrist", address="rtsp://me:hush@host/a", crop=Crop(left=0.1), rotation=90, needed=True)
TABLE = CameraSettings(name="Table", address="0", rate_hz=15.0)


def test_cameras_and_arrangement_are_remembered_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "config" / "cameras.json"
    store = CameraStore(path)
    store.set_cameras([WRIST, TABLE])
    store.remember_view(Layout.GRID, "Table")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = CameraStore(path)
    assert (again.cameras, again.value.layout, again.value.main) == ((WRIST, TABLE), Layout.GRID, "Table")
    assert not again.problem


def test_two_cameras_never_write_the_same_file(tmp_path: Path) -> None:
    store = CameraStore(tmp_path / "cameras.json")
    with pytest.raises(ValueError, match=r"wrist.mp4"):
        store.set_cameras([WRIST, CameraSettings(name="wrist!", address="1")])
    assert store.cameras == ()


def test_a_damaged_file_is_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "cameras.json"
    path.write_text('{"cameras": [{"name": "a", "address": "0", "crop": {"left": 0.8, "right": 0.8}}]}')
    store = CameraStore(path)
    assert store.cameras == ()
    assert "damaged" in store.problem
    assert (tmp_path / "cameras.json.damaged").exists()


def test_a_read_only_folder_is_reported(tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "config").write_text("a file")
    store = CameraStore(tmp_path / "config" / "cameras.json")
    with qtbot.waitSignal(store.problem_occurred) as problem:
        store.set_cameras([TABLE])
    assert "until you close" in problem.args[0]
    assert store.cameras == (TABLE,)
