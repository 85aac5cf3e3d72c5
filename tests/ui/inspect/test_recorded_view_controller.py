from collections.abc import Iterator
from dataclasses import replace

import numpy as np
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
def controller(themed: QApplication, qtbot: QtBot) -> Iterator[RecordedViewController]:
    view = RecordedView()
    qtbot.addWidget(view)
    controller = RecordedViewController(view, QObject(view))
    yield controller
    controller.viewer.close()


def test_a_late_answer_of_the_viewer_does_not_affect_the_next_recording(controller: RecordedViewController) -> None:
    controller.show_recording(a_recording(), scene_info("peg-insertion"))
    controller.viewer.client.fault.emit(v.ViewerFault(text="A state could not be shown."))
    assert controller._view._problem == "A state could not be shown."
    controller._drawn(None)
    assert controller._view._problem == ""
    controller.show_recording(a_recording(), None)
    controller.viewer.client.fault.emit(v.ViewerFault(text="A state could not be shown."))
    controller._drawn(None)
    assert "The scene peg-insertion is not installed" in controller._view._problem


def test_an_imported_episode_without_states_of_the_scene_is_not_drawn(controller: RecordedViewController) -> None:
    recording = a_recording()
    states = np.full((len(recording), 1), np.nan, np.float32)
    imported = replace(recording, episode=replace(recording.episode, scene_state=states))
    controller.show_recording(imported, scene_info("peg-insertion"))
    controller.show_row(0)
    assert "imported without states of the scene" in controller._view._problem


def test_labels_of_lines_with_the_same_end_do_not_overlap() -> None:
    placed: list[QRectF] = []
    for left, top in ((10.0, 10.0), (12.0, 9.0), (8.0, 14.0), (300.0, 10.0)):
        placed.append(below_all(QRectF(left, top, 60.0, 16.0), placed))
    assert not any(one.intersects(other) for index, one in enumerate(placed) for other in placed[:index])
    assert placed[0].top() == placed[3].top() == 10.0, "a label that covers none stays"
