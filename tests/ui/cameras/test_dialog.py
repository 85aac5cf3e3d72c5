from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from mile_desktop.cameras.messages import CameraState, CameraStatus
from mile_desktop.cameras.settings import CameraSettings, Crop
from mile_desktop.channels.shared import Frame
from mile_desktop.processes import camera
from mile_desktop.ui.cameras import status_text
from mile_desktop.ui.cameras.camera_preview import crop_within
from mile_desktop.ui.cameras.camera_store import CameraStore
from mile_desktop.ui.cameras.capture_controller import CaptureController
from mile_desktop.ui.cameras.dialog import CamerasDialog
from tests.cameras.pictures import numbered
from tests.cameras.test_attached import Machine


def add(dialog: CamerasDialog, address: str) -> None:
    dialog._new_address.setText(address)
    QTest.keyClick(dialog._new_address, Qt.Key.Key_Return)


def names(store: CameraStore) -> list[str]:
    return [camera.name for camera in store.cameras]


def test_cameras_are_added_named_moved_and_removed(dialog: CamerasDialog, cameras: CameraStore, folder: Path) -> None:
    add(dialog, "0")
    add(dialog, str(folder))
    add(dialog, "rtsp://me:hush@host/a")
    assert names(cameras) == ["Camera", "Pictures", "Network camera"]
    assert dialog.selected == "Network camera"
    dialog.cameras.up.click()
    assert names(cameras) == ["Camera", "Network camera", "Pictures"]
    assert dialog.selected == "Network camera"
    dialog._form._name.setText("Wrist")
    QTest.keyClick(dialog._form._name, Qt.Key.Key_Return)
    assert names(cameras) == ["Camera", "Wrist", "Pictures"]
    assert dialog.selected == "Wrist"
    dialog.cameras.remove.click()
    assert names(cameras) == ["Camera", "Pictures"]


def test_a_removed_camera_comes_back_at_its_place_with_its_settings(
    dialog: CamerasDialog, cameras: CameraStore, qtbot: QtBot
) -> None:
    for address in ("0", "1", "2"):
        add(dialog, address)
    dialog.select("Camera 2")
    dialog._form._needed.setChecked(True)
    before = cameras.cameras
    with qtbot.waitSignal(dialog.removed) as caught:
        dialog.cameras.remove.click()
    assert caught.args == ["Camera 2"]
    assert "Camera 2" in dialog.cameras.undo.text()
    dialog.cameras.undo.click()
    assert cameras.cameras == before
    assert dialog.selected == "Camera 2"
    assert dialog.cameras.undo.isHidden(), "it can be undone once"
    dialog.bring_back()
    assert cameras.cameras == before


def test_each_camera_has_a_small_picture_in_the_list(dialog: CamerasDialog) -> None:
    add(dialog, "0")
    add(dialog, "1")
    picture = Frame(numbered(3), 1, 0.0, None, None, -1, 0)  # type: ignore[arg-type]
    dialog._live.frame_ready.emit("Camera", picture)
    dialog._show_status()
    assert set(dialog.cameras._pictures) == {"Camera"}
    assert [dialog.cameras._list.item(row).text().split("\n")[0] for row in range(2)] == ["Camera", "Camera 2"]
    dialog.select("Camera")
    dialog.cameras.remove.click()
    assert dialog.cameras._pictures == {}


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("", "needs an address"),
        ("rtsp://", "no host"),
        ("10.0.0.1:80/video", "rtsp:// or http://"),
        ("gopher://x", "gopher"),
    ],
)
def test_a_bad_address_is_rejected_with_a_reason(
    dialog: CamerasDialog, cameras: CameraStore, address: str, reason: str
) -> None:
    add(dialog, address)
    assert reason in dialog._message.text()
    assert dialog._message.isVisible()
    assert cameras.cameras == ()
    dialog._test.click()
    assert reason in dialog._message.text()


def test_a_password_is_never_shown_and_stays_when_the_path_is_edited(
    dialog: CamerasDialog, cameras: CameraStore
) -> None:
    add(dialog, "rtsp://me:hush@host/a")
    field = dialog._form._address
    assert field.text() == "rtsp://•••@host/a"
    field.setText("rtsp://•••@host/b")
    field.editingFinished.emit()
    assert cameras.cameras[0].address == "rtsp://me:hush@host/b"
    field.setText("rtsp://host/c")
    field.editingFinished.emit()
    assert cameras.cameras[0].address == "rtsp://host/c"


def test_every_setting_reaches_the_camera(dialog: CamerasDialog, cameras: CameraStore) -> None:
    add(dialog, "0")
    editor = dialog._form
    editor._needed.setChecked(True)
    editor._record.setChecked(False)
    editor._enabled.setChecked(False)
    editor._size.setCurrentText("640 × 480")
    editor._rate.setCurrentText("15 fps")
    editor._rotation.setCurrentText("180°")
    editor._crops["left"].setValue(25)
    editor._stale.setValue(0.5)
    assert cameras.cameras[0] == CameraSettings(
        name="Camera",
        address="0",
        enabled=False,
        needed=True,
        record=False,
        crop=Crop(left=0.25),
        rotation=180,
        max_width=640,
        max_height=480,
        rate_hz=15.0,
        stale_after_s=0.5,
    )


