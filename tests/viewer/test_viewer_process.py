"""A real viewer process with real shared memory, as the window uses it."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from mile_desktop.channels.messages import Shutdown
from mile_desktop.channels.process import ChildProcess
from mile_desktop.channels.shared import Frame, FrameRing, StateSlot
from mile_desktop.paths import scene_folder
from mile_desktop.scenes.description import load_description
from mile_desktop.viewer.messages import (
    RECORDED,
    Event,
    FollowLive,
    LoadScene,
    SetBackground,
    SetSize,
    SetThumbnails,
    SetView,
    ShowState,
    UsePreset,
    ViewerFault,
    ViewerReady,
    ViewerStatus,
)
from mile_desktop.viewer.process import run_viewer
from mile_desktop.viewer.stage import resting_state

STATE = resting_state(load_description(scene_folder("peg-insertion")))


@dataclass
class Window:
    """What the window holds."""

    child: ChildProcess[Event]
    frames: FrameRing
    thumbnails: tuple[FrameRing, FrameRing]
    states: StateSlot
    events: list[Event]

    def hear(self, kind: type, timeout_s: float = 30.0) -> Event:
        """Wait for an event of ``kind`` and return it."""
        found: list[Event] = []

        def heard() -> bool:
            self.events.extend(self.child.drain())
            found.extend(event for event in self.events if isinstance(event, kind))
            return bool(found)

        self.until(heard, timeout_s)
        self.events.clear()
        return found[0]

    def until(self, condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
        end = time.monotonic() + timeout_s
        while not condition():
            assert self.child.alive, self.child.exit_reason
            assert time.monotonic() < end, "the condition was not met in time"
            time.sleep(0.002)

    def frame(self, wanted: Callable[[Frame], bool] = lambda _: True, ring: FrameRing | None = None) -> Frame:
        """Wait for a frame that is as wanted."""
        ring = ring or self.frames
        found: list[Frame] = []

        def seen() -> bool:
            frame = ring.read(after=found[-1].sequence if found else 0)
            if frame is not None:
                found.append(frame)
            return bool(found) and wanted(found[-1])

        self.until(seen)
        return found[-1]

    def settle(self) -> Frame:
        """Wait until nothing is drawn any more; return the last frame."""
        frame = self.frame()
        still_since = time.monotonic()
        while time.monotonic() < still_since + 1.5:
            newer = self.frames.read(after=frame.sequence)
            if newer is not None:
                frame, still_since = newer, time.monotonic()
            time.sleep(0.01)
        return frame


@pytest.fixture(scope="module")
def running() -> Iterator[Window]:
    rings = FrameRing.create(800, 600), FrameRing.create(320, 240), FrameRing.create(320, 240)
    with rings[0], rings[1], rings[2], StateSlot.create() as states:
        arguments = (rings[0].name, states.name, (rings[1].name, rings[2].name))
        child = ChildProcess[Event]("viewer", run_viewer, arguments, event_type=Event)
        child.start()
        yield Window(child, rings[0], rings[1:], states, [])
        child.send(Shutdown())
        ended = child.wait(10.0)
        child.stop()
        assert ended
        assert child.exit_reason == "The viewer ended with exit code 0."


@pytest.fixture
def window(running: Window) -> Window:
    """A viewer with the scene loaded, following the live state, nothing left to draw."""
    running.child.send(LoadScene(scene="peg-insertion"))
    running.hear(ViewerReady)
    running.child.send(SetSize(width=320, height=240))
    running.states.write(STATE, 1)
    running.settle()
    running.events.clear()
    return running


def test_ready_names_renderer_and_cameras(running: Window) -> None:
    running.child.send(LoadScene(scene="peg-insertion"))
    ready = running.hear(ViewerReady)
    assert isinstance(ready, ViewerReady)
    assert ready.renderer
    assert [preset.name for preset in ready.presets] == ["main", "wrist", "top", "close"]
    assert ready.targets == ("hole", "peg")
    frame = running.frame()
    assert frame.pixels[:, :, :3].max() > 140, "the robot shows before anything runs"


def test_it_follows_the_live_state(window: Window) -> None:
    before = window.settle()
    moved = STATE.copy()
    moved[0] += 0.3
    window.states.write(moved, 42)
    frame = window.frame(lambda frame: frame.step == 42)
    assert frame.flags == 0
    assert frame.anchor != pytest.approx(before.anchor, abs=0.02)
    assert frame.project(frame.anchor) is not None


def test_it_draws_nothing_while_nothing_changes(window: Window) -> None:
    sequence = window.settle().sequence
    window.hear(ViewerStatus)
    window.hear(ViewerStatus)
    newest = window.frames.read()
    assert newest is not None
    assert newest.sequence == sequence


def test_a_still_scene_is_drawn_in_full_size(window: Window) -> None:
    window.child.send(SetSize(width=700, height=500))
    assert window.settle().pixels.shape == (500, 700, 4)
    window.child.send(SetSize(width=8000, height=6000))
    assert window.settle().pixels.shape == (600, 800, 4)


def test_the_view_turns_while_the_scene_stands_still(window: Window) -> None:
    before = window.settle()
    target = (0.4, 0.1, 0.1)
    window.child.send(SetView(yaw_deg=10.0, pitch_deg=-50.0, distance_m=1.0, target=target))
    frame = window.frame(lambda frame: frame.sequence > before.sequence)
    height, width = frame.pixels.shape[:2]
    assert frame.project(target) == pytest.approx((width / 2, height / 2), abs=0.01)
    window.child.send(UsePreset(name="top"))
    frame = window.frame(lambda newer: newer.sequence > frame.sequence + 1)
    assert frame.project((0.49, 0.0, 0.0)) == pytest.approx(
        (frame.pixels.shape[1] / 2, frame.pixels.shape[0] / 2), abs=0.01
    )


def test_a_recorded_step_is_shown_until_live_is_wanted(window: Window) -> None:
    recorded = STATE.copy()
    recorded[0] -= 0.4
    window.child.send(ShowState(values=tuple(recorded.tolist()), step=17))
    shown = window.frame(lambda frame: frame.step == 17)
    assert shown.flags == RECORDED
    window.states.write(STATE, 99)
    assert window.settle().step == 17
    window.child.send(FollowLive())
    assert window.frame(lambda frame: frame.step == 99).flags == 0


def test_a_state_that_does_not_fit_is_said_and_survived(window: Window) -> None:
    window.child.send(ShowState(values=(1.0, 2.0)))
    fault = window.hear(ViewerFault)
    assert isinstance(fault, ViewerFault)
    assert fault.text.startswith("A state could not be shown: scene state: found shape (2,)")
    window.child.send(FollowLive())
    window.states.write(STATE, 5)
    window.frame(lambda frame: frame.step == 5)


def test_unknown_scenes_and_cameras_are_said_and_survived(window: Window) -> None:
    window.child.send(UsePreset(name="cellar"))
    fault = window.hear(ViewerFault)
    assert isinstance(fault, ViewerFault)
    assert fault.text == "The scene has no camera 'cellar'; it has main, wrist, top, close."
    window.child.send(LoadScene(scene="cellar"))
    fault = window.hear(ViewerFault)
    assert isinstance(fault, ViewerFault)
    assert "There is no scene 'cellar'" in fault.text
    window.child.send(LoadScene(scene="peg-insertion"))
    window.hear(ViewerReady)


def test_thumbnails_follow_at_their_own_rate(window: Window) -> None:
    window.child.send(SetThumbnails(names=("wrist", "top"), width=160, height=120))
    for ring in window.thumbnails:
        assert window.frame(ring=ring).pixels.shape == (120, 160, 4)
    window.states.write(STATE, 1234)
    for ring in window.thumbnails:
        window.frame(lambda frame: frame.step == 1234, ring=ring)
    window.child.send(SetThumbnails())


def test_small_views_have_their_turn_while_the_scene_goes_on_moving(window: Window) -> None:
    window.child.send(SetThumbnails(names=("wrist", "top"), width=80, height=60))
    seen: dict[int, set[int]] = {0: set(), 1: set()}
    last = [0, 0]
    deadline = time.monotonic() + 20.0
    step = 5000
    while min(len(steps) for steps in seen.values()) < 3 and time.monotonic() < deadline:
        step += 1
        window.states.write(STATE, step)  # so often that the large picture is never up to date
        for index, ring in enumerate(window.thumbnails):
            frame = ring.read(last[index])
            if frame is not None and frame.step > 5000:
                last[index] = frame.sequence
                seen[index].add(frame.step)
        time.sleep(0.005)
    window.child.send(SetThumbnails())
    assert min(len(steps) for steps in seen.values()) >= 3


def test_the_background_changes_at_once(window: Window) -> None:
    before = window.settle()
    window.child.send(SetView(yaw_deg=0.0, pitch_deg=40.0, distance_m=1.0, target=(0.0, 0.0, 3.0)))
    window.child.send(SetBackground(top=(1.0, 1.0, 1.0), bottom=(1.0, 1.0, 1.0)))
    window.frame(lambda frame: frame.sequence > before.sequence and bool(np.all(frame.pixels[:, :, :3] > 240)))


def test_a_frozen_viewer_falls_silent(window: Window) -> None:
    window.hear(ViewerStatus)
    os.kill(window.child.pid, signal.SIGSTOP)
    try:
        heard = window.child.last_heard
        time.sleep(1.3)
        assert window.child.last_heard - heard < 0.2
    finally:
        os.kill(window.child.pid, signal.SIGCONT)
    window.hear(ViewerStatus)


def test_states_of_another_scene_are_not_shown_and_are_no_fault(running: Window) -> None:
    """While scenes are switched, the worker still writes states of the one before."""
    running.child.send(LoadScene(scene="peg-insertion", generation=2))
    running.hear(ViewerReady)
    running.states.write(np.zeros(24, np.float32), 84, flags=1)
    moved = STATE.copy()
    moved[0] += 0.3
    running.frame(lambda frame: frame.generation == 2)
    running.states.write(moved, 7, flags=2)
    frame = running.frame(lambda frame: frame.step == 7)
    assert frame.generation == 2
    assert not [event for event in running.events if isinstance(event, ViewerFault)]
    assert frame.aids[0] == 1.0
