import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import channel_children as children
import numpy as np
import pytest
from channel_children import Event
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.channels.errors import SharedMemoryError
from mile_desktop.channels.memory_names import remove_left_memory
from mile_desktop.channels.process import ChildProcess
from mile_desktop.channels.shared import Frame, FrameRing, StateSlot

SIZE = 200


@pytest.fixture
def slot() -> Iterator[StateSlot]:
    with StateSlot.create(SIZE) as created:
        yield created


@pytest.fixture
def ring() -> Iterator[FrameRing]:
    with FrameRing.create(200, 100) as created:
        yield created


def write_plain(ring: FrameRing, value: int, shape: tuple[int, int, int] = (4, 5, 3)) -> None:
    ring.write(np.full(shape, value, np.uint8), view_projection=np.eye(4), anchor=(1, 2, 3), step=value, flags=1)


def test_a_state_arrives_whole(slot: StateSlot) -> None:
    assert slot.read() is None
    with StateSlot.attach(slot.name) as reader:
        slot.write([1.5, -2.0], 3, flags=4, timestamp=5.0)
        slot.write(np.arange(SIZE), 9, flags=2, timestamp=6.0)
        sample = reader.read(after=1)
        assert sample is not None
        assert (sample.step, sample.flags, sample.timestamp, sample.sequence) == (9, 2, 6.0, 2)
        assert sample.values.tolist() == list(range(SIZE))
        assert reader.read(after=2) is None
        slot.write([7.0], 10)
        assert sample.values.tolist() == list(range(SIZE)), "a sample is a copy"


@given(st.lists(st.floats(width=32, allow_nan=False), max_size=16), st.integers(-1, 2**40))
def test_any_state_comes_back_as_it_went_in(values: list[float], step: int) -> None:
    with StateSlot.create(16) as slot:
        slot.write(values, step)
        sample = slot.read()
        assert sample is not None
        assert (sample.values.tolist(), sample.step) == (values, step)


@pytest.mark.parametrize("values", [np.zeros(SIZE + 1), np.zeros((2, 2))])
def test_a_state_that_does_not_fit_is_refused(slot: StateSlot, values: np.ndarray) -> None:
    with pytest.raises(SharedMemoryError, match="at most 200 numbers"):
        slot.write(values, 0)
    assert slot.read() is None


def test_a_frame_arrives_with_its_projection(ring: FrameRing) -> None:
    assert ring.read() is None
    pixels = np.random.default_rng(1).integers(0, 255, (100, 200, 4), np.uint8)
    matrix = np.arange(16, dtype=np.float32).reshape(4, 4)
    with FrameRing.attach(ring.name) as writer:
        writer.write(pixels, view_projection=matrix, anchor=(1, 2, 3), step=8, flags=5, timestamp=2.5)
    frame = ring.read()
    assert frame is not None
    assert np.array_equal(frame.pixels, pixels)
    assert np.array_equal(frame.view_projection, matrix)
    assert frame.anchor.tolist() == [1, 2, 3]
    assert (frame.step, frame.flags, frame.timestamp, frame.sequence) == (8, 5, 2.5, 1)
    assert ring.read(after=1) is None


@pytest.mark.parametrize(
    "pixels", [np.zeros((101, 10, 3), np.uint8), np.zeros((4, 4, 2), np.uint8), np.zeros((4, 4, 3), np.float32)]
)
def test_a_frame_that_does_not_fit_is_refused(ring: FrameRing, pixels: np.ndarray) -> None:
    with pytest.raises(SharedMemoryError, match=r"at most \(100, 200, 3 or 4\)"):
        ring.write(pixels, view_projection=np.eye(4), anchor=(0, 0, 0))


def test_newest_wins_and_views_of_the_memory_do_not_escape(ring: FrameRing) -> None:
    for value in range(1, 8):
        write_plain(ring, value)
    frame = ring.read()
    assert frame is not None
    for value in range(8, 12):
        write_plain(ring, value)
    assert frame.sequence == 7
    assert np.all(frame.pixels == 7)


def test_a_point_is_found_in_the_picture() -> None:
    matrix = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0]], np.float32)
    frame = Frame(np.zeros((100, 200, 3), np.uint8), 1, 0.0, matrix, np.zeros(3, np.float32), 0, 0)
    assert frame.project((0, 0, 1)) == (100.0, 50.0)
    assert frame.project((1, 1, 2)) == (150.0, 25.0)
    assert frame.project((0, 0, -1)) is None


def test_reader_and_writer_must_agree_on_what_it_is(slot: StateSlot) -> None:
    with pytest.raises(SharedMemoryError, match="is not a frame ring"):
        FrameRing.attach(slot.name)


def test_a_name_without_memory_is_said(slot: StateSlot) -> None:
    slot.close()
    slot.close()
    with pytest.raises(SharedMemoryError, match="no shared memory called"):
        StateSlot.attach(slot.name)


_ENOUGH = 300
"""Reads that would have met a torn write."""
_PATIENCE_S = 60.0
"""On a machine that hardly runs."""


