"""A virtual controller drives the real worker under a real window."""

import multiprocessing
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from mile_desktop.processes import rollout_worker
from mile_desktop.rollout.phases import Phase
from tests.ui.application.live_window import LiveWindow, plan
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
    live = open_window(
        folder, plan(folder / "workspace", speed=2.0), partial(worker_with_pad, there), viewer_target=viewer
    )
    live.until_loaded()
    yield live, pad
    pad.close()
    there.close()


def test_a_thumb_takes_over_and_a_pulled_cable_holds(seat: Seat) -> None:
    live, pad = seat
    pad.attach(name="Test Pad")
    live.until(lambda: live.status and live.status.device == "Test Pad")
    assert live.device_text.startswith("Test Pad")
    pad.tap("start")
    live.until_phase(Phase.AUTONOMOUS)
    pad.hold("rightshoulder")
    live.until_phase(Phase.TAKEOVER)
    pad.release("rightshoulder")
    live.until_phase(Phase.AUTONOMOUS)
    pad.hold("rightshoulder")
    live.until_phase(Phase.TAKEOVER)
    pad.detach()
    live.until_phase(Phase.HOLD)
    assert live.badge == "Hold"
    assert live.status is not None
    assert "Test Pad is gone" in live.status.reason
    live.until(lambda: live.status and live.status.device != "Test Pad")
    pad.attach()
    live.until(lambda: live.status and live.status.device == "Test Pad")
    pad.tap("back")
    live.until_phase(Phase.STOPPED)
    live.until(lambda: live.closed)
    assert live.closed[0].takeovers == 2


def test_a_pad_with_fewer_axes_is_said_once(seat: Seat) -> None:
    live, pad = seat
    live.to_idle()
    live.forget()
    pad.attach(name="Small Pad", axes=2, buttons=4)
    live.until(lambda: live.said("Small Pad", level="warning"))
    live.start_episode()
    live.until(lambda: live.closed)
    assert len([entry for entry in live.messages if "Small Pad" in entry.text]) == 1


def test_the_devices_page_sees_the_pad_before_anything_is_loaded(seat: Seat) -> None:
    live, pad = seat
    live.to_idle()
    live.forget()
    pad.attach(name="Test Pad")
    live.application.worker.send(plan(live.folder / "workspace", scene="no-such-scene"))
    live.until(lambda: live.said("no-such-scene", level="error"))
    seen: list[tuple[str, ...]] = []
    live.application.worker.pad_state.connect(lambda state: seen.append(state.active_controls))
    live.window.show_page("devices")
    pad.hold("y")
    live.until(lambda: ("y",) in seen)
    pad.release("y")
    live.window.show_page("supervise")
