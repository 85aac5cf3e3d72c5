from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mile_desktop.cameras.replay_messages import OpenVideos, ReplayNote, ShowMoment, VideosOpened
from mile_desktop.cameras.video import VideoWriter
from mile_desktop.channels.shared import Frame
from mile_desktop.processes import video_replay
from mile_desktop.ui.clients.replay_client import ReplayClient
from tests.cameras.pictures import number_in, picture
from tests.ui.ui_children import mute


@pytest.fixture
def videos(tmp_path: Path) -> tuple[str, ...]:
    for name, first in (("table", 100), ("wrist", 10)):
        writer = VideoWriter(tmp_path / f"{name}.mp4", picture(first, 50.0))
        for index in range(1, 40):
            writer.write(picture(first + index, 50.0 + index / 20))
        writer.close()
    (tmp_path / "broken.mp4").write_bytes(b"x")
    return tuple(str(tmp_path / f"{name}.mp4") for name in ("broken", "table", "wrist"))


def test_a_replay_that_does_not_answer_is_restarted(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReplayClient, "loading_s", 0.3)
    client = ReplayClient(mute)
    notes: list[ReplayNote] = []
    client.note.connect(notes.append)
    client.start()
    first = client.pid
    qtbot.wait(400)
    assert notes == [], "without videos it has nothing to say"
    client.send(OpenVideos(paths=("a.mp4",), number=1))
    qtbot.waitUntil(lambda: bool(notes) and client.pid not in {0, first}, timeout=20000)
    assert notes[0].text.endswith("may be frozen. It is restarted.")
    client.close(0.1)


def test_the_process_shows_what_could_be_seen_at_a_moment(videos: tuple[str, ...], qtbot: QtBot) -> None:
    client = ReplayClient(video_replay)
    opened: list[VideosOpened] = []
    notes: list[ReplayNote] = []
    shown: dict[tuple[int, int], tuple[int, int]] = {}

    def show(index: int, frame: Frame) -> None:
        shown[index, frame.step] = number_in(frame.pixels), frame.flags

    client.opened.connect(opened.append)
    client.note.connect(notes.append)
    client.frame_ready.connect(show)
    client.start()
    client.send(OpenVideos(paths=videos, number=7))
    client.send(ShowMoment(timestamp=51.02, row=5))
    qtbot.waitUntil(lambda: (1, 5) in shown, timeout=40000)
    assert opened == [VideosOpened(names=("table", "wrist"))]
    assert "broken.mp4 cannot be played" in notes[0].text
    assert (shown[0, 5], shown[1, 5]) == ((120, 7), (30, 7))
    for row in range(40):
        client.send(ShowMoment(timestamp=50.0 + row / 20 + 0.001, row=row))
    qtbot.waitUntil(lambda: (1, 39) in shown, timeout=40000)
    assert shown[1, 39] == (49, 7)
    client.close()
