import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mile_desktop.cameras import clip
from mile_desktop.cameras.clip import ClipEnd, ClipRecorder, Pixels


class Ends:
    """Takes the end of a video, which is reported on another thread."""

    def __init__(self) -> None:
        self.all: list[ClipEnd] = []

    def add(self, end: ClipEnd) -> None:
        self.all.append(end)

    @property
    def only(self) -> ClipEnd:
        (end,) = self.all
        return end


def picture(shade: int, size: tuple[int, int] = (121, 81)) -> Pixels:
    return np.full((size[1], size[0], 4), shade, np.uint8)


def test_a_video_has_its_pictures_at_their_times_and_can_be_played(tmp_path: Path) -> None:
    ends, path = Ends(), tmp_path / "a.mp4"
    recorder = ClipRecorder(path, ends.add)
    times = [100.0, 100.05, 100.3, 100.3, 101.0]  # a pause, and two within one millisecond
    for number, at_s in enumerate(times):
        recorder.offer(picture(40 * number), at_s)
    recorder.stop()
    assert recorder.join(20.0)
    end = ends.only
    assert (end.path, end.pictures, end.missed, end.problem) == (path, 5, 0, "")
    assert end.seconds == pytest.approx(1.0)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 120, 80)
        frames = list(container.decode(stream))
    assert [round(float(frame.pts * (frame.time_base or Fraction(0))), 3) for frame in frames] == [
        0.0, 0.05, 0.3, 0.301, 1.0,
    ]  # fmt: skip
    shades = [int(frame.to_ndarray(format="rgb24")[40, 60, 0]) for frame in frames]
    assert shades == pytest.approx([0, 40, 80, 120, 160], abs=4)


def test_pictures_that_the_encoder_cannot_take_are_left_out_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready, entered = threading.Event(), threading.Event()
    write = clip._Mp4.write

    def slow(file: clip._Mp4, pixels: Pixels, at_s: float) -> None:
        entered.set()
        ready.wait(20.0)
        write(file, pixels, at_s)

    monkeypatch.setattr(clip._Mp4, "write", slow)
    ends = Ends()
    recorder = ClipRecorder(tmp_path / "a.mp4", ends.add)
    recorder.offer(picture(0), 0.0)
    assert entered.wait(20.0)
    for number in range(1, 21):
        recorder.offer(picture(0), 0.05 * number)
    recorder.stop()
    ready.set()
    assert recorder.join(20.0)
    assert (ends.only.pictures, ends.only.missed) == (9, 12)


def test_a_full_disk_ends_the_video_with_a_sentence() -> None:
    ends = Ends()
    recorder = ClipRecorder(Path("/dev/full"), ends.add)
    random = np.random.default_rng(0)
    for number in range(3):
        recorder.offer(random.integers(0, 255, (300, 400, 4), np.uint8), 0.05 * number)
    recorder.stop()
    assert recorder.join(20.0)
    assert ends.only.problem == "The disk is full, so the video /dev/full ends here. Make room, then record again."
    recorder.offer(picture(0), 1.0)  # is ignored


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    ends = Ends()
    recorder = ClipRecorder(tmp_path / "gone" / "a.mp4", ends.add)
    recorder.offer(picture(0), 0.0)
    assert recorder.join(20.0)
    assert str(tmp_path / "gone" / "a.mp4") in ends.only.problem


def test_a_video_without_pictures_makes_no_file(tmp_path: Path) -> None:
    ends = Ends()
    recorder = ClipRecorder(tmp_path / "a.mp4", ends.add)
    recorder.stop()
    assert recorder.join(20.0)
    assert (ends.only.pictures, list(tmp_path.iterdir())) == (0, [])


def test_an_error_that_is_a_bug_ends_the_video_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(clip._Mp4, "write", breaks)
    ends = Ends()
    recorder = ClipRecorder(tmp_path / "a.mp4", ends.add)
    recorder.offer(picture(0), 0.0)
    assert recorder.join(20.0)
    assert ends.only.problem == "The video ends here (ZeroDivisionError: a bug)."
