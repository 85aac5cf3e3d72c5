"""Processes that are killed or frozen under a working window: noticed, said, restarted, nothing lost."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.close_guard import CloseGuard
from mile_desktop.ui.learn.model import RunState, Settings
from mile_desktop.ui.supervise.transport_model import Action
from tests.ui.application.living import LiveWindow, plan
from tests.ui.ui_children import viewer, worker

NOTICED_S = 1.0
BUSY_S = 1.0
"""Other tests may keep the processors busy: so much more before it counts as late."""


@pytest.fixture(scope="module")
def living(open_window: Callable[..., LiveWindow], tmp_path_factory: pytest.TempPathFactory) -> LiveWindow:
    folder = tmp_path_factory.mktemp("killed")
    opened = open_window(folder, plan(folder / "workspace", speed=2.0), viewer_target=viewer)
    opened.until_loaded()
    return opened


@pytest.fixture
def desk(living: LiveWindow) -> LiveWindow:
    living.to_idle()
    living.forget()
    return living


def test_a_killed_worker_is_said_restarted_and_its_episode_recovered(desk: LiveWindow) -> None:
    desk.start_episode()
    desk.until(lambda: len(desk.steps) > 10)
    seen, old = desk.steps[-1], desk.desk.worker.pid
    os.kill(old, signal.SIGKILL)
    took = desk.until(lambda: desk.said("The rollout worker was killed by SIGKILL.", level="error"))
    assert took < NOTICED_S + BUSY_S
    assert desk.badge == "Stopped"
    desk.choose("Restart")
    assert desk.said("was recovered", level="info")
    desk.until_loaded()
    desk.until_phase(Phase.IDLE)
    assert desk.desk.worker.pid != old
    record = desk.library.catalogue.episode(seen.episode_id)
    assert record.recovered
    assert record.steps >= seen.step
    desk.start_episode()


def test_reset_restarts_a_killed_worker_too(desk: LiveWindow) -> None:
    os.kill(desk.desk.worker.pid, signal.SIGKILL)
    desk.until(lambda: desk.said("SIGKILL"))
    desk.click(Action.RESET, 2)
    desk.until(lambda: desk.desk.worker.alive)
    desk.until_loaded()
    desk.until_phase(Phase.IDLE)


def test_a_frozen_worker_is_said_and_replaced(desk: LiveWindow) -> None:
    desk.start_episode()
    desk.until(lambda: len(desk.steps) > 5)
    seen, old = desk.steps[-1], desk.desk.worker.pid
    os.kill(old, signal.SIGSTOP)
    took = desk.until(lambda: desk.said("may be frozen", level="error"))
    assert took < NOTICED_S + BUSY_S
    desk.choose("Restart")
    desk.until(lambda: desk.said("was recovered"))
    desk.until_loaded()
    assert desk.desk.worker.pid != old
    assert desk.library.catalogue.episode(seen.episode_id).recovered


def test_a_worker_that_thaws_is_welcome(desk: LiveWindow) -> None:
    os.kill(desk.desk.worker.pid, signal.SIGSTOP)
    desk.until(lambda: desk.said("may be frozen"))
    os.kill(desk.desk.worker.pid, signal.SIGCONT)
    desk.until(lambda: desk.said("answers again", level="info"))
    desk.start_episode()


def test_a_killed_viewer_comes_back_by_itself(desk: LiveWindow) -> None:
    frames: list[object] = []
    desk.until(lambda: desk.desk.viewer.alive)
    desk.desk.viewer.frame_ready.connect(frames.append)
    desk.start_episode()
    desk.until(lambda: frames)
    old = desk.desk.viewer.pid
    os.kill(old, signal.SIGKILL)
    took = desk.until(lambda: desk.said("The viewer was killed by SIGKILL.", "started again", level="warning"))
    assert took < NOTICED_S + BUSY_S
    desk.until(lambda: desk.desk.viewer.pid not in {0, old})
    frames.clear()
    desk.until(lambda: frames)
    assert desk.phase in {Phase.AUTONOMOUS, Phase.RESETTING, Phase.IDLE}


def test_input_that_is_no_number_is_said_once_and_harms_nobody(desk: LiveWindow) -> None:
    desk.start_episode()
    for _ in range(3):
        desk.desk.worker.send(m.WindowInput(source="keyboard", takeover=True, action=(float("nan"), 0.0, 0.0, 0.0)))
    desk.until(lambda: desk.said("expected finite numbers", level="warning"))
    step = len(desk.steps)
    desk.until(lambda: len(desk.steps) > step + 5)
    assert len([entry for entry in desk.messages if "finite" in entry.text]) == 1


def test_a_killed_trainer_is_said_and_may_be_started_again(desk: LiveWindow) -> None:
    desk.start_episode()
    desk.until(lambda: desk.closed)
    panel, trainer, runs = desk.retraining.panel, desk.retraining.trainer, desk.library.catalogue.runs
    desk.until(lambda: panel.can_retrain)
    panel.set_settings(Settings(epochs=20_000))  # more than there is time for, on any machine
    panel._retrain.click()
    desk.until(lambda: len(runs()) == 1)
    assert trainer.pid is not None
    os.kill(trainer.pid, signal.SIGKILL)
    took = desk.until(lambda: desk.said("The trainer ended with status -9", level="error"))
    assert took < NOTICED_S + BUSY_S
    assert runs()[0].state == "failed"
    desk.choose("Retrain")
    desk.until(lambda: panel._run.stage == "Training the policy")


def test_closing_asks_and_a_training_that_goes_on_is_found_again_and_cancelled(
    desk: LiveWindow, open_window: Callable[..., LiveWindow]
) -> None:
    desk.window.ask_before_closing(CloseGuard(desk.desk, desk.retraining).may_close)
    desk.start_episode()
    answer_next("No")
    assert not desk.window.close()
    desk.until_phase(Phase.STOPPED)  # it stands still while the question is open
    answer_next("Stay")
    assert not desk.window.close()
    answer_next("Let it go on")
    desk.close()
    assert not desk.desk.worker.alive

    again = open_window(desk.folder, None, worker, viewer_target=viewer, keep_size=True)
    assert again.said("The training that was at work is still going on.")
    panel, library = again.retraining.panel, again.library
    assert panel.state is RunState.RUNNING
    panel._cancel.click()
    panel.cancel_requested.emit()
    again.until(lambda: panel.state is RunState.CANCELLED)
    again.until(lambda: not again.retraining.trainer.running)
    assert library.catalogue.runs()[1].state == "cancelled"
    assert [policy.note for policy in library.catalogue.policies(again.desk.scene)] == ["came with the program"]
    assert weights(library.folder / "runs") == []
    assert list((library.folder / "interventions").iterdir()) == []
    again.until(lambda: panel.can_retrain)


def answer_next(word: str) -> None:
    """Press the button ``word`` of the question that is about to be asked."""

    def press() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(10, press)
            return
        next(button for button in box.buttons() if button.text().replace("&", "") == word).click()

    QTimer.singleShot(0, press)


def weights(folder: Path) -> list[Path]:
    """Return what a run has left behind besides its log."""
    return [path for path in folder.rglob("*") if path.suffix in {".safetensors", ".npz", ".part"}]
