from collections.abc import Iterator

import numpy as np
import pytest

from mile_desktop.channels.shared import FrameRing
from mile_desktop.rollout.camera_watch import CameraWatch
from mile_desktop.rollout.clock import SimulatedClock
from mile_desktop.rollout.messages import WatchedCamera

PIXELS = np.zeros((4, 6, 3), np.uint8)


@pytest.fixture
def ring() -> Iterator[FrameRing]:
    with FrameRing.create(8, 8) as made:
        yield made


def test_a_camera_is_stale_when_its_picture_is_too_old(ring: FrameRing) -> None:
    clock = SimulatedClock(100.0)
    watch = CameraWatch(clock)
    assert watch.hazard() == ""
    watch.watch([WatchedCamera(name="wrist", ring=ring.name, stale_after_s=1.0)])
    assert "no picture yet" in watch.hazard()
    ring.write(PIXELS, timestamp=100.0)
    assert watch.hazard() == ""
    clock.advance(1.2)
    assert "wrist is stale: its picture is 1.2 s old" in watch.hazard()
    ring.write(PIXELS, timestamp=101.1)
    assert watch.hazard() == ""
    watch.watch([])
    clock.advance(60.0)
    assert watch.hazard() == ""


def test_a_camera_that_cannot_be_watched_is_a_hazard_itself(ring: FrameRing) -> None:
    watch = CameraWatch(SimulatedClock())
    ring.write(PIXELS, timestamp=0.0)
    here = WatchedCamera(name="b", ring=ring.name, stale_after_s=1.0)
    watch.watch([WatchedCamera(name="a", ring="gone", stale_after_s=1.0), here])
    assert "Camera a cannot be watched" in watch.hazard()
    watch.watch([here])
    assert watch.hazard() == ""
    watch.close()
