import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from mile_desktop.ui.viewport.depth_overlay import distance_text, gripper_text, paint_drop_line
from mile_desktop.viewer.aids import Aids
from mile_desktop.viewer.camera import View

AIDS = Aids(True, 0.08, False, (0.5, 0.0, 0.2), 0.0, 0, (0.0, 0.012, -0.031))


@pytest.mark.parametrize(
    ("yaw", "text"),
    [
        (0.0, "hole: 12 mm away, 31 mm down"),
        (90.0, "hole: 12 mm right, 31 mm down"),
        (180.0, "hole: 12 mm near, 31 mm down"),
    ],
)
def test_distances_are_said_as_seen_by_the_camera(yaw: float, text: str) -> None:
    assert distance_text(AIDS, "hole", yaw) == text


def test_a_distance_too_short_for_a_key_press_is_left_out() -> None:
    assert distance_text(Aids(True, target=0, offset=(0.001, -0.001, 0.0)), "hole", 30.0) == "hole: there"
    assert distance_text(Aids(True, target=-1), "hole", 0.0) == ""


def test_the_gripper_and_its_height_are_said() -> None:
    assert gripper_text(Aids(True, -0.0002, False, (0.5, 0.0, 0.1), 0.06)).startswith("Gripper open 0 mm")
    assert gripper_text(AIDS) == "Gripper open 80 mm · 200 mm above the surface"
    assert gripper_text(Aids(True, 0.03, True, (0.5, 0.0, 0.1), 0.06)) == "Holding · 40 mm above the surface"


def painted(themed: QApplication, view: View) -> QImage:
    image = QImage(400, 300, QImage.Format.Format_RGB888)
    image.fill(QColor("black"))
    painter = QPainter(image)
    paint_drop_line(painter, QRectF(0, 0, 400, 300), view.view_projection(4 / 3), AIDS)
    painter.end()
    return image


def bright(image: QImage) -> np.ndarray:
    pixels = [[image.pixelColor(x, y).value() > 120 for x in range(400)] for y in range(300)]
    return np.argwhere(np.array(pixels))


def test_the_drop_line_runs_down_to_a_ring_on_the_surface(themed: QApplication) -> None:
    spots = bright(painted(themed, View(90.0, -30.0, 1.0, (0.5, 0.0, 0.1))))
    assert len(spots) > 30
    assert abs(spots[:, 1] - 200).max() < 20, "a vertical line in the middle of the picture, and a small ring"
    assert spots[:, 0].min() < 150 < spots[:, 0].max()


def test_nothing_is_painted_behind_the_camera(themed: QApplication) -> None:
    assert not len(bright(painted(themed, View(90.0, 0.0, 1.0, (-5.0, 0.0, 0.1)))))