def test_a_taken_name_is_rejected_and_the_form_shows_the_old_one(dialog: CamerasDialog, cameras: CameraStore) -> None:
    add(dialog, "0")
    add(dialog, "1")
    dialog._form._name.setText("camera")
    dialog._form._name.editingFinished.emit()
    assert names(cameras) == ["Camera", "Camera 2"]
    assert "exists already" in dialog._message.text()
    assert dialog._form._name.text() == "Camera 2"


def test_a_dragged_rectangle_crops_the_picture(dialog: CamerasDialog, cameras: CameraStore) -> None:
    add(dialog, "0")
    preview = dialog._preview
    nothing = Frame(numbered(3), 1, 0.0, None, None, -1, 0)  # type: ignore[arg-type]
    dialog._live.frame_ready.emit("Camera", nothing)
    place = preview._picture_rect()
    start = place.center().toPoint()
    QTest.mousePress(preview, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(preview, place.bottomRight().toPoint())
    QTest.mouseRelease(preview, Qt.MouseButton.LeftButton, pos=place.bottomRight().toPoint() + QPoint(40, 40))
    crop = cameras.cameras[0].crop
    assert (crop.left, crop.top) == (pytest.approx(0.5, abs=0.02), pytest.approx(0.5, abs=0.02))
    assert (crop.right, crop.bottom) == (pytest.approx(0.0, abs=0.02), pytest.approx(0.0, abs=0.02))
    dialog._form._uncropped.click()
    assert cameras.cameras[0].crop == Crop()


@given(
    rotation=st.sampled_from([0, 90, 180, 270]),
    corners=st.tuples(*[st.floats(0.0, 0.4) for _ in range(4)]),
)
def test_a_crop_of_the_rotated_picture_is_rotated_back(
    rotation: int, corners: tuple[float, float, float, float]
) -> None:
    import numpy as np  # noqa: PLC0415

    from mile_desktop.cameras.transform import transformed  # noqa: PLC0415

    y, x = np.mgrid[0:120, 0:160]
    pixels = np.dstack((y, x, x * 0)).astype(np.uint8)
    whole = transformed(pixels, CameraSettings(name="a", address="0", rotation=rotation))  # type: ignore[arg-type]
    left, top, right, bottom = corners
    part = QRectF(left, top, 1.0 - left - right, 1.0 - top - bottom)
    crop = crop_within(Crop(), rotation, part)  # type: ignore[arg-type]
    cut = transformed(pixels, CameraSettings(name="a", address="0", rotation=rotation, crop=crop))  # type: ignore[arg-type]
    height, width = whole.shape[:2]
    expected = whole[round(top * height), round(left * width)].astype(int)
    assert np.abs(cut[0, 0].astype(int) - expected).max() <= 2


def test_status_text_names_state_age_and_figures() -> None:
    live = CameraStatus(state=CameraState.LIVE, width=640, height=480, rate_hz=29.97, latency_ms=12.3, dropped=2)
    assert status_text.figures(live, 0.033, stale=False) == (
        "Live · 640 × 480 · 30.0 fps · latency 12 ms · age 33 ms · 2 dropped"
    )
    assert status_text.tile_note(live, 0.033, stale=False) == ""
    assert status_text.tile_note(live, 2.34, stale=True) == "stale · picture 2.3 s old"
    lost = CameraStatus(state=CameraState.LOST, text="It broke off.", retry_in_s=4.0)
    assert status_text.tile_note(lost, 130.0, stale=True) == "lost · picture 2 min old · retry in 4.0 s"
    assert status_text.explanation(lost) == "It broke off. Next try in 4.0 s."


def test_testing_an_address_shows_its_picture_without_adding_it(
    dialog: CamerasDialog, cameras: CameraStore, folder: Path, qtbot: QtBot
) -> None:
    dialog._new_address.setText(str(folder))
    dialog._test.click()
    qtbot.waitUntil(lambda: not dialog._preview._image.isNull(), timeout=30000)
    qtbot.waitUntil(lambda: dialog._status.text().startswith("Live · 96 × 64"), timeout=30000)
    assert cameras.cameras == ()
    assert "not added yet" in dialog._title.text()
    assert dialog._trial is not None
    pid = dialog._trial.pid
    assert pid
    dialog.hide()
    assert dialog._trial is None


def test_the_cameras_of_this_computer_are_found_and_tried(
    live: CaptureController, cameras: CameraStore, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "machine")
    machine.plug(0, "Logitech C920", serial="usb-C920_77")
    machine.plug(1, "Logitech C920")
    machine.data_only.add("video1")
    dialog = CamerasDialog(cameras, live, camera, attached=machine.cameras)
    dialog.show()
    entries = dialog._find.fill()
    assert [entry.text() for entry in entries] == [f"Logitech C920 ({machine.root / 'dev/video0'})"]
    assert entries[0].isEnabled()
    entries[0].trigger()
    assert dialog._title.text() == "/dev/v4l/by-id/usb-C920_77, not added yet"
    dialog._add.click()
    assert [(each.address, each.device) for each in cameras.cameras] == [
        ("/dev/v4l/by-id/usb-C920_77", "Logitech C920 (usb-C920_77)")
    ]
    machine.unplug()
    assert [entry.text() for entry in dialog._find.fill()] == ["No camera is plugged into this computer"]
    dialog.close()
    dialog.deleteLater()
