import os
import signal
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from mile_desktop.cameras.messages import CameraNote, CameraState
from mile_desktop.cameras.settings import CameraSettings
from mile_desktop.channels.shared import Frame
from mile_desktop.rollout.camera_watch import CameraWatch
from mile_desktop.rollout.messages import WatchCameras
from mile_desktop.ui.cameras.camera_store import CameraStore
from mile_desktop.ui.cameras.capture_controller import CaptureController
from mile_desktop.ui.clients.camera_client import CameraClient
from tests.cameras.pictures import number_in
from tests.ui.ui_children import mute


def test_one_camera_is_killed_and_restarts_while_the_other_continues(
    cameras: CameraStore, live: CaptureController, folder: Path, qtbot: QtBot
) -> None:
    seen: Counter[str] = Counter()
    notes: list[CameraNote] = []
    needed: list[WatchCameras] = []
    sizes: dict[str, tuple[int, ...]] = {}

    def count(name: str, frame: Frame) -> None:
        seen[name] += 1
        sizes[name] = frame.pixels.shape
        assert 0 <= number_in(frame.pixels) < 20 or name == "b"

    live.frame_ready.connect(count)
    live.note.connect(notes.append)
    live.needed_changed.connect(needed.append)
    both = [CameraSettings(name=name, address=str(folder), rate_hz=60.0, stale_after_s=5.0) for name in "ab"]
    cameras.set_cameras(both)
    live.start()
    qtbot.waitUntil(lambda: seen["a"] > 5 and seen["b"] > 5, timeout=40000)
    a, b = live.client("a"), live.client("b")
    assert a is not None
    assert b is not None
    assert not a.stale

    cameras.set_cameras([msgspec.structs.replace(both[0], needed=True), msgspec.structs.replace(both[1], rotation=90)])
    assert [camera.name for camera in needed[-1].cameras] == ["a"]
    watch = CameraWatch()
    watch.watch(needed[-1].cameras)
    assert watch.hazard() == ""
    qtbot.waitUntil(lambda: sizes["b"] == (96, 64, 3), timeout=40000)
    assert live.client("b") is b, "turning a camera does not start it again"

    others, pid = seen["b"], a.pid
    os.kill(pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: a.status.state is CameraState.OFF, timeout=40000)
    assert any("camera a was killed" in note.text for note in notes)
    before = seen["a"]
    qtbot.waitUntil(lambda: a.status.state is CameraState.LIVE and seen["a"] > before + 3, timeout=40000)
    assert a.pid != pid
    assert seen["b"] > others
    assert watch.hazard() == "", "the pictures of the new process are where those of the old one were"
    watch.close()

    live.set_watched(False)
    before = seen["b"]
    qtbot.wait(0)
    cameras.set_cameras(cameras.cameras[:1])
    assert [client.settings.name for client in live] == ["a"]
    assert seen["b"] == before


def test_a_camera_that_freezes_before_its_first_message_is_restarted(
    cameras: CameraStore, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CameraClient, "loading_s", 0.3)
    live = CaptureController(cameras, mute)
    notes: list[CameraNote] = []
    live.note.connect(notes.append)
    cameras.set_cameras([CameraSettings(name="a", address="0")])
    live.start()
    client = live.client("a")
    assert client is not None
    first = client.pid
    qtbot.waitUntil(lambda: bool(notes) and client.pid not in {0, first}, timeout=20000)
    assert notes[0].text.startswith("The camera a has not answered for")
    assert notes[0].text.endswith("It is restarted.")
    live.close()
