"""The Inspect page of the whole window: real recordings, real viewer, real inspection process."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from mile_desktop.rollout.clock import SimulatedClock
from mile_desktop.rollout.headless import roll_out
from mile_desktop.rollout.input_devices import simulated_supervisor
from mile_desktop.storage.episodes import read_recording
from mile_desktop.storage.generated_sets import GeneratedSet, generated_sets, write_set
from mile_desktop.ui.inspect.controller import InspectController
from mile_desktop.viewer.messages import RECORDED
from tests.ui.application.live_window import LiveWindow, children, plan


@pytest.fixture(scope="module")
def started(open_window: Callable[..., LiveWindow], tmp_path_factory: pytest.TempPathFactory) -> LiveWindow:
    folder = tmp_path_factory.mktemp("inspect")
    recorded = plan(folder / "workspace", policy="initial", simulated_operator="segment", seed=3)
    supervisor = simulated_supervisor("segment", "peg-insertion")
    assert supervisor is not None
    roll_out(recorded, supervisor, 2, clock=SimulatedClock())
    opened = open_window(folder, plan(folder / "workspace"))
    opened.until_loaded()
    opened.window.activateWindow()
    return opened


@pytest.fixture
def inspecting(started: LiveWindow) -> InspectController:
    return started.parts.inspect


def test_the_newest_episode_is_shown_as_it_was_recorded(started: LiveWindow, inspecting: InspectController) -> None:
    frames: list[object] = []
    inspecting.recorded_view.viewer.client.frame_ready.connect(frames.append)
    started.window.show_page("inspect")
    started.until(lambda: inspecting.recording is not None and len(frames) > 0)
    QTest.keyClick(started.handle, Qt.Key.Key_End)
    last = len(inspecting.recording or ()) - 1
    started.until(lambda: any(f.step == last and f.flags & RECORDED for f in frames))  # type: ignore[attr-defined]
    assert len(inspecting.page.episodes.model.ids) == 2


def test_missing_values_are_computed_in_another_process(started: LiveWindow, inspecting: InspectController) -> None:
    model = inspecting.page.episodes.model

    def is_complete(place: int) -> bool:
        row = model.episode_at(place)
        return row is not None and row.threshold is not None

    started.until(lambda: all(map(is_complete, range(2))))


def test_a_model_and_two_policies_answer(started: LiveWindow, inspecting: InspectController) -> None:
    inspecting.prediction.bar._model.setCurrentIndex(1)
    started.until(lambda: inspecting.page.timeline.probability.prediction is not None)
    inspecting.playback.go(10)
    QTest.keyClick(started.handle, Qt.Key.Key_W)
    started.until(lambda: inspecting.roll_forward.path_lines(10))
    assert "the replay is exact" in inspecting.roll_forward.bar._message.text()
    QTest.keyClick(started.handle, Qt.Key.Key_V)
    assert inspecting.playback.state.length != len(inspecting.recording or ())
    inspecting.roll_forward.choose(-1)


def test_an_edit_counts_for_learning_at_once_and_is_undone_by_a_key(
    started: LiveWindow, inspecting: InspectController
) -> None:
    steps = started.workspace.summary("peg-insertion").steps
    inspecting.page.timeline.show_row(5)
    inspecting.page.timeline.begin_stretch()
    inspecting.page.timeline.show_row(14)
    inspecting.page.timeline.end_stretch()
    QTest.keyClick(started.handle, Qt.Key.Key_X)
    started.until(lambda: inspecting.recording is not None and inspecting.recording.kept == (5, 14))
    shorter = started.workspace.summary("peg-insertion").steps
    assert shorter < steps
    assert str(shorter) in started.learn.facts
    QTest.keyClick(started.handle, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    started.until(lambda: started.workspace.summary("peg-insertion").steps == steps)
    started.until(lambda: inspecting.recording is not None and inspecting.recording.kept[0] == 0)


def test_generated_episodes_are_looked_at_and_removed_with_undo(
    started: LiveWindow, inspecting: InspectController
) -> None:
    folder, table = started.workspace.workspace, inspecting.page.episodes
    recorded = read_recording(folder, table.model.ids[0])
    start = replace(recorded.record.start, episode_id="p-5000000", extra={"generated": "run-1"})
    described = GeneratedSet(
        set_id="run-1", scene="peg-insertion", policy_id=start.policy_id, model_id="m", randomisation="usual 00",
        created_at="2026-01-01T00:00:00+00:00", first_seed=5_000_000, tried=1, episodes=1, steps=len(recorded),
        takeovers=1, corrected_steps=1,
    )  # fmt: skip
    write_set(folder, described, (replace(recorded, record=replace(recorded.record, start=start)),))
    facts = started.learn.facts
    started.application.episodes_changed.emit()
    assert len(table.model.ids) == 2
    assert started.learn.facts == facts
    table.filters.show_source("generated")
    started.until(lambda: inspecting.recording is not None and inspecting.page._lineage.isVisible())
    assert table.model.ids == ("generated/run-1/0000",)
    assert "model m stood in for you" in inspecting.page._lineage.text()
    started.until(lambda: inspecting.page.timeline.probability.prediction is not None)
    table.table.setFocus()
    QTest.keyClick(started.handle, Qt.Key.Key_Delete)
    started.until(table.filters._source.isHidden)
    assert len(table.model.ids) == 2
    QTest.keyClick(started.handle, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    started.until(lambda: not table.filters._source.isHidden())
    # The Learn panel removes the same set, also with an Undo.
    started.parts.generation.part.remove_requested.emit("run-1")
    assert (table.filters._source.isHidden(), generated_sets(folder)) == (True, ())
    started.window.messages.run_newest()
    assert [each.set_id for each in generated_sets(folder)] == ["run-1"]
    assert not table.filters._source.isHidden()


def test_closing_leaves_nothing_behind(started: LiveWindow, inspecting: InspectController) -> None:
    started.close()
    assert not inspecting.client.alive
    assert not inspecting.recorded_view.viewer.client.alive
    assert not children(started.folder)
