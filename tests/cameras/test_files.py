import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from mile_desktop.cameras.address import parse_address
from mile_desktop.cameras.backoff import Backoff
from mile_desktop.cameras.capture import Capture
from mile_desktop.cameras.errors import CameraAddressError, CameraEndedError, CameraLostError
from mile_desktop.cameras.messages import CameraState, CameraStatus, Event
from mile_desktop.cameras.pictures import FolderSource
from mile_desktop.cameras.process import run_camera
from mile_desktop.cameras.settings import CameraSettings
from mile_desktop.cameras.source import FrameSource, Picture
from mile_desktop.cameras.sources import open_source
from mile_desktop.cameras.stream import StreamSource
from mile_desktop.cameras.video import VideoWriter
from mile_desktop.channels.messages import Shutdown
from mile_desktop.channels.process import ChildProcess
from mile_desktop.channels.shared import FrameRing
from mile_desktop.rollout.clock import SimulatedClock
from tests.cameras.pictures import number_in, numbered, picture, until

COUNT = 5


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "short.mp4"
    writer = VideoWriter(path, picture(0, 0.0))
    for index in range(1, COUNT):
        writer.write(picture(index, index * 0.04))
    writer.close()
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pictures")
    for index in range(COUNT):
        cv2.imwrite(str(place / f"{index:03d}.png"), numbered(index)[:, :, ::-1])
    (place / "notes.txt").write_text("no picture")
    return place


class Sleeper(SimulatedClock):
    def __call__(self) -> float:
        return self.now()


def opened(place: Path, clock: Sleeper, *, loop: bool) -> FrameSource:
    if place.is_dir():
        return FolderSource(place, rate_hz=25.0, loop=loop, clock=clock, sleep=clock.advance)
    return StreamSource(parse_address(str(place)), loop=loop, clock=clock, sleep=clock.advance)


