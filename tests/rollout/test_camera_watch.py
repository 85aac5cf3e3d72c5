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
    assert watch.watch([WatchedCamera(name="wrist", ring=ring.name, stale_after_s=1.0)]) == ""
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


def test_a_camera_that_cannot_be_watched_is_named(ring: FrameRing) -> None:
    watch = CameraWatch(SimulatedClock())
    cameras = [
        WatchedCamera(name=name, ring=place, stale_after_s=1.0) for name, place in (("a", "gone"), ("b", ring.name))
    ]
    assert "Camera a cannot be watched" in watch.watch(cameras)
    assert "Camera b" in watch.hazard()
    watch.close()
