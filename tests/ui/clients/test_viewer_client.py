import os
import signal
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.channels.errors import SharedMemoryError
from mile_desktop.channels.shared import Frame, StateSlot
from mile_desktop.processor_time import ProcessorTime
from mile_desktop.ui.clients import child_client
from mile_desktop.ui.clients.viewer_client import ViewerClient
from mile_desktop.viewer import messages as v
from tests.ui.ui_children import DIE, FREEZE, viewer

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


@pytest.fixture
def client(qapp: QApplication) -> Iterator[ViewerClient]:
    client = ViewerClient(viewer, max_size=(64, 48), thumbnails=1)
    client.start()
    yield client
    client.close()


def look(yaw_deg: float, pitch_deg: float = -30.0) -> v.SetView:
    return v.SetView(yaw_deg=yaw_deg, pitch_deg=pitch_deg, distance_m=1.0, target=(0.0, 0.0, 0.0))


def loaded(client: ViewerClient, qtbot: QtBot) -> v.ViewerReady:
    with qtbot.waitSignal(client.ready, timeout=20000) as signal_:
        client.send(v.LoadScene(scene="peg-insertion"))
    ready: v.ViewerReady = signal_.args[0]
    return ready


def frame_of_shade(client: ViewerClient, qtbot: QtBot, shade: int) -> Frame:
    frames: list[Frame] = []
    client.frame_ready.connect(frames.append)
    qtbot.waitUntil(lambda: bool(frames) and frames[-1].pixels[0, 0, 0] == shade, timeout=20000)
    return frames[-1]


def test_frames_arrive_newest_first_and_only_once(client: ViewerClient, qtbot: QtBot) -> None:
    loaded(client, qtbot)
    client.send(look(90.0))
    frames: list[Frame] = []
    client.frame_ready.connect(frames.append)
    frame_of_shade(client, qtbot, 90)
    sequences = [frame.sequence for frame in frames]
    assert sequences == sorted(set(sequences))


def test_small_views_have_their_own_signal(client: ViewerClient, qtbot: QtBot) -> None:
    with qtbot.waitSignal(client.thumbnail_ready, timeout=20000) as signal_:
        client.send(v.LoadScene(scene="peg-insertion"))
    assert signal_.args[0] == 0
    assert signal_.args[1].pixels.shape == (4, 6, 3)


def test_a_killed_viewer_comes_back_with_the_same_view_and_a_note(client: ViewerClient, qtbot: QtBot) -> None:
    loaded(client, qtbot)
    client.send(look(120.0))
    frame_of_shade(client, qtbot, 120)
    notes: list[v.ViewerNote] = []
    generation = client.generation
    client.note.connect(notes.append)
    with qtbot.waitSignal(client.ready, timeout=20000) as signal_:
        os.kill(client.pid, KILL)
    frame_of_shade(client, qtbot, 120)
    assert client.generation == generation, "the worker goes on to write states of this number"
    killed = "The viewer was killed by SIGKILL. The view is restarted."
    assert [note.text for note in notes] == [killed, "The viewer draws again."]
    assert signal_.args[0].renderer == "OpenGL"


def test_a_viewer_that_dies_before_it_drew_is_started_without_opengl(client: ViewerClient, qtbot: QtBot) -> None:
    client.send(v.LoadScene(scene=DIE))
    qtbot.waitUntil(lambda: not client.alive, timeout=20000)
    assert loaded(client, qtbot).renderer == "TinyRenderer"


def test_a_viewer_that_keeps_dying_is_left_alone(client: ViewerClient, qtbot: QtBot) -> None:
    with qtbot.waitSignal(client.died, timeout=30000) as signal_:
        client.send(look(0.0, pitch_deg=-90.0))
    assert "ended 3 times in a row and is not started again" in signal_.args[0]
    assert not client.alive


