from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, QRectF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.ui.inspect.recorded_view import RecordedView, below_all
from mile_desktop.ui.inspect.recorded_view_controller import RecordedViewController
from mile_desktop.viewer import messages as v
from tests.ui.inspect.examples import a_recording


@pytest.fixture
def viewing(themed: QApplication, qtbot: QtBot) -> Iterator[RecordedViewController]:
    view = RecordedView()
    qtbot.addWidget(view)
    viewing = RecordedViewController(view, QObject(view))
    yield viewing
    viewing.viewer.close()


def test_what_the_viewer_says_late_is_not_said_of_another_recording(viewing: RecordedViewController) -> None:
    viewing.show_recording(a_recording(), scene_info("peg-insertion"))
    viewing.viewer.client.fault.emit(v.ViewerFault(text="A state could not be shown."))
    assert viewing._view._problem == "A state could not be shown."
    viewing._drawn(None)
    assert viewing._view._problem == ""
    viewing.show_recording(a_recording(), None)
    viewing.viewer.client.fault.emit(v.ViewerFault(text="A state could not be shown."))
    viewing._drawn(None)
    assert "There is no scene peg-insertion here" in viewing._view._problem


def test_names_of_tracks_that_end_at_one_place_stand_below_each_other() -> None:
    placed: list[QRectF] = []
    for left, top in ((10.0, 10.0), (12.0, 9.0), (8.0, 14.0), (300.0, 10.0)):
        placed.append(below_all(QRectF(left, top, 60.0, 16.0), placed))
    assert not any(one.intersects(other) for index, one in enumerate(placed) for other in placed[:index])
    assert placed[0].top() == placed[3].top() == 10.0, "only what would cover another is moved"
