from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from mile_desktop.cameras.replay import RecordedVideo
from mile_desktop.cameras.settings import CameraSettings
from mile_desktop.cameras.video_files import videos_in
from mile_desktop.channels.shared import Frame
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.storage.episodes import read_recording
from mile_desktop.ui.cameras.controller import CamerasController
from mile_desktop.ui.viewport.tile_layout import Layout
from tests.cameras.pictures import number_in
from tests.cameras.servers import MjpegServer
from tests.ui.application.conftest import OpenWindow
from tests.ui.application.live_window import LiveWindow, plan

STALE_AFTER_S = 1.5


def keep_going(live: LiveWindow, condition: Callable[[], object]) -> None:
    """Wait for ``condition``; on a machine so busy that the camera is late, resume as a person would."""
    asked: list[m.Status] = []

    def turn() -> object:
        status = live.status
        if status is not None and status.phase is not Phase.HOLD:
            asked.clear()
        elif status is not None and "Resume when" in status.reason and not asked:
            asked.append(status)
            live.application.worker.send(m.ToggleHold())
        return condition()

    live.until(turn)


@pytest.fixture(scope="module")
def server() -> Iterator[MjpegServer]:
    made = MjpegServer()
    made.period_s = 0.03
    yield made
    made.stop()


@pytest.fixture(scope="module")
def live(open_window: OpenWindow, tmp_path_factory: pytest.TempPathFactory) -> LiveWindow:
    folder = tmp_path_factory.mktemp("desk")
    return open_window(folder, plan(folder / "workspace", speed=1.0))


@pytest.fixture(scope="module")
def cameras(live: LiveWindow, server: MjpegServer) -> CamerasController:
    made = live.parts.cameras
    wrist = CameraSettings(name="Wrist", address=server.address, needed=True, stale_after_s=STALE_AFTER_S)
    made.store.set_cameras([wrist])
    return made


def test_a_needed_camera_that_stalls_holds_the_robot_and_its_video_is_kept(
    live: LiveWindow, cameras: CamerasController, server: MjpegServer, tmp_path: Path
) -> None:
    live.to_idle()
    view = live.supervise.view
    live.until(lambda: any(not client.stale for client in cameras.live))
    view.set_arrangement(Layout.GRID, "Wrist")
    live.start_episode()
    keep_going(live, lambda: len(live.steps) > 10)
    server.stall()
    live.until_phase(Phase.HOLD)
    assert live.status is not None
    assert "Camera Wrist is stale" in live.status.reason
    live.until(lambda: "stale" in getattr(view.tiles.tile("Wrist"), "note", ""))
    steps = len(live.steps)
    seen: list[m.Status] = []
    live.application.worker.status_changed.connect(seen.append)
    live.application.worker.send(m.ToggleHold())
    live.until(lambda: len(seen) > 10)
    assert len(live.steps) == steps, "resuming without a picture moves nothing"
    server.flow()
    live.until(lambda: live.status is not None and "Resume when you are ready" in live.status.reason)
    keep_going(live, lambda: len(live.steps) > steps + 5)
    live.application.worker.send(m.EndEpisode(outcome="success"))
    live.until(lambda: live.closed)

    episode = live.closed[-1].episode_id
    videos = videos_in(live.workspace.folder / "videos" / episode)
    assert [path.name for path in videos] == ["wrist.mp4"]
    live.until(lambda: all(not client.status.recording for client in cameras.live))
    recorded = read_recording(live.workspace.workspace, episode)
    video = RecordedVideo(videos[0])
    ages = []
    for moment in recorded.timestamp.tolist():
        picture = video.frame_at(moment)
        assert picture is not None
        ages.append(moment - picture.timestamp)
        assert number_in(picture.pixels) in range(256)
    assert max(ages) <= STALE_AFTER_S, "no step was taken with an older picture than the camera may have"
    video.close()


def test_escape_stops_the_robot_before_it_closes_the_dialog(live: LiveWindow, cameras: CamerasController) -> None:
    live.start_episode()
    begun = len(live.steps)
    live.until(lambda: len(live.steps) > begun + 20)  # enough to look through on the Inspect page afterwards
    cameras.open_dialog()
    QTest.keyClick(cameras.dialog, Qt.Key.Key_Escape)
    live.until_phase(Phase.STOPPED)
    assert cameras.dialog.isVisible()
    QTest.keyClick(cameras.dialog, Qt.Key.Key_Escape)
    assert not cameras.dialog.isVisible()
    live.to_idle()


def test_the_inspect_page_plays_the_video_in_step(live: LiveWindow, cameras: CamerasController) -> None:
    inspecting, replay = live.parts.inspect, live.parts.replay
    shown: list[Frame] = []
    view = inspecting.page.view
    live.window.show_page("inspect")
    live.until(lambda: inspecting.recording is not None)
    live.until(lambda: view.tiles.choices == ("wrist",))
    assert replay._client is not None
    replay._client.frame_ready.connect(lambda _, frame: shown.append(frame))
    recording = inspecting.recording
    assert recording is not None
    for row in (len(recording) - 1, 3):
        inspecting.playback.go(row)
        live.until(lambda row=row: shown and shown[-1].step == row)
        moment = float(recording.episode.timestamp[row])
        assert 0.0 <= moment - shown[-1].timestamp <= STALE_AFTER_S
    tile = view.tiles.tile("wrist")
    assert tile is not None
    assert not tile.image.isNull()
    live.window.show_page("supervise")
