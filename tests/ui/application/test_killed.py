"""Processes of a working window that are killed or frozen: this is noticed, reported, and nothing is lost."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.storage.ids import now
from mile_desktop.storage.records import RunRecord
from mile_desktop.storage.run_owner import write_run_owner
from mile_desktop.ui.clients.stop_watch import STOP_HEARD_S
from mile_desktop.ui.learn.model import RetrainRequest, RunState
from mile_desktop.ui.supervise.model import EpisodeAction
from tests.ui.application.live_window import LiveWindow, plan
from tests.ui.ui_children import viewer, worker

NOTICED_S = 1.0
BUSY_S = 1.0
"""Additional time, because other tests may keep the processors busy."""


@pytest.fixture(scope="module")
def started(open_window: Callable[..., LiveWindow], tmp_path_factory: pytest.TempPathFactory) -> LiveWindow:
    folder = tmp_path_factory.mktemp("killed")
    opened = open_window(folder, plan(folder / "workspace", speed=2.0), viewer_target=viewer)
    opened.until_loaded()
    return opened


@pytest.fixture
def live(started: LiveWindow) -> LiveWindow:
    started.to_idle()
    started.forget()
    return started


def test_a_killed_worker_is_reported_restarted_and_its_episode_recovered(live: LiveWindow) -> None:
    live.start_episode()
    live.until(lambda: len(live.steps) > 45)  # as below
    seen, old = live.steps[-1], live.application.worker.pid
    os.kill(old, signal.SIGKILL)
    took = live.until(lambda: live.said("The rollout worker was killed by SIGKILL.", level="error"))
    assert took < NOTICED_S + BUSY_S
    assert live.badge == "Stopped"
    live.choose("Restart")
    assert live.said("was recovered", level="info")
    live.until_loaded()
    live.until_phase(Phase.IDLE)
    assert live.application.worker.pid != old
    record = live.workspace.catalogue.episode(seen.episode_id)
    assert record.recovered
    assert record.steps >= seen.step
    live.start_episode()


def test_reset_restarts_a_killed_worker_too(live: LiveWindow) -> None:
    os.kill(live.application.worker.pid, signal.SIGKILL)
    live.until(lambda: live.said("SIGKILL"))
    live.click(EpisodeAction.RESET, 2)
    live.until(lambda: live.application.worker.alive)
    live.until_loaded()
    live.until_phase(Phase.IDLE)


def test_a_frozen_worker_is_reported_and_replaced(live: LiveWindow) -> None:
    live.start_episode()
    live.until(lambda: len(live.steps) > 45)  # more than a second: on a busy machine the first may not be written yet
    seen, old = live.steps[-1], live.application.worker.pid
    os.kill(old, signal.SIGSTOP)
    took = live.until(lambda: live.said("may be frozen", level="error"))
    assert took < NOTICED_S + BUSY_S
    live.choose("Restart")
    live.until(lambda: live.said("was recovered"))
    live.until_loaded()
    assert live.application.worker.pid != old
    assert live.workspace.catalogue.episode(seen.episode_id).recovered


def test_a_worker_that_answers_again_is_kept(live: LiveWindow) -> None:
    os.kill(live.application.worker.pid, signal.SIGSTOP)
    live.until(lambda: live.said("may be frozen"))
    os.kill(live.application.worker.pid, signal.SIGCONT)
    live.until(lambda: live.said("answers again", level="info"))
    shown = live.application.window.messages.shown
    assert shown is not None
    assert "answers again" in shown.text, "the error is settled, and its Restart would end what goes on"
    live.start_episode()


def test_a_killed_viewer_comes_back_by_itself(live: LiveWindow) -> None:
    frames: list[object] = []
    live.until(lambda: live.application.viewer.alive)
    live.application.viewer.frame_ready.connect(frames.append)
    live.start_episode()
    live.until(lambda: frames)
    old = live.application.viewer.pid
    os.kill(old, signal.SIGKILL)
    took = live.until(lambda: live.said("The viewer was killed by SIGKILL.", "restarted", level="warning"))
    assert took < NOTICED_S + BUSY_S
    live.until(lambda: live.application.viewer.pid not in {0, old})
    frames.clear()
    live.until(lambda: frames)
    assert live.phase in {Phase.AUTONOMOUS, Phase.RESETTING, Phase.IDLE}


def test_input_that_is_not_a_number_is_reported_once_and_ignored(live: LiveWindow) -> None:
    live.start_episode()
    for _ in range(3):
        live.application.worker.send(
            m.WindowInput(source="keyboard", takeover=True, action=(float("nan"), 0.0, 0.0, 0.0))
        )
    live.until(lambda: live.said("entries that are not finite count as 0", level="warning"))
    live.application.worker.send(m.WindowInput(source="keyboard", takeover=False, action=(0.0, 0.0, 0.0, 0.0)))
    step = len(live.steps)
    live.until(lambda: len(live.steps) > step + 5)
    assert len([entry for entry in live.messages if "finite" in entry.text]) == 1


def test_a_killed_trainer_is_reported_and_can_be_started_again(live: LiveWindow) -> None:
    live.start_episode()
    live.until(lambda: live.closed)
    panel, trainer, runs = (
        live.parts.retrain.panel,
        live.parts.retrain.trainer,
        live.workspace.catalogue.runs,
    )
    live.until(lambda: panel.can_retrain)
    panel.show_request(RetrainRequest(TrainingSettings(epochs=20_000)))  # more than there is time for, on any machine
    live.learn.press_retrain()
    live.until(lambda: len(runs()) == 1)
    assert trainer.pid is not None
    os.kill(trainer.pid, signal.SIGKILL)
    took = live.until(lambda: live.said("The trainer ended with status -9", level="error"))
    assert took < NOTICED_S + BUSY_S
    assert runs()[0].state == "failed"
    live.choose("Retrain")
    live.until(lambda: live.learn.stage == "Training the policy")


@pytest.mark.skipif(sys.platform == "win32", reason="processes cannot be paused there")
def test_a_worker_that_does_not_answer_to_stop_is_said_at_once_and_in_large(live: LiveWindow) -> None:
    live.start_episode()
    live.until(lambda: live.steps)
    alarms, pid = live.window.alarms, live.application.worker.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        live.press(Qt.Key.Key_Escape)
        took = live.until(alarms.isVisible)
        assert 0.4 < took < STOP_HEARD_S + BUSY_S
        assert alarms.shown is not None
        assert alarms.shown.title == "Stop was not answered"
        assert "press its own emergency stop now" in alarms.shown.text
        live.window.show_page("inspect")
        assert alarms.isVisible(), "it is there on every page"
    finally:
        os.kill(pid, signal.SIGCONT)
        live.window.show_page("supervise")
    live.until_phase(Phase.STOPPED)
    live.until(lambda: not alarms.isVisible())


def test_a_run_of_a_terminal_is_not_taken_for_dead(live: LiveWindow) -> None:
    catalogue, owned, dead = live.workspace.catalogue, "run-terminal", "run-dead"
    for name in (owned, dead):
        folder = live.workspace.workspace.run_folder(name)
        folder.mkdir(parents=True)
        catalogue.add_run(RunRecord(name, live.application.scene, "generation", "initial", "running", now()))
    write_run_owner(live.workspace.workspace.run_folder(owned))
    live.parts.retrain.trainer.running_changed.emit(False)
    states = {run.run_id: run.state for run in catalogue.runs()}
    assert (states[owned], states[dead]) == ("running", "failed")
    catalogue.set_run_state(owned, "cancelled")


def test_closing_asks_and_a_training_that_goes_on_is_found_again_and_cancelled(
    live: LiveWindow, open_window: Callable[..., LiveWindow]
) -> None:
    live.window.ask_before_closing(live.parts.may_close)
    live.start_episode()
    answer_next("Stay", after=lambda: live.phase is Phase.HOLD)  # it holds while the question is open
    assert not live.window.close()
    assert live.phase is Phase.HOLD
    assert not live.closed, "nothing is ended before the answer"
    assert live.parts.retrain.trainer.running
    live.until(live.resume)
    live.until_phase(Phase.AUTONOMOUS)
    answer_next("Close")
    live.close()
    assert not live.application.worker.alive
    assert [each.outcome for each in live.closed] == ["aborted"]

    again = open_window(live.folder, None, worker, viewer_target=viewer, keep_size=True)
    assert again.said("The training that was started before is still running.")
    panel, workspace = again.parts.retrain.panel, again.workspace
    assert panel.state is RunState.RUNNING
    again.learn.press_cancel()
    panel.cancel_requested.emit()
    again.until(lambda: panel.state is RunState.CANCELLED)
    again.until(lambda: not again.parts.retrain.trainer.running)
    trainings = [run for run in workspace.catalogue.runs() if run.method != "generation"]
    assert trainings[1].state == "cancelled"
    assert [policy.note for policy in workspace.catalogue.policies(again.application.scene)] == [
        "came with the program"
    ]
    assert weights(workspace.folder / "runs") == []
    assert list((workspace.folder / "interventions").iterdir()) == []
    again.until(lambda: panel.can_retrain)


def answer_next(word: str, after: Callable[[], bool] = lambda: True) -> None:
    """Press the button ``word`` of the question that is about to be asked, as soon as ``after`` holds."""

    def press() -> None:
        box = QApplication.activeModalWidget()
        if not (isinstance(box, QMessageBox) and after()):
            QTimer.singleShot(10, press)
            return
        next(button for button in box.buttons() if button.text().replace("&", "") == word).click()

    QTimer.singleShot(0, press)


def weights(folder: Path) -> list[Path]:
    """Return what a run has left behind besides its log."""
    return [path for path in folder.rglob("*") if path.suffix in {".safetensors", ".npz", ".part"}]
