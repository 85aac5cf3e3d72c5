"""A session as a person has it: start, watch, take over with the keyboard, change one's mind, find it all again."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from mile_desktop.rollout.phases import Phase
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.supervise.transport_model import Action
from tests.storage.samples import a_policy
from tests.ui.application.living import LiveWindow, children, plan
from tests.ui.ui_children import worker


@pytest.fixture(scope="module")
def living(open_window: Callable[..., LiveWindow], tmp_path_factory: pytest.TempPathFactory) -> LiveWindow:
    folder = tmp_path_factory.mktemp("session")
    opened = open_window(folder, plan(folder / "workspace"))
    opened.until_loaded()
    return opened


@pytest.fixture
def desk(living: LiveWindow) -> LiveWindow:
    living.to_idle()
    living.forget()
    return living


def test_an_episode_is_driven_shown_recorded_and_counted(desk: LiveWindow) -> None:
    frames: list[object] = []
    desk.desk.viewer.frame_ready.connect(frames.append)
    desk.start_episode()
    assert desk.badge == "Autonomous"
    desk.until(lambda: desk.closed)
    assert desk.closed[0].outcome == "success"
    assert [step.step for step in desk.steps] == list(range(desk.closed[0].steps))
    assert desk.library.catalogue.episode(desk.closed[0].episode_id).steps == desk.closed[0].steps
    desk.until(lambda: desk.learn_facts.startswith("1 episode"))
    desk.until(lambda: frames)
    desk.until_phase(Phase.IDLE)
    assert desk.badge == "Ready"


def test_space_takes_over_and_letting_go_gives_back(desk: LiveWindow) -> None:
    desk.start_episode()
    desk.until(lambda: desk.steps)
    desk.press(Qt.Key.Key_Space)
    desk.press(Qt.Key.Key_E)
    desk.until_phase(Phase.TAKEOVER)
    assert desk.badge == "Takeover"
    desk.until(lambda: desk.steps[-1].intervention and desk.steps[-1].executed[2] == pytest.approx(1.0))
    desk.release(Qt.Key.Key_E)
    desk.release(Qt.Key.Key_Space)
    desk.until_phase(Phase.AUTONOMOUS)
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: desk.closed)
    assert (desk.closed[0].outcome, desk.closed[0].takeovers) == ("success", 1)


def test_every_button_may_be_pressed_twice(desk: LiveWindow) -> None:
    desk.click(Action.START, 2)
    desk.until_phase(Phase.AUTONOMOUS)
    desk.click(Action.HOLD)
    desk.until_phase(Phase.HOLD)
    assert desk.badge == "Hold"
    desk.click(Action.RESUME)
    desk.until_phase(Phase.AUTONOMOUS)
    desk.until(lambda: desk.steps)
    desk.click(Action.FAILURE, 2)
    desk.until(lambda: desk.closed)
    desk.until_phase(Phase.IDLE)
    desk.click(Action.START)
    desk.until_phase(Phase.AUTONOMOUS)
    desk.click(Action.STOP, 2)
    desk.until_phase(Phase.STOPPED)
    desk.click(Action.RESET, 2)
    desk.until_phase(Phase.IDLE)
    assert [each.outcome for each in desk.closed][:1] == ["failure"]
    assert not [entry for entry in desk.messages if entry.level in {"warning", "error"}]


def test_a_discard_can_be_undone_at_once(desk: LiveWindow) -> None:
    desk.start_episode()
    desk.until(lambda: len(desk.steps) > 3)
    desk.press(Qt.Key.Key_Delete)
    desk.press(Qt.Key.Key_Delete)
    desk.until(lambda: desk.closed)
    assert desk.closed[0].discarded
    desk.desk.supervise.transport._undo.click()
    desk.until(lambda: len(desk.closed) > 1)
    assert (desk.closed[1].episode_id, desk.closed[1].discarded) == (desk.closed[0].episode_id, False)
    assert not desk.library.catalogue.episode(desk.closed[0].episode_id).deleted
    desk.until_phase(Phase.AUTONOMOUS)  # the same start is recorded again


def test_what_would_interrupt_an_episode_has_to_wait(desk: LiveWindow, tmp_path: Path) -> None:
    desk.start_episode()
    desk.desk.settings.workspace_chosen.emit(str(tmp_path / "other"))
    desk.window.header.scene_chosen.emit("peg-insertion")
    desk.store.change(rate_hz=10)
    assert desk.said("Another workspace can be opened when the episode has ended.", level="warning")
    assert desk.said("Another scene can be loaded when the episode has ended.", level="warning")
    assert desk.said("This counts when the scene is loaded next.", level="warning")
    assert desk.phase is Phase.AUTONOMOUS
    assert not (tmp_path / "other").exists()
    desk.store.change(rate_hz=20)


def test_a_second_window_is_refused_in_words(desk: LiveWindow) -> None:
    desk.desk.settings.workspace_chosen.emit(str(desk.library.folder))
    assert desk.said("is open already", level="info")
    other = plan(desk.library.folder)
    second = LiveWindow(desk.folder / "second", other)
    try:
        assert second.said("is open in another window", level="error")
        assert second.window.isVisible()
        assert second.window.messages.shown is not None
        assert second.window.messages.shown.way_out == "Choose a workspace"
        second.choose("Choose a workspace")
        assert second.window.page == "settings"
    finally:
        second.close()


@pytest.mark.parametrize("size", [(1100, 700), (960, 640)])
def test_small_windows_keep_every_button_whole(desk: LiveWindow, size: tuple[int, int]) -> None:
    desk.window.show_page("supervise")
    desk.window.resize(*size)
    desk.until(lambda: desk.window.width() == size[0])
    desk.start_episode()
    desk.until(lambda: desk.desk.supervise.transport.button(Action.HOLD).isVisible())
    for asking in (False, True):
        if asking:
            desk.desk.supervise.transport.ask_discard()
        stop = desk.desk.supervise.transport.button(Action.STOP)
        desk.until(lambda button=stop: button.visibleRegion().boundingRect() == button.rect())
        assert stop.text() == "Stop"
    assert (desk.window.width(), desk.window.height()) == size


def test_everything_comes_back_and_nothing_is_left_running(
    open_window: Callable[..., LiveWindow], tmp_path: Path
) -> None:
    before, threads = children(), set(threading.enumerate())
    workspace = plan(tmp_path / "workspace", policy="p1")
    with Workspace.open(workspace.workspace) as opened:
        Catalogue(opened).add_policy(a_policy("p1"))
    first = open_window(tmp_path, workspace, worker)
    first.until_loaded()
    first.desk.supervise._splitter.setSizes([300, 200])
    first.window.resize(1200, 760)
    first.window.show_page("devices")
    first.store.change(alert_threshold=0.7, panel_visible=False)
    layout = first.desk.supervise.save_layout()
    assert children() - before
    first.close()
    assert children() <= before
    assert set(threading.enumerate()) <= threads

    again = open_window(tmp_path, None, worker, keep_size=True)
    again.until_loaded()
    assert again.library.folder == tmp_path / "workspace"
    assert again.desk.scene == "peg-insertion"
    assert again.desk.worker.session is not None
    assert again.desk.worker.session.policy_id == "p1"
    assert (again.window.width(), again.window.height()) == (1200, 760)
    assert again.window.page == "devices"
    assert again.desk.supervise.save_layout() == layout
    assert again.desk.supervise.alert.threshold == pytest.approx(0.7)
    assert again.window.panel is not None
    assert not again.window.panel.isVisible()
    again.close()
    with Workspace.open(tmp_path / "workspace") as workspace:
        workspace.hold_window_lock().release()
