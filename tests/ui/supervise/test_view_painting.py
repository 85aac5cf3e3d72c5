"""How often the view is painted."""

import pytest
from PySide6.QtCore import QEvent, QObject
from pytestqt.qtbot import QtBot

from mile_desktop.ui.supervise.scene_view import SceneView
from tests.ui.supervise.examples import session, taken
from tests.ui.supervise.test_scene_view import PRESETS, frame


class PaintCount(QObject):
    count = 0

    def eventFilter(self, _: QObject, event: QEvent) -> bool:
        self.count += event.type() is QEvent.Type.Paint
        return False


@pytest.fixture
def view(qtbot: QtBot) -> SceneView:
    view = SceneView()
    qtbot.addWidget(view)
    view.resize(640, 400)
    view.set_presets(PRESETS)
    view.start_session(session())
    view.show()
    qtbot.waitExposed(view)
    return view


def test_a_step_its_picture_and_its_small_views_are_painted_together(view: SceneView, qtbot: QtBot) -> None:
    paints = PaintCount()
    view.installEventFilter(paints)
    view.set_small_views({"top": "Top"})
    qtbot.waitUntil(lambda: paints.count > 0)
    qtbot.waitUntil(lambda: not view._repaint_timer.isActive())
    paints.count = 0
    view.show_step(taken(4))
    view.show_small_view("top", frame())
    assert view._repaint_timer.isActive()
    view.show_frame(frame())
    assert not view._repaint_timer.isActive(), "the picture is painted at once, with all that waited"
    qtbot.waitUntil(lambda: paints.count == 1)
    view.show_step(taken(5))
    qtbot.waitUntil(lambda: paints.count == 2)  # a step without a picture waits no longer than that
