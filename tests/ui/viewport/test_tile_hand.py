import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from mile_desktop.channels.shared import Frame
from mile_desktop.ui.supervise.picture_menu import PictureMenu
from mile_desktop.ui.supervise.scene_view import SceneView
from mile_desktop.ui.viewport.tiles import SCENE


@pytest.fixture
def pictures(qtbot: QtBot) -> SceneView:
    """The scene with two cameras beside it."""
    view = SceneView()
    qtbot.addWidget(view)
    view.resize(900, 500)
    view.show()
    view.show_frame(
        Frame(
            pixels=np.full((120, 160, 3), 120, np.uint8),
            sequence=1,
            timestamp=100.0,
            view_projection=np.eye(4, dtype=np.float32),
            anchor=np.zeros(3, np.float32),
            step=3,
            flags=0,
        )
    )
    view.set_cameras(["wrist", "table"])
    return view


def drag(view: SceneView, start: QPointF, way: QPointF) -> None:
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start.toPoint())
    for part in (0.5, 1.0):
        QTest.mouseMove(view, (start + part * way).toPoint())
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=(start + way).toPoint())


def test_a_small_picture_is_moved_and_resized_with_the_mouse(pictures: SceneView, qtbot: QtBot) -> None:
    before = pictures._rects()["wrist"]
    with qtbot.waitSignal(pictures.arrangement_chosen):
        drag(pictures, before.center(), QPointF(-300, 20))
    moved = pictures._rects()["wrist"]
    assert moved.center().x() == pytest.approx(before.center().x() - 300, abs=1)
    assert moved.size() == before.size()
    assert pictures.tiles.main == SCENE, "a drag is no click"
    drag(pictures, moved.bottomLeft() + QPointF(3, -3), QPointF(-60, 10))
    larger = pictures._rects()["wrist"]
    assert larger.width() == pytest.approx(moved.width() + 60, abs=2)
    assert larger.topRight() == moved.topRight()
    drag(pictures, larger.center(), QPointF(-3000, 3000))
    assert pictures.inside().adjusted(-0.1, -0.1, 0.1, 0.1).contains(pictures._rects()["wrist"])


def test_a_cross_puts_a_small_picture_away_and_the_menu_lists_it(pictures: SceneView) -> None:
    QTest.mouseMove(pictures, pictures._rects()["wrist"].center().toPoint())
    assert pictures._under_mouse == "wrist"
    corner = pictures._rects()["wrist"].topRight() + QPointF(-6, 6)
    QTest.mouseClick(pictures, Qt.MouseButton.LeftButton, pos=corner.toPoint())
    assert "wrist" not in pictures._rects()
    menu = PictureMenu(pictures)
    menu._fill()
    ticked = {each.text(): each.isChecked() for each in menu.menu().actions() if each.text() in {"wrist", "table"}}
    assert ticked == {"wrist": False, "table": True}
    menu._show_small("wrist", shown=True)
    assert "wrist" in pictures._rects()
    menu.deleteLater()
