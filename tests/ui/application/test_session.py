"""A session of a person: start, watch, take over with the keyboard, undo, and find everything again."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from mile_desktop.rollout.phases import Phase
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.doctor import doctor
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.supervise.model import EpisodeAction
from tests.storage.samples import a_policy
from tests.ui.application.live_window import LiveWindow, children, plan
from tests.ui.ui_children import worker


@pytest.fixture(scope="module")
def started(open_window: Callable[..., LiveWindow], tmp_path_factory: pytest.TempPathFactory) -> LiveWindow:
    folder = tmp_path_factory.mktemp("session")
    opened = open_window(folder, plan(folder / "workspace"))
    opened.until_loaded()
    return opened


@pytest.fixture
def live(started: LiveWindow) -> LiveWindow:
    started.to_idle()
    started.forget()
    return started


def test_an_episode_is_driven_shown_recorded_and_counted(live: LiveWindow) -> None:
    frames: list[object] = []
    live.application.viewer.frame_ready.connect(frames.append)
    live.start_episode()
    assert live.badge == "Autonomous"
    live.until(lambda: live.closed)
    assert live.closed[0].outcome == "success"
    assert [step.step for step in live.steps] == list(range(live.closed[0].steps))
    assert live.workspace.catalogue.episode(live.closed[0].episode_id).steps == live.closed[0].steps
    live.until(lambda: live.learn.facts.startswith("1 episode"))
    live.until(lambda: frames)
    live.until_phase(Phase.IDLE)
    assert live.badge == "Ready"


def test_space_takes_over_and_letting_go_gives_back(live: LiveWindow) -> None:
    live.start_episode()
    live.until(lambda: live.steps)
    live.press(Qt.Key.Key_Space)
    live.press(Qt.Key.Key_E)
    live.until_phase(Phase.TAKEOVER)
    assert live.badge == "Takeover"
    live.until(lambda: live.steps[-1].intervention and live.steps[-1].executed[2] == pytest.approx(1.0))
    live.release(Qt.Key.Key_E)
    live.release(Qt.Key.Key_Space)
    live.until_phase(Phase.AUTONOMOUS)
    live.press(Qt.Key.Key_Return)
    live.until(lambda: live.closed)
    assert (live.closed[0].outcome, live.closed[0].takeovers) == ("success", 1)


def test_every_button_may_be_pressed_twice(live: LiveWindow) -> None:
    live.click(EpisodeAction.START, 2)
    live.until_phase(Phase.AUTONOMOUS)
    live.click(EpisodeAction.HOLD)
    live.until_phase(Phase.HOLD)
    assert live.badge == "Hold"
    live.until(live.resume)
    live.until_phase(Phase.AUTONOMOUS)
    live.until(lambda: live.steps)
    live.click(EpisodeAction.FAILURE, 2)
    live.until(lambda: live.closed)
    live.until_phase(Phase.IDLE)
    live.click(EpisodeAction.START)
    live.until_phase(Phase.AUTONOMOUS)
    live.click(EpisodeAction.STOP, 2)
    live.until_phase(Phase.STOPPED)
    live.click(EpisodeAction.RESET, 2)
    live.until_phase(Phase.IDLE)
    assert [each.outcome for each in live.closed][:1] == ["failure"]
    assert not [entry for entry in live.messages if entry.level in {"warning", "error"}]


def test_a_discard_can_be_undone_at_once(live: LiveWindow) -> None:
    live.start_episode()
    live.until(lambda: len(live.steps) > 3)
    episode = live.steps[-1].episode_id
    live.press(Qt.Key.Key_Delete)
    live.press(Qt.Key.Key_Delete)
    live.until(lambda: discarded(live, episode) == [True])
    live.undo_discard()
    live.until(lambda: discarded(live, episode) == [True, False])
    assert not live.workspace.catalogue.episode(episode).deleted
    live.until_phase(Phase.AUTONOMOUS)  # the same start is recorded again


def discarded(live: LiveWindow, episode: str) -> list[bool]:
    """Return what was reported of ``episode``; the report of an earlier, stopped one may come late."""
    return [each.discarded for each in live.closed if each.episode_id == episode]


def test_what_would_interrupt_an_episode_has_to_wait(live: LiveWindow, tmp_path: Path) -> None:
    live.start_episode()
    live.open_folder(tmp_path / "other")
    live.window.header.scene_chosen.emit("peg-insertion")
    live.store.change(rate_hz=10)
    assert live.said("Another workspace can be opened when the episode has ended.", level="warning")
    assert live.said("Another scene can be loaded when the episode has ended.", level="warning")
    assert live.said("This takes effect when the scene is loaded again.", level="warning")
    assert live.phase is Phase.AUTONOMOUS
    assert not (tmp_path / "other").exists()
    live.store.change(rate_hz=20)


def test_a_load_that_comes_while_an_episode_runs_is_refused_and_the_scene_is_shown_again(
    live: LiveWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The window's own check is late by one status: a pad may have begun the episode meanwhile."""
    application, frames = live.application, []
    live.start_episode()
    live.until(lambda: live.steps)
    monkeypatch.setattr(application, "is_busy", lambda _: False)
    application.load_scene("drawer-open")
    live.until(lambda: live.said("An episode is running, so nothing else was loaded.", level="warning"))
    assert application.scene == application.preferences.value.scene == "peg-insertion"
    application.viewer.frame_ready.connect(frames.append)
    live.until(lambda: live.closed)
    assert live.closed[0].steps == live.steps[-1].step + 1, "the episode was not cut off"
    live.until(lambda: frames)
    assert frames[-1].generation == application.viewer.generation
    # a worker that is started again loads the scene that runs
    live.until_phase(Phase.IDLE)
    application.restart_worker()
    live.until_loaded()
    assert live.application.worker.session is not None
    assert live.application.worker.session.scene == "peg-insertion"


