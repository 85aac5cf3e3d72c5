"""The rollout worker and a robot's side as two real processes: frozen, killed and restarted in a takeover."""

import signal
import time
from collections.abc import Iterator

import pytest

from mile_desktop.rollout import messages as m
from mile_desktop.rollout.loop import SECOND_PRESS_S
from mile_desktop.rollout.phases import Phase
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace
from tests.robots.robot_process import RobotProcess
from tests.rollout.worker_desk import WorkerDesk


@pytest.fixture(scope="module")
def robot() -> Iterator[RobotProcess]:
    process = RobotProcess()
    yield process
    process.end()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerDesk]:
    with WorkerDesk(tmp_path_factory.mktemp("robot") / "workspace") as opened:
        yield opened


def drive_until(desk: WorkerDesk, phase: Phase) -> m.Status:
    """Keep the key down until ``phase``, as the window does."""
    desk.process.send(m.WindowInput(source="keyboard", takeover=False, action=(0.0,) * 4))
    for _ in range(400):
        desk.process.send(m.WindowInput(source="keyboard", takeover=True, action=(0.0, 0.2, 0.0, 0.0)))
        status = desk.latest(m.Status)
        if status.phase is phase:
            break
    else:
        raise AssertionError(f"{phase} never came; {status}")
    if phase is Phase.HOLD:
        desk.process.send(m.WindowInput(source="keyboard", takeover=False, action=(0.0,) * 4))
    return status


def robot_status(desk: WorkerDesk, **wanted: object) -> m.RobotStatus:
    return desk.wait_for(m.RobotStatus, lambda told: all(getattr(told, key) == value for key, value in wanted.items()))


def begin(desk: WorkerDesk) -> None:
    desk.process.send(m.ArmRobot())
    robot_status(desk, armed=True, mode="holding")
    desk.process.send(m.StartEpisodes())
    told = desk.wait_for(m.RobotStatus, lambda status: bool(status.checklist))
    assert told.mode == "holding"
    assert not [event for event in desk.events if isinstance(event, m.StepTaken)]
    desk.process.send(m.ConfirmReset())
    desk.process.send(m.StartEpisodes())
    desk.process.send(m.ConfirmReset())
    assert "Check and tick first" in desk.wait_for(m.Note).text
    assert not [event for event in desk.events if isinstance(event, m.StepTaken)]
    desk.process.send(m.TickChecklist(number=told.checklist_number, points=told.checklist))
    desk.process.send(m.ConfirmReset())
    desk.wait_for(m.StepTaken)


def test_what_cannot_be_reached_or_does_not_fit_is_said(robot: RobotProcess, desk: WorkerDesk) -> None:
    fields = {"workspace": str(desk.workspace), "policy": "expert"}
    desk.process.send(m.LoadSession(**fields, scene="x", robot="tcp://192.0.2.1:5870"))
    assert "enter the robot's public key" in desk.wait_for(m.Fault).text
    desk.process.send(m.LoadSession(**fields, scene="drawer-open", robot=robot.address, simulated_operator="probit"))
    fault = desk.wait_for(m.Fault).text
    assert "drawer-open" in fault
    assert "peg-insertion" in fault


def test_a_frozen_and_a_killed_robot_hold_in_mid_takeover_and_nothing_recorded_is_lost(
    robot: RobotProcess, desk: WorkerDesk
) -> None:
    desk.events.clear()
    session = desk.load(robot=robot.address, policy="initial")
    assert (session.scene, session.robot, session.robot_scene) == ("peg-insertion", robot.address, "peg-insertion")
    desk.process.send(m.StartEpisodes())
    assert "not armed" in desk.wait_for(m.Note).text
    begin(desk)

    drive_until(desk, Phase.TAKEOVER)
    robot.send(signal.SIGSTOP)
    assert "the robot holds" in drive_until(desk, Phase.HOLD).reason
    robot_status(desk, up=False)
    robot.send(signal.SIGCONT)
    robot_status(desk, up=True)
    status = desk.wait_for(m.Status, lambda told: told.must_resume)
    assert status.phase is Phase.HOLD
    time.sleep(SECOND_PRESS_S)  # a press that comes earlier was meant to hold
    desk.process.send(m.ToggleHold())
    desk.wait_for_phase(Phase.AUTONOMOUS)
    robot_status(desk, mode="active")

    drive_until(desk, Phase.TAKEOVER)
    robot.end()
    assert "the robot holds" in drive_until(desk, Phase.HOLD).reason
    robot_status(desk, up=False)
    again = RobotProcess(robot.port)
    try:
        told = robot_status(desk, up=True, mode="disarmed")
        assert not told.armed
        desk.process.send(m.ToggleHold())
        assert "not armed" in desk.wait_for(m.Status, lambda each: "armed" in each.reason).reason
        desk.process.send(m.EndEpisode(outcome="failure"))
        closed = desk.wait_for(m.EpisodeClosed)
    finally:
        again.end()
    taken = [event.step for event in desk.events if isinstance(event, m.StepTaken)]
    assert taken == list(range(closed.steps))
    assert closed.takeovers >= 2
    with Workspace.open(desk.workspace) as workspace:
        record = Catalogue(workspace).episode(closed.episode_id)
    assert record.steps == closed.steps
    assert record.start.extra["robot"] == "Simulated peg insertion"
