import errno
import json
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest

from mile_desktop.cameras.source import Picture
from mile_desktop.cameras.video import VideoWriter
from mile_desktop.interchange import lerobot_format, lerobot_videos
from mile_desktop.interchange.dataset_export import DatasetExport
from mile_desktop.interchange.errors import InterchangeCancelledError
from mile_desktop.interchange.lerobot_writer import write_lerobot
from mile_desktop.interchange.recorded_episodes import Progress, chosen_records
from mile_desktop.storage.workspace import Workspace
from tests.interchange.conftest import ENTRIES, PEG, record

TOP = "observation.images.top"


def film(workspace: Workspace, episode_id: str, pictures: list[tuple[float, int]], camera: str = "top") -> None:
    """Record pictures (time, grey value); steps of the samples begin at 100 s and come every 0.05 s."""
    made = [Picture(np.full((48, 64, 3), grey, np.uint8), time) for time, grey in pictures]
    writer = VideoWriter(workspace.folder / "videos" / episode_id / f"{camera}.mp4", made[0])
    for picture in made[1:]:
        writer.write(picture)
    writer.close()


def export(workspace: Workspace, target: Path, progress: Progress | None = None) -> Path:
    return write_lerobot(
        DatasetExport(workspace, chosen_records(workspace, PEG, ()), ENTRIES, target, progress=progress or Progress())
    ).place


def greys(path: Path) -> list[tuple[float, int]]:
    """Return time and grey value of every picture of a video."""
    with av.open(str(path)) as container:
        return [
            (round(float(frame.time), 4), round(float(frame.to_ndarray(format="gray").mean())))
            for frame in container.decode(video=0)
        ]


def test_each_step_has_the_newest_picture_before_it(workspace: Workspace, tmp_path: Path) -> None:
    first, second = record(workspace, [False] * 4), record(workspace, [False] * 3)
    film(workspace, first.episode_id, [(100.0, 20), (100.07, 120), (100.14, 220)])  # slower than the steps
    film(workspace, second.episode_id, [(100.0 + 0.01 * n, 60 + 10 * n) for n in range(12)])  # faster

    folder = export(workspace, tmp_path / "set")

    found = greys(folder / f"videos/{TOP}/chunk-000/file-000.mp4")
    assert [time for time, _ in found] == [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]
    np.testing.assert_allclose([grey for _, grey in found], [20, 20, 120, 220, 60, 110, 160], atol=8)
    rows = pq.read_table(folder / lerobot_format.EPISODES).to_pylist()
    assert [rows[1][f"videos/{TOP}/{name}"] for name in ("from_timestamp", "to_timestamp")] == [0.2, 0.35]
    info = json.loads((folder / "meta/info.json").read_text())
    assert info["video_path"] == lerobot_format.VIDEO_PATH
    assert info["features"][TOP]["shape"] == [48, 64, 3]
    assert info["features"][TOP]["info"]["video.fps"] == 20
    stats = json.loads((folder / "meta/stats.json").read_text())[TOP]
    assert np.shape(stats["mean"]) == (3, 1, 1)
    assert 0.0 < stats["mean"][0][0][0] < 1.0
    assert TOP not in pq.read_schema(folder / "data/chunk-000/file-000.parquet").names


def test_videos_of_unequal_length_and_missing_ones_are_said(workspace: Workspace, tmp_path: Path) -> None:
    first, second = record(workspace, [False] * 43), record(workspace, [False] * 2)
    film(workspace, first.episode_id, [(100.0, 20), (100.5, 90)])
    film(workspace, second.episode_id, [(100.0, 20)])
    film(workspace, first.episode_id, [(100.0, 20)], "wrist")
    notes: list[str] = []

    folder = export(workspace, tmp_path / "set", Progress(note=notes.append))

    assert notes == [
        f"top.mp4 of {first.episode_id} ends 1.6 s early; its last picture is repeated.",
        "The camera wrist is left out, because 1 of 2 episodes have no video.",
    ]
    assert len(greys(folder / f"videos/{TOP}/chunk-000/file-000.mp4")) == 45
    assert not (folder / "videos" / "observation.images.wrist").exists()


def test_an_interrupted_video_is_one_video_and_its_gap_is_said(workspace: Workspace, tmp_path: Path) -> None:
    made = record(workspace, [False] * 60)
    name = "scene picture"
    film(workspace, made.episode_id, [(100.0 + 0.05 * n, 20) for n in range(10)], name)
    film(workspace, made.episode_id, [(102.0 + 0.05 * n, 200) for n in range(20)], name)  # recorded by a second viewer
    notes: list[str] = []

    folder = export(workspace, tmp_path / "set", Progress(note=notes.append))

    assert notes == [
        f"scene picture.mp4 of {made.episode_id} has a gap of 1.5 s; 9 steps repeat the last picture before it."
    ]
    found = [grey for _, grey in greys(folder / f"videos/observation.images.{name}/chunk-000/file-000.mp4")]
    np.testing.assert_allclose(found, [20] * 40 + [200] * 20, atol=8)


def test_a_full_disk_ends_the_export_and_leaves_no_camera_out(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(workspace, record(workspace, [False] * 3).episode_id, [(100.0, 20)])

    def full(*_: object, **__: object) -> None:
        raise av.error.FFmpegError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(lerobot_videos, "_write_camera", full)
    notes: list[str] = []

    with pytest.raises(OSError, match="No space left") as caught:
        export(workspace, tmp_path / "set", Progress(note=notes.append))

    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path / "set"))
    assert not notes
    assert not (tmp_path / "set").exists()


def test_a_video_that_cannot_be_read_leaves_its_camera_out(workspace: Workspace, tmp_path: Path) -> None:
    made = record(workspace, [False] * 3)
    path = workspace.folder / "videos" / made.episode_id / "top.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no video")
    notes: list[str] = []

    export(workspace, tmp_path / "set", Progress(note=notes.append))

    assert len(notes) == 1
    assert notes[0].startswith("The camera top is left out: ")


def test_finished_videos_are_used_again(workspace: Workspace, tmp_path: Path) -> None:
    for _ in range(2):
        film(workspace, record(workspace, [False] * 3).episode_id, [(100.0, 50)])
    asked = iter(range(100))
    with pytest.raises(InterchangeCancelledError):
        export(workspace, tmp_path / "set", Progress(cancelled=lambda: next(asked) == 3))  # before the second video
    (done,) = (tmp_path / "set.partial" / "pieces").glob("*.mp4")
    before = done.read_bytes()

    folder = export(workspace, tmp_path / "set")

    assert before
    assert len(greys(folder / f"videos/{TOP}/chunk-000/file-000.mp4")) == 6
