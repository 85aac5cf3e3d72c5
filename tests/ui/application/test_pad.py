"""A virtual controller drives the real worker under a real window."""

import multiprocessing
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from mile_desktop.processes import rollout_worker
from mile_desktop.rollout.phases import Phase
from tests.ui.application.living import LiveWindow, plan
from tests.ui.ui_children import viewer
from tests.virtual_pad import RemotePad, run_with_virtual_pad

Seat = tuple[LiveWindow, RemotePad]


def worker_with_pad(pad_connection: object, *arguments: object) -> None:
    run_with_virtual_pad(pad_connection, rollout_worker, *arguments)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def seat(open_window: Callable[..., LiveWindow], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seat]:
    here, there = multiprocessing.get_context("spawn").Pipe()
    folder = tmp_path_factory.mktemp("pad")
    pad = RemotePad(here)
    desk = open_window(
        folder, plan(folder / "workspace", speed=2.0), partial(worker_with_pad, there), viewer_target=viewer
    )
    desk.until_loaded()
    yield desk, pad
    pad.close()
    there.close()


def test_a_thumb_takes_over_and_a_pulled_cable_holds(seat: Seat) -> None:
    desk, pad = seat
    pad.attach(name="Test Pad")
    desk.until(lambda: desk.status and desk.status.device == "Test Pad")
    assert desk.window.header._device.text().startswith("Test Pad")
    pad.tap("start")
    desk.until_phase(Phase.AUTONOMOUS)
    pad.hold("rightshoulder")
    desk.until_phase(Phase.TAKEOVER)
    pad.release("rightshoulder")
    desk.until_phase(Phase.AUTONOMOUS)
    pad.hold("rightshoulder")
    desk.until_phase(Phase.TAKEOVER)
    pad.detach()
    desk.until_phase(Phase.HOLD)
    assert desk.badge == "Hold"
    assert desk.status is not None
    assert "Test Pad is gone" in desk.status.reason
    desk.until(lambda: desk.status and desk.status.device != "Test Pad")
    pad.attach()
    desk.until(lambda: desk.status and desk.status.device == "Test Pad")
    pad.tap("back")
    desk.until_phase(Phase.STOPPED)
    desk.until(lambda: desk.closed)
    assert desk.closed[0].takeovers == 2


def test_a_pad_with_fewer_axes_is_said_once(seat: Seat) -> None:
    desk, pad = seat
    desk.to_idle()
    desk.forget()
    pad.attach(name="Small Pad", axes=2, buttons=4)
    desk.until(lambda: desk.said("Small Pad", level="warning"))
    desk.start_episode()
    desk.until(lambda: desk.closed)
    assert len([entry for entry in desk.messages if "Small Pad" in entry.text]) == 1


def test_the_devices_page_sees_the_pad_before_anything_is_loaded(seat: Seat) -> None:
    desk, pad = seat
    desk.to_idle()
    desk.forget()
    pad.attach(name="Test Pad")
    desk.desk.worker.send(plan(desk.folder / "workspace", scene="no-such-scene"))
    desk.until(lambda: desk.said("no-such-scene", level="error"))
    seen: list[tuple[str, ...]] = []
    desk.desk.worker.pad_state.connect(lambda state: seen.append(state.active_controls))
    desk.window.show_page("devices")
    pad.hold("y")
    desk.until(lambda: ("y",) in seen)
    pad.release("y")
    desk.window.show_page("supervise")
