"""The Inspect page at a living desk: real recordings, real viewer, real inspection process."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from mile_desktop.rollout.clock import SimulatedClock
from mile_desktop.rollout.controls import simulated_supervisor
from mile_desktop.rollout.headless import roll_out
from mile_desktop.ui.inspect.controller import InspectController
from mile_desktop.viewer.messages import RECORDED
from tests.ui.application.living import LiveWindow, children, plan


@pytest.fixture(scope="module")
def living(open_window: Callable[..., LiveWindow], tmp_path_factory: pytest.TempPathFactory) -> LiveWindow:
    folder = tmp_path_factory.mktemp("inspect")
    recorded = plan(folder / "workspace", policy="initial", simulated_operator="segment", seed=3)
    supervisor = simulated_supervisor("segment", "peg-insertion")
    assert supervisor is not None
    roll_out(recorded, supervisor, 2, clock=SimulatedClock())
    opened = open_window(folder, plan(folder / "workspace"))
    opened.inspecting = InspectController(opened.application)  # type: ignore[attr-defined]
    opened.until_loaded()
    opened.window.activateWindow()
    return opened


@pytest.fixture
def inspecting(living: LiveWindow) -> InspectController:
    found: InspectController = living.inspecting  # type: ignore[attr-defined]
    return found


def test_the_newest_episode_is_shown_as_it_was_recorded(living: LiveWindow, inspecting: InspectController) -> None:
    frames: list[object] = []
    inspecting.recorded_view.viewer.client.frame_ready.connect(frames.append)
    living.window.show_page("inspect")
    living.until(lambda: inspecting.recording is not None and len(frames) > 0)
    QTest.keyClick(living.handle, Qt.Key.Key_End)
    last = len(inspecting.recording or ()) - 1
    living.until(lambda: any(f.step == last and f.flags & RECORDED for f in frames))  # type: ignore[attr-defined]
    assert len(inspecting.page.episodes.model.ids) == 2


def test_what_the_table_lacks_is_computed_beside(living: LiveWindow, inspecting: InspectController) -> None:
    model = inspecting.page.episodes.model
    living.until(
        lambda: all((row := model.episode_at(place)) is not None and row.threshold is not None for place in range(2))
    )


def test_a_model_and_two_policies_answer(living: LiveWindow, inspecting: InspectController) -> None:
    inspecting.prediction.bar._model.setCurrentIndex(1)
    living.until(lambda: inspecting.page.timeline.probability.prediction is not None)
    inspecting.playback.go(10)
    QTest.keyClick(living.handle, Qt.Key.Key_W)
    living.until(lambda: inspecting.roll_forward.path_lines(10))
    assert "the replay is exact" in inspecting.roll_forward.bar._message.text()
    QTest.keyClick(living.handle, Qt.Key.Key_V)
    assert inspecting.playback.state.length != len(inspecting.recording or ())
    inspecting.roll_forward.choose(-1)


def test_an_edit_counts_for_learning_at_once_and_is_undone_by_a_key(
    living: LiveWindow, inspecting: InspectController
) -> None:
    steps = living.workspace.summary("peg-insertion").steps
    inspecting.page.timeline.show_row(5)
    inspecting.page.timeline.begin_stretch()
    inspecting.page.timeline.show_row(14)
    inspecting.page.timeline.end_stretch()
    QTest.keyClick(living.handle, Qt.Key.Key_X)
    living.until(lambda: inspecting.recording is not None and inspecting.recording.kept == (5, 14))
    shorter = living.workspace.summary("peg-insertion").steps
    assert shorter < steps
    assert str(shorter) in living.learn_facts
    QTest.keyClick(living.handle, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    living.until(lambda: living.workspace.summary("peg-insertion").steps == steps)
    living.until(lambda: inspecting.recording is not None and inspecting.recording.kept[0] == 0)


def test_closing_leaves_nothing_behind(living: LiveWindow, inspecting: InspectController) -> None:
    living.close()
    assert not inspecting.client.alive
    assert not inspecting.recorded_view.viewer.client.alive
    assert not children()
