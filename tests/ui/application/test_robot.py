"""The whole loop on a robot in another process, by gamepad: arm, supervise, take over, record, retrain, go on."""

import multiprocessing
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from mile_desktop.cameras.replay import videos_in
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.cameras.controller import Cameras
from mile_desktop.ui.learn.model import RunState
from mile_desktop.ui.robots.controller import Robots
from mile_desktop.ui.robots.robot_store import RememberedRobot
from tests.robots.robot_process import RobotProcess
from tests.ui.application.conftest import OpenWindow
from tests.ui.application.living import LiveWindow, plan
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
) -> Iterator[tuple[LiveWindow, RemotePad, Robots]]:
    here, there = multiprocessing.get_context("spawn").Pipe()
    folder, pad = tmp_path_factory.mktemp("robot"), RemotePad(here)
    desk = open_window(
        folder, plan(folder / "workspace", policy=""), partial(worker_with_pad, there), viewer_target=viewer
    )
    robots = Robots(desk.desk, Cameras(desk.desk).live)
    robots.store.remember(RememberedRobot(name="Bench arm", address=robot.address, task="peg-insertion"))
    desk.until_loaded()
    yield desk, pad, robots
    pad.close()
    there.close()


def arm_and_begin(desk: LiveWindow, pad: RemotePad, robots: Robots, told: list[m.RobotStatus]) -> None:
    pad.tap("start")
    desk.until(lambda: desk.said("not armed", level="warning"))
    robots.bar.arm_button.click()
    desk.until(lambda: told[-1].mode == "holding")
    pad.tap("start")
    desk.until(lambda: told[-1].checklist)
    assert not desk.steps
    pad.tap("start")
    desk.until(lambda: len(desk.steps) > 3)
    assert max(abs(value) for value in desk.steps[0].executed) <= 0.25, "slowly at first"


def take_over_and_succeed(desk: LiveWindow, pad: RemotePad) -> None:
    pad.hold("rightshoulder")
    pad.move("rightx", 0.5)
    desk.until(lambda: sum(step.intervention for step in desk.steps) > 10)
    pad.rest()
    desk.until_phase(Phase.AUTONOMOUS)
    desk.until(lambda: not desk.steps[-1].intervention)
    pad.tap("a")
    desk.until(lambda: desk.closed)
    first = desk.closed[0]
    assert (first.outcome, first.takeovers, first.steps) == ("success", 1, len(desk.steps))
    record = desk.library.catalogue.episode(first.episode_id)
    assert (record.start.scene, record.steps) == ("peg-insertion", first.steps)
    desk.until(lambda: videos_in(Path(desk.library.folder) / "videos" / first.episode_id))


def retrain_and_use(desk: LiveWindow) -> None:
    panel = desk.retraining.panel
    desk.until(lambda: panel.can_retrain)
    panel.retrain_requested.emit(TINY.as_dict())
    desk.until(lambda: panel.state is RunState.DONE, within_s=120.0)
    trained = desk.library.catalogue.policies("peg-insertion")
    better = next(each.policy_id for each in trained if each.parent_id)
    panel.use_requested.emit(better)
    desk.until(lambda: desk.status and desk.status.policy_id == better)
    desk.until_phase(Phase.IDLE)


def disarm_and_stop(desk: LiveWindow, pad: RemotePad, told: list[m.RobotStatus]) -> None:
    desk.forget()
    pad.tap("start")
    desk.until(lambda: told[-1].checklist)
    pad.tap("start")
    desk.until(lambda: len(desk.steps) > 2)
    desk.press(Qt.Key.Key_F9)
    desk.until_phase(Phase.HOLD)
    desk.until(lambda: told[-1].mode == "disarmed")
    pad.tap("back")
    desk.until_phase(Phase.STOPPED)
    desk.until(lambda: told[-1].mode == "stopped")
    desk.until(lambda: desk.closed)
    assert desk.closed[0].steps == len(desk.steps)


@pytest.mark.timeout(300)
def test_the_whole_loop_on_a_robot(seat: tuple[LiveWindow, RemotePad, Robots], robot: RobotProcess) -> None:
    desk, pad, robots = seat
    told: list[m.RobotStatus] = []
    desk.desk.worker.robot_status_changed.connect(told.append)
    desk.window.header.robot_chosen.emit(robot.address)
    desk.until(lambda: told and told[-1].up and desk.desk.worker.session)
    pad.attach(name="Test Pad")
    desk.until(lambda: desk.status and desk.status.device == "Test Pad")
    desk.until(lambda: any(not client.stale for client in robots._cameras))

    arm_and_begin(desk, pad, robots, told)
    take_over_and_succeed(desk, pad)
    retrain_and_use(desk)
    assert told[-1].mode == "holding", "nothing moved while it learned and was compared"
    disarm_and_stop(desk, pad, told)
