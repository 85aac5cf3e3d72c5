"""A virtual controller in the hands of a test drives the real rollout worker."""

import multiprocessing
import time
from collections.abc import Iterator

import pytest

from mile_desktop.operators.profile import PadProfile, encode_profile
from mile_desktop.operators.takeover import TakeoverMode
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.loop import SECOND_PRESS_S
from mile_desktop.rollout.phases import Phase
from tests.rollout.worker_desk import WorkerDesk
from tests.virtual_pad import RemotePad, run_worker_with_virtual_pad

Application = tuple[WorkerDesk, RemotePad]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    here, there = multiprocessing.get_context("spawn").Pipe()
    pad = RemotePad(here)
    with WorkerDesk(tmp_path_factory.mktemp("pad") / "workspace", run_worker_with_virtual_pad, (there,)) as running:
        running.load(speed=2.0)
        yield running, pad
    pad.close()
    there.close()


def test_a_thumb_drives_the_robot_and_a_pulled_cable_holds_it(desk: Application) -> None:
    worker, pad = desk
    pad.attach(name="Test Pad")
    worker.wait_for(m.Status, lambda status: (status.device, status.instruction) == ("Test Pad", "hold RB"))
    pad.tap("start")
    worker.wait_for(m.StepTaken, lambda step: not step.intervention)

    pad.move("lefty", -1.0)
    pad.move("righttrigger", 1.0)
    pad.hold("rightshoulder")
    worker.wait_for(m.StepTaken, lambda step: step.intervention)
    wanted = pytest.approx((1.0, 0.0, 0.0, 1.0), abs=1e-3)  # reached in steps of the slew limit
    assert worker.wait_for(m.StepTaken, lambda step: step.executed == wanted).intervention
    pad.release("rightshoulder")
    worker.wait_for(m.StepTaken, lambda step: not step.intervention)

    pad.hold("rightshoulder")
    worker.wait_for(m.StepTaken, lambda step: step.intervention)
    pad.detach()
    held = worker.wait_for_phase(Phase.HOLD)
    assert "Test Pad" in held.reason

    pad.attach()
    pad.hold("rightshoulder")
    worker.wait_for(m.Status, lambda status: status.device == "Test Pad")
    pad.release("rightshoulder")
    time.sleep(SECOND_PRESS_S)  # a press that comes earlier was meant to hold
    pad.tap("y")
    worker.wait_for(m.StepTaken, lambda step: not step.intervention)

    pad.tap("x")
    worker.wait_for(m.Status, lambda status: status.discard_armed)
    pad.tap("x")
    assert worker.wait_for(m.EpisodeClosed).discarded
    pad.tap("back")
    worker.wait_for_phase(Phase.STOPPED)


def test_the_devices_page_sees_the_pad_and_changes_its_profile(desk: Application) -> None:
    worker, pad = desk
    pad.attach(name="Test Pad")
    worker.process.send(m.WatchPad(enabled=True))
    pad.move("leftx", -0.5)
    pad.hold("y")
    state = worker.wait_for(m.PadState, lambda state: state.active_controls == ("leftx", "y"))
    assert state.axes[0] == pytest.approx(-0.5, abs=1e-3)
    worker.process.send(m.SetPad(profile=encode_profile(PadProfile(guid=state.guid, mode=TakeoverMode.TOGGLE))))
    worker.wait_for(m.Status, lambda status: status.instruction == "press RB")
    worker.process.send(m.TestRumble())
    worker.process.send(m.SetPad(profile='{"expo": 2}'))
    assert "expo is 2" in worker.wait_for(m.Note, lambda note: note.level == "warning").text
    assert pad.rumbles
