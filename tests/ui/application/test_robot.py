"""The whole loop on a robot in another process, by gamepad: arm, supervise, take over, record, retrain, go on."""

import multiprocessing
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from mile_desktop.cameras.video_files import videos_in
from mile_desktop.robots.remembered import RememberedRobot
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.learn.model import RunState
from mile_desktop.ui.robots.controller import RobotsController
from tests.robots.robot_process import RobotProcess
from tests.ui.application.conftest import OpenWindow
from tests.ui.application.live_window import LiveWindow, plan
from tests.ui.application.test_learning import TINY
from tests.ui.application.test_pad import worker_with_pad
from tests.ui.ui_children import viewer
from tests.virtual_pad import RemotePad


@pytest.fixture(scope="module")
def robot() -> Iterator[RobotProcess]:
    process = RobotProcess(cameras=1, watchdog_s=2.0)
    yield process
    process.end()


@pytest.fixture(scope="module")
def seat(
    open_window: OpenWindow, tmp_path_factory: pytest.TempPathFactory, robot: RobotProcess
) -> Iterator[tuple[LiveWindow, RemotePad, RobotsController]]:
    here, there = multiprocessing.get_context("spawn").Pipe()
    folder, pad = tmp_path_factory.mktemp("robot"), RemotePad(here)
    live = open_window(
        folder, plan(folder / "workspace", policy=""), partial(worker_with_pad, there), viewer_target=viewer
    )
    robots = live.parts.robots
    robots.store.remember(RememberedRobot(name="Bench arm", address=robot.address, task="peg-insertion"))
    live.until_loaded()
    yield live, pad, robots
    pad.close()
    there.close()


def confirm_and_begin(live: LiveWindow, pad: RemotePad, steps: int) -> None:
    """Tick every point and press Start; do it again if the robot asks again, as its message says.

    On a busy machine the link can pause while the robot goes to its start pose, which counts as not having got there.
    """
    waiting: list[m.Status | None] = []
    """The status at the moment of the ticks: the worker has them when it has published a newer one."""

    def begun() -> bool:
        boxes = live.parts.robots.bar.prompt.boxes
        if any(box.isVisible() and not box.isChecked() for box in boxes):
            for box in boxes:
                box.setChecked(True)
            waiting[:] = [live.status]
        elif waiting and live.status is not waiting[0]:
            waiting.clear()
            pad.tap("start")
        return len(live.steps) > steps

    live.until(begun)


def arm_and_begin(live: LiveWindow, pad: RemotePad, robots: RobotsController, told: list[m.RobotStatus]) -> None:
    pad.tap("start")
    live.until(lambda: live.said("not armed", level="warning"))
    robots.bar.arm_button.click()
    live.until(lambda: told[-1].mode == "holding")
    pad.tap("start")
    live.until(lambda: told[-1].checklist)
    pad.tap("start")
    live.until(lambda: live.said("Check and tick first", level="warning"))
    assert not live.steps
    confirm_and_begin(live, pad, 3)
    assert max(abs(value) for value in live.steps[0].executed) <= 0.25, "slowly at first"


def take_over_and_succeed(live: LiveWindow, pad: RemotePad) -> None:
    pad.hold("rightshoulder")
    pad.move("rightx", 0.5)
    live.until(lambda: sum(step.intervention for step in live.steps) > 10)
    pad.rest()
    live.until_phase(Phase.AUTONOMOUS)
    live.until(lambda: not live.steps[-1].intervention)
    pad.tap("a")
    live.until(lambda: live.closed)
    first = live.closed[0]
    assert (first.outcome, first.takeovers, first.steps) == ("success", 1, len(live.steps))
    record = live.workspace.catalogue.episode(first.episode_id)
    assert (record.start.scene, record.steps) == ("peg-insertion", first.steps)
    live.until(lambda: videos_in(Path(live.workspace.folder) / "videos" / first.episode_id))


def retrain_and_use(live: LiveWindow) -> None:
    panel = live.parts.retrain.panel
    live.until(lambda: panel.can_retrain)
    panel.retrain_requested.emit(TINY)
    live.until(lambda: panel.state is RunState.DONE, within_s=120.0)
    trained = live.workspace.catalogue.policies("peg-insertion")
    better = next(each.policy_id for each in trained if each.parent_id)
    panel.use_requested.emit(better)
    live.until(lambda: live.status and live.status.policy_id == better)
    live.until_phase(Phase.IDLE)


def disarm_and_stop(live: LiveWindow, pad: RemotePad, told: list[m.RobotStatus]) -> None:
    live.forget()
    pad.tap("start")
    live.until(lambda: told[-1].checklist)
    confirm_and_begin(live, pad, 2)
    live.press(Qt.Key.Key_F9)
    live.until_phase(Phase.HOLD)
    live.until(lambda: told[-1].mode == "disarmed")
    pad.tap("back")
    live.until_phase(Phase.STOPPED)
    live.until(lambda: told[-1].mode == "stopped")
    live.until(lambda: live.closed)
    assert live.closed[0].steps == len(live.steps)


@pytest.mark.timeout(300)
def test_the_whole_loop_on_a_robot(seat: tuple[LiveWindow, RemotePad, RobotsController], robot: RobotProcess) -> None:
    live, pad, robots = seat
    told: list[m.RobotStatus] = []
    live.application.worker.robot_status_changed.connect(told.append)
    live.window.header.robot_chosen.emit(robot.address)
    live.until(lambda: told and told[-1].up and live.application.worker.session)
    pad.attach(name="Test Pad")
    live.until(lambda: live.status and live.status.device == "Test Pad")
    live.until(lambda: any(not client.stale for client in live.parts.cameras.live))

    arm_and_begin(live, pad, robots, told)
    take_over_and_succeed(live, pad)
    retrain_and_use(live)
    assert told[-1].mode == "holding", "nothing moved while it learned and was compared"
    disarm_and_stop(live, pad, told)
