import multiprocessing
import os
import signal
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mile_desktop.cameras.errors import VideoError
from mile_desktop.cameras.recorder import VideoRecorder
from mile_desktop.cameras.replay import RecordedVideo
from mile_desktop.cameras.video import TIMES_SUFFIX, VideoWriter
from mile_desktop.cameras.video_files import parts_of, videos_in
from tests.cameras.pictures import SIZE, number_in, picture, until
from tests.cameras.video_children import write_for_ever
from tests.storage.conftest import small_disk
from tests.storage.small_disk import SmallDisk

__all__ = ["small_disk"]
COUNT = 100
MOMENTS = [500.0 + index / 30 + 0.004 * (index % 3) for index in range(COUNT)]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("videos") / "wrist.mp4"
    writer = VideoWriter(path, picture(0, MOMENTS[0]))
    for index in range(1, COUNT):
        writer.write(picture(index, MOMENTS[index]))
    writer.close()
    return path


@settings(max_examples=15, deadline=None)
@given(moments=st.lists(st.floats(MOMENTS[0] - 1.0, MOMENTS[-1] + 1.0), min_size=1, max_size=8))
def test_the_picture_of_a_moment_is_the_newest_taken_by_then(recorded: Path, moments: list[float]) -> None:
    video = RecordedVideo(recorded)
    assert np.allclose(video.timestamps, MOMENTS, atol=1e-6)
    for moment in moments:
        taken = [index for index, when in enumerate(video.timestamps) if when <= moment]
        found = video.frame_at(moment)
        if not taken:
            assert found is None
        else:
            assert found is not None
            assert number_in(found.pixels) == taken[-1]
            assert found.timestamp == video.timestamps[taken[-1]]
    video.close()


def test_going_back_step_by_step_decodes_little(recorded: Path) -> None:
    video = RecordedVideo(recorded)
    numbers = []
    for moment in reversed(MOMENTS):
        found = video.frame_at(moment + 1e-4)
        assert found is not None
        numbers.append(number_in(found.pixels))
    assert numbers == list(reversed(range(COUNT)))
    video.close()


def test_without_its_table_a_video_knows_its_times(recorded: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.mp4"
    alone.write_bytes(recorded.read_bytes())
    video = RecordedVideo(alone)
    assert np.allclose(video.timestamps, MOMENTS, atol=2e-6)
    video.close()
    assert [path.name for path in videos_in(tmp_path)] == ["alone.mp4"]


def test_what_is_no_video_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"nothing of the kind")
    with pytest.raises(VideoError, match="cannot be played"):
        RecordedVideo(tmp_path / "x.mp4")