def run_for(child: ChildProcess[Event], seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert child.alive, child.exit_reason
        yield


def test_states_written_by_another_process_are_never_torn(slot: StateSlot) -> None:
    child = ChildProcess[Event]("writer", children.write_states, (slot.name, SIZE), event_type=Event)
    child.start()
    try:
        last, seen = 0, 0
        for _ in run_for(child, _PATIENCE_S):
            if seen > _ENOUGH:
                break
            sample = slot.read(after=last)
            if sample is None:
                continue
            assert np.all(sample.values == sample.step % 65536)
            assert len(sample.values) == SIZE
            assert (sample.flags, sample.timestamp) == (sample.step % 7, sample.step)
            assert sample.sequence > last
            last, seen = sample.sequence, seen + 1
        assert seen > _ENOUGH
    finally:
        child.stop(2.0)


def test_frames_written_by_another_process_are_never_torn(ring: FrameRing) -> None:
    child = ChildProcess[Event]("writer", children.write_frames, (ring.name,), event_type=Event)
    child.start()
    try:
        last, seen = 0, 0
        for _ in run_for(child, _PATIENCE_S):
            if seen > _ENOUGH:
                break
            frame = ring.read(after=last)
            if frame is None:
                continue
            step, value = frame.step, frame.step % 256
            assert frame.pixels.shape == (40 + step % 50, 60 + step % 90, 3 + step % 2)
            assert np.all(frame.pixels == value)
            assert np.all(frame.view_projection == value)
            assert np.all(frame.anchor == value)
            last, seen = frame.sequence, seen + 1
        assert seen > _ENOUGH
    finally:
        child.stop(2.0)


def test_readers_and_the_next_writer_survive_a_writer_killed_at_work(slot: StateSlot) -> None:
    for _ in range(3):
        child = ChildProcess[Event]("writer", children.write_states, (slot.name, SIZE), event_type=Event)
        child.start()
        before = slot.read()
        while slot.read(after=before.sequence + 50 if before else 0) is None:
            assert child.alive, child.exit_reason
        os.kill(child.pid, signal.SIGKILL)
        child.stop(5.0)
        sample = slot.read()
        assert sample is None or np.all(sample.values == sample.step % 65536)
    slot.write([1.0], 1)
    newest = slot.read()
    assert newest is not None
    assert newest.values.tolist() == [1.0]


def test_a_write_cut_short_is_not_seen_and_not_in_the_way(slot: StateSlot) -> None:
    slot.write([1.0], 1)
    slot._header["counter"] += 1
    slot._values[0] = 99.0
    assert slot.read() is None
    slot.write([2.0], 2)
    sample = slot.read(after=1)
    assert sample is not None
    assert sample.values.tolist() == [2.0]


def test_a_frame_cut_short_is_not_seen_and_not_in_the_way(ring: FrameRing) -> None:
    for value in range(1, 4):
        write_plain(ring, value)
    ring._headers["counter"][4 % 3] += 1
    frame = ring.read()
    assert frame is not None
    assert frame.step == 3
    write_plain(ring, 4)
    frame = ring.read(after=3)
    assert frame is not None
    assert frame.step == 4


_WINDOW = """
import sys, time
from mile_desktop.channels.shared import FrameRing, StateSlot
slot, ring = StateSlot.create(8), FrameRing.create(64, 64)
print(slot.name, ring.name, flush=True)
sys.stdin.readline()
slot.close(), ring.close()
"""


def test_a_window_that_ends_leaves_nothing_and_says_nothing() -> None:
    command = [sys.executable, "-W", "error", "-c", _WINDOW]
    done = subprocess.run(command, input="\n", capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == ""
    for name in done.stdout.split():
        with pytest.raises(FileNotFoundError):
            SharedMemory(name=name)


def test_the_memory_of_a_killed_window_is_removed() -> None:
    command = [sys.executable, "-c", _WINDOW]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as window:
        assert window.stdout is not None
        assert window.stderr is not None
        names = window.stdout.readline().decode().split()
        window.kill()
        window.stderr.read()  # ends when the resource tracker, which holds it open, has cleaned up
    for name in names:
        with pytest.raises(FileNotFoundError):
            SharedMemory(name=name)


def memory_of(group: bool) -> tuple[subprocess.Popen[str], str]:
    """A process that makes a block and waits, with the block's name."""
    program = (
        "import sys, time; from mile_desktop.channels.shared import StateSlot; slot = StateSlot.create(8); "
        "print(slot.name, flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, start_new_session=group
    )
    assert process.stdout is not None
    with process.stdout as printed:
        return process, printed.readline().strip()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no folder of shared memory")
def test_the_next_start_removes_the_memory_of_a_killed_group_and_no_other() -> None:
    killed, left = memory_of(group=True)
    living, kept = memory_of(group=True)
    try:
        os.killpg(killed.pid, signal.SIGKILL)  # with its resource tracker, which would have removed the block
        killed.wait()
        assert Path("/dev/shm", left).exists()
        removed = remove_left_memory()
        assert left in removed
        assert kept not in removed
        assert not Path("/dev/shm", left).exists()
        StateSlot.attach(kept).close()
    finally:
        os.killpg(living.pid, signal.SIGKILL)
        living.wait()
        remove_left_memory()


def test_blocks_with_other_names_and_of_other_containers_stay(tmp_path: Path) -> None:
    names = ("mile-notes", "mile-1-999999999-5-ab", "psm_12345678")
    for name in names:
        (tmp_path / name).touch()
    assert remove_left_memory(tmp_path) == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