def test_numbered_pictures_play_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in range(12):
        picture = np.full((8, 8, 3), 20 * number, np.uint8)
        cv2.imwrite(str(tmp_path / f"frame_{number}.png"), picture)
    clock = Sleeper(0.0)
    source = FolderSource(tmp_path, clock=clock, sleep=clock.advance)
    shown = [source.read() for _ in range(12)]
    assert [int(each.pixels[0, 0, 0]) // 20 for each in shown if each] == list(range(12))


@pytest.mark.parametrize("kind", ["video", "folder"])
def test_a_file_plays_in_its_own_time_once_or_for_ever(kind: str, request: pytest.FixtureRequest) -> None:
    place: Path = request.getfixturevalue(kind)
    clock = Sleeper(50.0)
    for_ever = opened(place, clock, loop=True)
    shown = [for_ever.read() for _ in range(3 * COUNT)]
    assert [number_in(each.pixels) for each in shown if each] == list(range(COUNT)) * 3
    assert clock.now() - 50.0 == pytest.approx(3 * COUNT * 0.04, abs=0.05)
    moments = [each.timestamp for each in shown if each]
    assert moments == sorted(moments)
    for_ever.close()
    once = opened(place, clock, loop=False)
    for _ in range(COUNT):
        once.read()
    with pytest.raises(CameraEndedError, match="to its end"):
        once.read()
    once.close()


def test_what_cannot_be_played_is_said_in_words(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no video")
    with pytest.raises(CameraLostError, match="cannot be opened"):
        open_source(CameraSettings(name="a", address=str(text)))
    with pytest.raises(CameraLostError, match="contains no pictures"):
        open_source(CameraSettings(name="a", address=str(tmp_path)))
    with pytest.raises(CameraLostError, match="no device /dev/video77"):
        open_source(CameraSettings(name="a", address="77"))
    with pytest.raises(CameraAddressError, match="without GStreamer"):
        open_source(CameraSettings(name="a", address="gst: videotestsrc ! appsink"))


def test_a_capture_that_ends_waits_for_other_settings(folder: Path) -> None:
    shown: list[Picture] = []
    settings = CameraSettings(name="a", address=str(folder), rate_hz=200.0, loop=False)
    capture = Capture(settings, (shown.append,), backoff=Backoff(0.01, 0.02))
    capture.start()
    until(lambda: capture.status().state is CameraState.ENDED)
    assert len(shown) == COUNT
    capture.configure(CameraSettings(name="a", address=str(folder), rate_hz=200.0, loop=True, rotation=90))
    until(lambda: len(shown) > 2 * COUNT)
    assert capture.status().height == shown[0].pixels.shape[1]
    assert capture.stop(10.0)


@pytest.mark.parametrize(("limit_hz", "expected"), [(15.0, 30), (30.0, 60), (60.0, 60)])
def test_a_limited_rate_drops_what_is_too_much_and_nothing_else(limit_hz: float, expected: int) -> None:
    shown: list[Picture] = []
    jitter = [0.0, 0.006, -0.005, 0.004, -0.007]
    moments = iter([100.0 + index / 30 + jitter[index % 5] for index in range(60)])

    class Jittery:
        def read(self) -> Picture | None:
            try:
                return picture(1, next(moments))
            except StopIteration:
                raise CameraEndedError("over") from None

        def close(self) -> None:
            return

    settings = CameraSettings(name="a", address="0", rate_hz=limit_hz)
    capture = Capture(settings, (shown.append,), opener=lambda _: Jittery())
    capture.start()
    until(lambda: capture.status().state is CameraState.ENDED)
    assert abs(len(shown) - expected) <= 1
    assert capture.stop()


def test_an_unforeseen_error_ends_the_capture_and_is_kept() -> None:
    class Broken:
        def read(self) -> Picture | None:
            raise ZeroDivisionError("a defect")

        def close(self) -> None:
            return

    capture = Capture(CameraSettings(name="a", address="0"), (), opener=lambda _: Broken())
    capture.start()
    until(lambda: capture.failure is not None)
    assert isinstance(capture.failure, ZeroDivisionError)
    assert capture.stop()


StartCamera = Callable[..., tuple[ChildProcess[Event], FrameRing]]


@pytest.fixture
def start_camera() -> Iterator[StartCamera]:
    started: list[tuple[ChildProcess[Event], FrameRing]] = []

    def start(address: Path, *arguments: object) -> tuple[ChildProcess[Event], FrameRing]:
        ring = FrameRing.create(256, 256)
        settings = CameraSettings(name="a", address=str(address))
        child = ChildProcess[Event]("camera a", run_camera, (ring.name, settings, *arguments), event_type=Event)
        started.append((child, ring))
        child.start()
        return child, ring

    yield start
    for child, ring in started:
        child.stop(5.0)
        ring.close()


def test_a_source_that_never_comes_back_ends_the_process(tmp_path: Path, start_camera: StartCamera) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)  # opening it waits for a writer, and there is none
    child, _ = start_camera(pipe, 0.4)
    assert child.wait(30.0)
    assert "a call of its source does not return" in child.exit_reason
    states = [event.state for event in child.drain() if isinstance(event, CameraStatus)]
    assert set(states) == {CameraState.CONNECTING}, "until then the process answered and said how it stood"


def test_a_process_publishes_pictures_and_ends_when_told(video: Path, start_camera: StartCamera) -> None:
    child, ring = start_camera(video)
    until(ring.newest)
    frame = ring.read()
    assert frame is not None
    assert number_in(frame.pixels) in range(COUNT)
    child.send(Shutdown())
    assert child.wait(10.0)
    assert child.exit_reason == "The camera a ended with exit code 0."


def huge_jpeg() -> bytes:
    """A small picture whose header says 30,000 × 30,000."""
    whole = bytearray(cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes())
    start = whole.index(b"\xff\xc0") + 5
    whole[start : start + 4] = (30_000).to_bytes(2, "big") * 2
    return bytes(whole)


def test_the_header_of_a_picture_is_read_before_it_is_decoded(folder: Path, tmp_path: Path) -> None:
    """In a process of its own: OpenCV takes its limits when it is imported, as in the capture process."""
    (tmp_path / "0-huge.jpg").write_bytes(huge_jpeg())
    shutil.copy(folder / "000.png", tmp_path / "1.png")
    program = (
        "import resource, sys; from pathlib import Path; from mile_desktop.cameras.pictures import FolderSource; "
        "source = FolderSource(Path(sys.argv[1]), rate_hz=200.0); "
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; "
        "assert source.read() is None; assert source.read() is not None; "
        "assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_file_whose_video_has_no_decoder_is_said(tmp_path: Path) -> None:
    path = tmp_path / "drawing.svg"
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>')
    with pytest.raises(CameraLostError, match=r"no video|cannot be (read as video|opened)"):
        StreamSource(parse_address(str(path)))
