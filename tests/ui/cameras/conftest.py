from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from PySide6.QtWidgets import QApplication

from mile_desktop.processes import camera
from mile_desktop.ui.cameras.camera_store import FILE_NAME, CameraStore
from mile_desktop.ui.cameras.capture_controller import CaptureController
from mile_desktop.ui.cameras.dialog import CamerasDialog
from tests.cameras.pictures import numbered


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures that work as a camera."""
    place = tmp_path_factory.mktemp("pictures")
    for index in range(20):
        cv2.imwrite(str(place / f"{index:03d}.png"), numbered(index)[:, :, ::-1])
    return place


@pytest.fixture
def cameras(themed: QApplication, tmp_path: Path) -> CameraStore:
    return CameraStore(tmp_path / FILE_NAME)


@pytest.fixture
def live(cameras: CameraStore) -> Iterator[CaptureController]:
    made = CaptureController(cameras, camera)
    yield made
    made.close()


@pytest.fixture
def dialog(cameras: CameraStore, live: CaptureController) -> Iterator[CamerasDialog]:
    made = CamerasDialog(cameras, live, camera)
    made.show()
    yield made
    made.close()
    made.deleteLater()
