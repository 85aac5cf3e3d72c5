"""A video of the view: what is in it, how it is announced, and what ends it."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from mile_desktop.cameras.clip import Pixels
from mile_desktop.channels.shared import Frame
from mile_desktop.ui.composition import Composition
from mile_desktop.ui.shell.message_line import Level, MessageAction
from mile_desktop.ui.supervise import clip_controller
from mile_desktop.ui.supervise.clip_controller import LONGEST_S, PERIOD_MS, ClipController
from mile_desktop.ui.supervise.page import SupervisePage
from tests.ui.supervise.examples import status


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


class Seat:
    """A page with a picture in one colour, and what is said about its videos."""

    def __init__(self, qtbot: QtBot, folder: Path | None) -> None:
        self.folder, self.clock, self.qtbot = folder, Clock(), qtbot
        self.said: list[tuple[Level, str, MessageAction | None]] = []
        self.page = SupervisePage()
        qtbot.addWidget(self.page)
        self.page.resize(700, 560)
        self.page.show()
        qtbot.waitExposed(self.page)
        self.clip = ClipController(
            self.page,
            self.page,
            folder=lambda: self.folder,
            scene=lambda: "peg",
            say=self._say,
            clock=self.clock,
            period_ms=3_600_000,  # pictures are taken when the test says so
        )
        self.paint(200)

    def _say(self, level: Level, text: str, action: MessageAction | None = None) -> None:
        self.said.append((level, text, action))

    def paint(self, shade: int) -> None:
        pixels = np.full((48, 64, 4), shade, np.uint8)
        matrix, anchor = np.eye(4, dtype=np.float32), np.zeros(3, np.float32)
        self.page.show_frame(Frame(pixels, 1, self.clock.now, matrix, anchor, 0, 0))

    def wait_s(self, seconds: float) -> None:
        self.clock.now += seconds
        self.clip._timer.timeout.emit()

    def click(self) -> None:
        QTest.mouseClick(self.page.clip, Qt.MouseButton.LeftButton)

    def wait_for_end(self) -> tuple[Level, str, MessageAction | None]:
        self.qtbot.waitUntil(lambda: bool(self.said), timeout=20_000)
        return self.said.pop()

    @property
    def files(self) -> list[Path]:
        return sorted((self.folder / "pictures").glob("*")) if self.folder else []


@pytest.fixture
def seat(qtbot: QtBot, tmp_path: Path) -> Iterator[Seat]:
    made = Seat(qtbot, tmp_path)
    yield made
    made.clip.close()


def frames(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_the_button_records_the_view_and_what_is_drawn_over_it(seat: Seat) -> None:
    seat.page.view.show_status(status(episode=15))
    seat.click()
    assert seat.clip.recording
    assert seat.page.clip.accessibleName() == "End the video of the view"
    assert (seat.clip._mark.isVisible(), seat.clip._mark.text) == (True, "0:00")
    seat.wait_s(1.0)
    seat.wait_s(61.0)
    assert seat.clip._mark.text == "1:02"
    seat.click()
    assert (seat.clip.recording, seat.clip._mark.isVisible()) == (False, False)
    level, text, action = seat.wait_for_end()
    (path,) = seat.files
    assert (level, text) == ("success", f"The video (62 s) is saved as {path.name} in {path.parent}.")
    assert action is not None
    assert action.label == "Open folder"
    first, *_ = pictures = frames(path)
    assert len(pictures) == 3
    view = seat.page.view
    assert first.shape[:2] == (view.height() // 2 * 2, view.width() // 2 * 2)
    place = seat.clip._mark.geometry()
    badge, mark = first[20:40, 20:120], first[place.top() : place.bottom(), place.left() : place.right()]
    assert badge.std() > 20, "the phase is written over the picture"
    assert mark.std() < 5, "the mark of the recording is not part of it"


def test_a_window_that_changes_its_size_keeps_the_size_of_the_video(seat: Seat) -> None:
    seat.click()
    before = seat.page.view.size()
    seat.page.resize(1000, 500)
    seat.wait_s(0.5)
    seat.click()
    seat.wait_for_end()
    (path,) = seat.files
    last = frames(path)[-1]
    assert last.shape[:2] == (before.height() // 2 * 2, before.width() // 2 * 2)
    assert last[2].max() < 20, "bars where the view has another shape"
    assert last[last.shape[0] // 2].max() > 150


def test_another_scene_or_the_end_of_the_window_ends_the_video_properly(seat: Seat) -> None:
    seat.click()
    seat.clip.end_with_scene()
    _, text, _ = seat.wait_for_end()
    assert text.endswith("It ended with the scene.")
    seat.clip.start()
    seat.clip.close()
    assert len(seat.files) == 2
    assert all(frames(path) for path in seat.files)


def test_pictures_that_take_long_come_less_often(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    seat.clip._period_ms = PERIOD_MS
    seat.click()
    assert seat.clip._timer.interval() == PERIOD_MS
    picture_of = clip_controller.picture_of

    def slow(view: QWidget, size: QSize) -> Pixels:
        seat.clock.now += 0.03
        return picture_of(view, size)

    monkeypatch.setattr(clip_controller, "picture_of", slow)
    seat.wait_s(0.05)
    assert seat.clip._timer.interval() == 150, "a fifth of the window's time"


def test_a_forgotten_video_ends_by_itself(seat: Seat) -> None:
    seat.click()
    seat.wait_s(LONGEST_S + 1.0)
    assert not seat.clip.recording
    assert "It ended after 30 minutes" in seat.wait_for_end()[1]


def test_a_full_disk_ends_the_video_and_the_button_is_free_again(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_controller, "new_picture_path", lambda *_, **__: Path("/dev/full"))
    seat.click()
    level, text, action = seat.wait_for_end()
    assert (level, text[:42]) == ("error", "The disk is full, so the video /dev/full e")
    assert action is not None
    assert (seat.clip.recording, seat.page.clip.accessibleName()) == (False, "Record a video of the view")


def test_without_a_workspace_nothing_is_recorded(qtbot: QtBot) -> None:
    seat = Seat(qtbot, None)
    seat.click()
    assert seat.said.pop()[:2] == ("info", "A video is saved into the workspace; none is open yet.")
    assert not seat.clip.recording


def test_the_key_records_in_the_whole_window(still_window: Composition, qtbot: QtBot, tmp_path: Path) -> None:
    window, clip = still_window.application.window, still_window.supervise.clip
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    still_window.supervise.page.view.setFocus()
    QTest.keyClick(still_window.supervise.page.view, Qt.Key.Key_P, both)
    assert clip.recording
    still_window.application.worker.loading.emit()
    assert not clip.recording
    qtbot.waitUntil(lambda: any("is saved as" in entry.text for entry in window.messages.entries), timeout=20_000)
    assert list((tmp_path / "workspace" / "pictures").glob("*.mp4"))