def test_pictures_that_change_size_are_made_to_fit(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    writer = VideoWriter(path, picture(5, 1.0, (SIZE[0] + 1, SIZE[1])))
    writer.write(picture(6, 1.1, (2 * SIZE[0], 2 * SIZE[1])))
    writer.write(picture(7, 1.2, (SIZE[1], SIZE[0])))
    writer.close()
    video = RecordedVideo(path)
    shown = [video.frame_at(moment) for moment in (1.0, 1.1, 1.2)]
    assert [each.pixels.shape for each in shown if each] == [(SIZE[1], SIZE[0], 3)] * 3
    assert [number_in(each.pixels) for each in shown[:2] if each] == [5, 6]
    video.close()


def test_a_killed_writer_leaves_a_playable_video(tmp_path: Path) -> None:
    path = tmp_path / "episode" / "wrist.mp4"
    child = multiprocessing.get_context("spawn").Process(target=write_for_ever, args=(str(path),))
    child.start()
    times = path.with_suffix(TIMES_SUFFIX)
    until(lambda: times.exists() and times.read_text().count("\n") > 150)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    child.close()
    noted = times.read_text().count("\n") - 1
    with av.open(str(path)) as container:
        playable = sum(1 for _ in container.decode(video=0))
    assert noted - playable <= 30, "half a second is lost at most, and what the encoder had in hand"
    video = RecordedVideo(path)
    for index in (0, 40, playable - 1):
        found = video.frame_at(100.0 + index / 30 + 1e-3)
        assert found is not None
        assert number_in(found.pixels) == index % 256
    last = video.frame_at(1e6)
    assert last is not None, "times of pictures that never reached the disk lead to the last one that did"
    assert number_in(last.pixels) == (playable - 1) % 256
    video.close()


def test_a_recording_begins_with_its_episode_although_word_comes_later(tmp_path: Path) -> None:
    problems: list[str] = []
    recorder = VideoRecorder(problems.append)
    for index in range(30):
        recorder.offer(picture(index, 10.0 + index / 30))
    recorder.start(tmp_path / "one" / "a.mp4", since=10.0 + 20 / 30 - 1e-6)
    recorder.offer(picture(30, 11.0))
    recorder.stop()
    recorder.offer(picture(31, 11.1))
    recorder.start(tmp_path / "one" / "a.mp4", since=11.2)
    recorder.offer(picture(32, 11.3))
    assert recorder.close()
    assert not problems
    (path,) = videos_in(tmp_path / "one")
    assert [part.name for part in parts_of(path)] == ["a.mp4", "a.2.mp4"]
    video = RecordedVideo(path)
    assert np.allclose(video.timestamps, [*(10.0 + index / 30 for index in range(20, 31)), 11.3], atol=1e-6)
    video.close()


def write_part(path: Path, numbers: range) -> Path:
    writer = VideoWriter(path, picture(numbers[0], 100.0 + numbers[0] / 10))
    for number in numbers[1:]:
        writer.write(picture(number, 100.0 + number / 10))
    writer.close()
    return writer.path


@pytest.mark.parametrize("camera", ["front", "front-2", "scene picture"])
def test_the_parts_of_an_interrupted_video_are_one_video(tmp_path: Path, camera: str) -> None:
    # the second part begins with two pictures that the first one has, too
    for numbers in (range(5), range(3, 9), range(12, 14)):
        write_part(tmp_path / f"{camera}.mp4", numbers)
    write_part(tmp_path / "other.mp4", range(2))
    video = RecordedVideo(videos_in(tmp_path)[camera == "scene picture"])
    assert [path.name for path in videos_in(tmp_path)] == sorted([f"{camera}.mp4", "other.mp4"])
    assert video.name == camera
    assert np.all(np.diff(video.timestamps) > 0)
    for number in (13, 2, 4, 8, 12, 3):  # also backwards, over the borders
        found = video.frame_at(100.0 + number / 10 + 1e-3)
        assert found is not None
        assert number_in(found.pixels) == number
    gap = video.frame_at(101.1)
    assert gap is not None
    assert number_in(gap.pixels) == 8
    assert video.frame_at(99.0) is None
    video.close()


def test_a_damaged_part_takes_no_other_part_away(tmp_path: Path) -> None:
    path = write_part(tmp_path / "front.mp4", range(3))
    write_part(path, range(5, 8)).write_bytes(b"no video")
    video = RecordedVideo(path)
    assert len(video.timestamps) == 3
    assert "front.2.mp4 cannot be played" in video.problems[0]
    video.close()


def test_parts_of_an_earlier_version_are_told_from_cameras_with_a_number(tmp_path: Path) -> None:
    for name in ("front", "front-2", "scene picture", "scene picture-2", "scene picture-10"):
        (tmp_path / f"{name}.mp4").touch()
    assert [path.stem for path in videos_in(tmp_path)] == ["front", "front-2", "scene picture"]
    parts = [path.stem for path in parts_of(tmp_path / "scene picture.mp4")]
    assert parts == ["scene picture", "scene picture-2", "scene picture-10"]
    (tmp_path / "scene picture.mp4").unlink()
    assert videos_in(tmp_path)[-1].stem == "scene picture-2"


def test_a_full_disk_ends_the_video_in_words_and_the_next_one_is_written(small_disk: SmallDisk) -> None:
    problems: list[str] = []
    recorder = VideoRecorder(problems.append)
    noise = np.random.default_rng(0)
    small_disk.fill(leave=200_000)
    recorder.start(small_disk.folder / "v" / "a.mp4", since=0.0)
    moment = 1.0

    def offer() -> bool:
        nonlocal moment
        moment += 1 / 30
        pixels = noise.integers(0, 255, (120, 160, 3), np.uint8)
        recorder.offer(type(picture(0, 0.0))(pixels, moment))
        return bool(problems)

    until(offer)
    assert "disk is full" in problems[0]
    assert "episode goes on" in problems[0]
    small_disk.free()
    recorder.start(small_disk.folder / "v" / "b.mp4", since=moment)
    recorder.offer(picture(3, moment + 1))
    assert recorder.close()
    assert len(problems) == 1
    for name in ("a.mp4", "b.mp4"):
        video = RecordedVideo(small_disk.folder / "v" / name)
        assert video.frame_at(1e6) is not None
        video.close()


def test_any_error_of_the_encoder_is_said_and_the_next_video_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    recorder = VideoRecorder(said.append)
    with monkeypatch.context() as broken:

        def fail(*_: object) -> None:
            raise MemoryError("no room")

        broken.setattr(VideoWriter, "write", fail)
        recorder.start(tmp_path / "first.mp4", 0.0)
        recorder.offer(picture(0, 1.0))
        until(lambda: bool(said))
    assert "The video ends here (MemoryError: no room)" in said[0]
    recorder.start(tmp_path / "second.mp4", 2.0)
    for index in range(3):
        recorder.offer(picture(index, 3.0 + index * 0.04))
    assert recorder.close()
    video = RecordedVideo(tmp_path / "second.mp4")
    assert len(video.timestamps) == 3
    video.close()