@pytest.mark.skipif(sys.platform == "win32", reason="processes cannot be paused there")
def test_a_frozen_viewer_is_replaced(client: ViewerClient, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded(client, qtbot)
    frozen = client.pid
    monkeypatch.setattr(ViewerClient, "silence_s", 0.3)
    os.kill(frozen, signal.SIGSTOP)
    qtbot.waitUntil(lambda: client.pid not in {0, frozen}, timeout=20000)
    monkeypatch.undo()


def test_a_viewer_that_only_waits_for_a_processor_is_left_alone(
    client: ViewerClient, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(client, qtbot)
    first, waits = client.pid, True
    # As on a machine whose processors are taken: all the time that passes is time in which it waits for one.
    monkeypatch.setattr(
        child_client, "processor_time", lambda _: ProcessorTime(0.0, time.monotonic() if waits else 0.0)
    )
    monkeypatch.setattr(ViewerClient, "silence_s", 0.3)
    silences: list[str] = []
    client.silent.connect(silences.append)
    os.kill(first, signal.SIGSTOP)
    qtbot.wait(900)
    assert silences == []
    assert client.pid == first
    waits = False
    qtbot.waitUntil(lambda: client.pid not in {0, first}, timeout=20000)


@pytest.mark.parametrize(("draws_itself", "is_frozen"), [(False, True), (True, False)])
def test_an_environment_may_take_seconds_for_its_own_picture(
    client: ViewerClient, qtbot: QtBot, *, draws_itself: bool, is_frozen: bool
) -> None:
    """A viewer that is restarted during a slow picture leaves a gap in the video of the episode."""
    told: list[str] = []
    client.silent.disconnect()  # its end is another test's
    client.silent.connect(told.append)
    client._receive([v.ViewerReady(scene="s", renderer="r", presets=(), draws_itself=draws_itself)])
    client._clock = lambda: time.monotonic() + 20.0
    qtbot.waitUntil(lambda: client.alive, timeout=20000)
    client._watch_silence(client._child)
    assert bool(told) is is_frozen


def test_of_commands_that_replace_each_other_only_the_newer_is_repeated(client: ViewerClient) -> None:
    client.send(v.UsePreset(name="top"))
    client.send(look(10.0))
    client.send(v.ShowState(values=(1.0,)))
    client.send(v.FollowLive())
    assert set(client._standing) == {v.SetView}
    client.send(v.UsePreset(name="top"))
    assert set(client._standing) == {v.UsePreset}


def test_closing_removes_the_shared_memory(qapp: QApplication) -> None:
    client = ViewerClient(viewer, max_size=(64, 48))
    name = client.state_slot_name
    StateSlot.attach(name).close()
    client.close()
    with pytest.raises(SharedMemoryError):
        StateSlot.attach(name)


def test_a_viewer_that_freezes_while_it_loads_is_restarted(
    client: ViewerClient, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = client.pid
    monkeypatch.setattr(ViewerClient, "loading_s", 0.3)
    with qtbot.waitSignal(client.note, timeout=20000) as signal_:
        client.send(v.LoadScene(scene=FREEZE))
    monkeypatch.undo()
    assert signal_.args[0].text.endswith("may be frozen. It is restarted.")
    qtbot.waitUntil(lambda: client.pid not in {0, frozen}, timeout=20000)


def test_pictures_of_the_scene_before_are_dropped(qapp: QApplication) -> None:
    client = ViewerClient(viewer)
    pictures: list[object] = []
    scenes: list[str] = []
    client.frame_ready.connect(pictures.append)
    client.scene_requested.connect(scenes.append)
    client.send(v.LoadScene(scene="peg-insertion"))
    client.send(v.LoadScene(scene="drawer-open"))
    assert (scenes, client.generation) == (["peg-insertion", "drawer-open"], 2)
    pixels = np.zeros((8, 8, 3), np.uint8)
    client._frames.write(pixels, generation=1)
    client._take_frames()
    assert pictures == []
    client._frames.write(pixels, generation=2)
    client._take_frames()
    assert len(pictures) == 1
    client.close()