def test_a_key_saves_a_picture_of_the_view_into_the_workspace(live: LiveWindow) -> None:
    QTest.keyClick(live.handle, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    assert live.said("The picture is saved as", level="success")
    (saved,) = (live.workspace.folder / "pictures").glob("*.png")
    assert saved.name.startswith(live.application.scene)
    assert doctor(live.workspace.workspace).problems == ()


def test_a_second_window_is_refused_with_a_reason(live: LiveWindow) -> None:
    live.open_folder(live.workspace.folder)
    assert live.said("is open already", level="info")
    other = plan(live.workspace.folder)
    second = LiveWindow(live.folder / "second", other)
    try:
        assert second.said("is open in another window", level="error")
        assert second.window.isVisible()
        assert second.window.messages.shown is not None
        assert second.window.messages.shown.action is not None
        second.choose("Choose a workspace")
        assert second.window.page == "settings"
    finally:
        second.close()


@pytest.mark.parametrize("size", [(1100, 700), (960, 640)])
def test_small_windows_keep_every_button_whole(live: LiveWindow, size: tuple[int, int]) -> None:
    live.window.show_page("supervise")
    live.window.resize(*size)
    live.until(lambda: live.window.width() == size[0])
    live.start_episode()
    live.until(lambda: live.supervise.controls.button(EpisodeAction.HOLD).isVisible())
    for asking in (False, True):
        if asking:
            live.supervise.controls.ask_discard()
        stop = live.supervise.controls.button(EpisodeAction.STOP)
        live.until(lambda button=stop: button.visibleRegion().boundingRect() == button.rect())
        assert stop.text() == "Stop"
    assert (live.window.width(), live.window.height()) == size


def test_everything_comes_back_and_nothing_is_left_running(
    open_window: Callable[..., LiveWindow], tmp_path: Path
) -> None:
    before, threads = children(tmp_path), set(threading.enumerate())
    workspace = plan(tmp_path / "workspace", policy="p1")
    with Workspace.open(workspace.workspace) as opened:
        Catalogue(opened).add_policy(a_policy("p1"))
    first = open_window(tmp_path, workspace, worker)
    first.until_loaded()
    first.divide_supervise_page(300, 200)
    first.window.resize(1200, 760)
    first.window.show_page("devices")
    first.store.change(alert_threshold=0.7, panel_visible=False)
    layout = first.supervise.save_layout()
    assert children(tmp_path) - before
    first.close()
    assert children(tmp_path) <= before
    assert set(threading.enumerate()) <= threads

    again = open_window(tmp_path, None, worker, keep_size=True)
    again.until_loaded()
    assert again.workspace.folder == tmp_path / "workspace"
    assert again.application.scene == "peg-insertion"
    assert again.application.worker.session is not None
    assert again.application.worker.session.policy_id == "p1"
    assert (again.window.width(), again.window.height()) == (1200, 760)
    assert again.window.page == "devices"
    assert again.supervise.save_layout() == layout
    assert again.supervise.alert.threshold == pytest.approx(0.7)
    assert "inspect" in again.store.value.layouts  # pages remember their layouts while the window closes
    assert again.window.panel is not None
    assert not again.window.panel.isVisible()
    again.close()
    with Workspace.open(tmp_path / "workspace") as workspace:
        workspace.hold_window_lock().release()
