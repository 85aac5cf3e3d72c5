import random
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.cameras.backoff import Backoff
from mile_desktop.cameras.health import Health
from mile_desktop.cameras.settings import CameraSettings, Crop, file_stem, free_name
from mile_desktop.cameras.source import Picture
from mile_desktop.cameras.stream import LiveTimestamps, PacketTiming, Queue
from mile_desktop.cameras.transform import LARGEST, fitting, transformed

CHANGING = [np.full((32, 32, 3), shade, np.uint8) for shade in range(2)]


def feed(health: Health, moments: list[float], *, delay_s: float = 0.01, still: bool = False) -> None:
    for index, moment in enumerate(moments):
        health.arrived(Picture(CHANGING[0 if still else index % 2], moment))
        health.published(moment + delay_s, moment)


def test_waits_double_with_chance_and_start_again_after_a_success() -> None:
    backoff = Backoff(0.5, 8.0, random.Random(1))
    waits = [backoff.next_s() for _ in range(9)]
    full = [0.5, 1, 2, 4, 8, 8, 8, 8, 8]
    assert all(limit / 2 <= wait <= limit for wait, limit in zip(waits, full, strict=True))
    assert len(set(waits)) == len(waits)
    backoff.reset()
    assert backoff.next_s() <= 0.5


def test_rate_and_latency_over_the_last_seconds() -> None:
    health = Health()
    feed(health, [index / 30 for index in range(90)])
    assert abs(health.rate_hz(3.0) - 30) < 0.5
    assert abs(health.latency_ms(3.0) - 10) < 1e-6
    assert health.rate_hz(60.0) == health.latency_ms(60.0) == 0.0


def test_what_is_missing_from_the_rhythm_is_counted_but_not_across_a_loss() -> None:
    health = Health()
    feed(health, [index / 30 for index in range(60) if index not in {20, 21, 40}])
    assert health.dropped == 3
    health.interrupted()
    feed(health, [100 + index / 30 for index in range(20)])
    assert health.dropped == 3


def test_pictures_that_come_late_in_a_burst_are_no_drops() -> None:
    health = Health()
    moments = [index / 30 for index in range(40)]
    late = [40 / 30 + 0.3 + index * 0.001 for index in range(10)]
    feed(health, moments + late + [50 / 30 + index / 30 for index in range(20)])
    assert health.dropped == 0
    assert abs(health.rate_hz(70 / 30) - 30) < 1


def test_figures_can_be_asked_for_while_pictures_come() -> None:
    health, done = Health(), threading.Event()

    def count() -> None:
        for round_number in range(8):
            feed(health, [round_number + index / 500 for index in range(400)])
            health.interrupted()
        done.set()

    thread = threading.Thread(target=count)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        thread.start()
        while not done.is_set():
            health.rate_hz(1.0)
            health.latency_ms(1.0)
            health.unchanged_s()
        thread.join()
    finally:
        sys.setswitchinterval(interval)


def test_a_picture_that_does_not_change_is_noticed() -> None:
    health = Health()
    feed(health, [index / 10 for index in range(50)], still=True)
    assert abs(health.unchanged_s() - 4.9) < 1e-6
    feed(health, [5.0, 5.1])
    assert health.unchanged_s() < 0.2


def test_a_queue_in_front_of_the_decoder_makes_pictures_older() -> None:
    pace = LiveTimestamps()
    assert pace.moment(PacketTiming(10.0, 0.1), 0.0) == 10.0
    assert pace.moment(PacketTiming(10.1, 0.1), 0.1) == pytest.approx(10.1)
    assert pace.moment(PacketTiming(12.2, 0.0), 0.2) == pytest.approx(10.2)  # it had waited for two seconds
    assert pace.moment(PacketTiming(13.0, 0.0), None) == 13.0


def test_a_stream_that_counts_its_time_wrongly_does_not_grow_old() -> None:
    pace = LiveTimestamps()
    for index in range(200):
        now = 10.0 + index / 20
        assert now - pace.moment(PacketTiming(now, 0.049), index / 24) < 0.02  # it says 24 a second, and sends 20


def test_of_pictures_that_wait_the_newest_wins() -> None:
    queue = Queue()
    fresh = [queue.outdated(PacketTiming(moment / 30, 0.03)) for moment in range(1, 10)]
    assert not any(fresh)
    waiting = [queue.outdated(PacketTiming(1.0 + moment / 1000, 0.0001)) for moment in range(20)]
    assert waiting == [False, False] + [True] * 18
    assert not queue.outdated(PacketTiming(1.2, 0.0001)), "something is shown all the same"
    assert not queue.outdated(PacketTiming(1.22, 0.02))


@given(
    width=st.integers(1, 5000),
    height=st.integers(1, 5000),
    limits=st.tuples(st.integers(0, 3000), st.integers(0, 3000)),
)
def test_a_picture_fits_and_is_never_enlarged(width: int, height: int, limits: tuple[int, int]) -> None:
    fitted = fitting(width, height, *limits)
    for size, original, limit, largest in zip(fitted, (width, height), limits, LARGEST, strict=True):
        assert 1 <= size <= min(original, limit or largest, largest)


def test_crop_turn_and_fit() -> None:
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[0, 79] = 255  # top right
    right_half = CameraSettings(name="a", address="0", crop=Crop(left=0.5))
    assert transformed(pixels, right_half).shape == (40, 40, 3)
    turned = transformed(pixels, CameraSettings(name="a", address="0", rotation=90))
    assert turned.shape == (80, 40, 3)
    assert turned[79, 39].all()  # clockwise: top right becomes bottom right
    small = transformed(pixels, CameraSettings(name="a", address="0", max_width=20))
    assert small.shape == (10, 20, 3)
    assert small.flags.c_contiguous


def test_names_give_file_names_that_differ() -> None:
    assert file_stem("Über Tisch 2") == "ber-tisch-2"
    assert file_stem("///") == "camera"
    assert free_name("Wrist", ["wrist", "Wrist 2"]) == "Wrist 3"
