"""Which cameras are small views beside the large picture."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from mile_desktop.channels.shared import Frame
from mile_desktop.ui.clients.viewer_client import ViewerClient
from mile_desktop.ui.supervise.page import SupervisePage
from mile_desktop.ui.supervise.view_controller import ViewController
from mile_desktop.ui.viewport.tile_layout import Layout
from mile_desktop.viewer import messages as v
from tests.ui.ui_children import viewer

PRESETS = tuple(
    v.Preset(name=name, title=name.capitalize(), yaw_deg=60.0, pitch_deg=-20.0, distance_m=1.0, target=(0.5, 0.0, 0.1))
    for name in ("main", "wrist", "top", "side", "back")
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Room:
    """A page and a viewer that is never started: what it would be told is looked at."""

    def __init__(self, qtbot: QtBot, *, small_views: bool = True) -> None:
        self.page = SupervisePage()
        qtbot.addWidget(self.page)
        self.client = ViewerClient(viewer, self.page, max_size=(64, 48))
        self.clock = Clock()
        self.viewing = ViewController(self.client, self.page, self.page, small_views=small_views, clock=self.clock)
        self.page.resize(1000, 700)
        self.page.show()
        qtbot.waitExposed(self.page)

    def ready(self, cameras: int = 3) -> None:
        self.client.ready.emit(v.ViewerReady(scene="s", renderer="r", presets=PRESETS[:cameras]))

    @property
    def asked(self) -> tuple[str, ...]:
        command = self.client._standing[v.SetThumbnails]
        assert isinstance(command, v.SetThumbnails)
        return command.names

    def picture(self, index: int, colour: int, timestamp: float) -> None:
        pixels = np.full((12, 16, 4), colour, np.uint8)
        matrix, anchor = np.eye(4, dtype=np.float32), np.zeros(3, np.float32)
        self.client.thumbnail_ready.emit(index, Frame(pixels, 1, timestamp, matrix, anchor, 0, 0))

    def shade(self, name: str) -> int | None:
        tile = self.page.view.tiles.tile(name)
        return None if tile is None or tile.image.isNull() else tile.image.pixelColor(0, 0).red()


@pytest.fixture
def room(qtbot: QtBot) -> Iterator[Room]:
    room = Room(qtbot)
    yield room
    room.client.close()


def test_cameras_other_than_the_large_one_are_small_views(room: Room) -> None:
    room.ready()
    assert room.asked == ("wrist", "top")
    room.page.view.choose_camera(1)
    assert room.asked == ("main", "top")
    room.page.view.step_camera(1)
    assert room.asked == ("main", "wrist")
    room.ready(5)
    assert room.asked == ("wrist", "top", "side")  # there is memory for three


def test_small_views_show_the_key_that_makes_them_large(room: Room) -> None:
    room.ready()
    tile = room.page.view.tiles.tile("wrist")
    assert tile is not None
    assert tile.title == "2 Wrist"


def test_a_click_makes_a_small_view_large(room: Room) -> None:
    room.ready()
    view = room.page.view
    place = view._rects()["top"].center().toPoint()
    QTest.mouseMove(view, place)
    assert view.cursor().shape() is Qt.CursorShape.PointingHandCursor
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=place)
    assert view.chosen_preset == 2
    assert room.asked == ("main", "wrist")
    QTest.mouseMove(view, QPoint(view.width() // 2, view.height() // 3))
    assert view.cursor().shape() is Qt.CursorShape.ArrowCursor


def test_a_picture_from_before_the_cameras_changed_places_is_not_shown(room: Room) -> None:
    room.ready()
    room.picture(0, 10, timestamp=100.5)
    assert room.shade("wrist") == 10
    room.clock.now = 101.0
    room.page.view.choose_camera(1)
    room.picture(0, 20, timestamp=100.9)
    assert room.shade("main") is None
    room.picture(0, 30, timestamp=101.1)
    assert room.shade("main") == 30


def test_hidden_small_views_are_not_drawn_at_all(room: Room) -> None:
    room.ready()
    room.viewing.toggle_small_views()
    assert (room.asked, room.viewing.small_views) == ((), False)
    assert room.page.view.tiles.tile("wrist") is None
    room.viewing.toggle_small_views()
    assert room.asked == ("wrist", "top")
    room.page.view.choose_layout(Layout.ONE)
    assert room.asked == ()
    room.page.view.choose_layout(Layout.INSET)
    assert room.asked == ("wrist", "top")


@pytest.mark.parametrize("layout", [Layout.GRID, Layout.QUARTERS])
def test_a_small_view_is_drawn_larger_in_a_grid(room: Room, layout: Layout) -> None:
    room.ready()

    def width() -> int:
        command = room.client._standing[v.SetThumbnails]
        assert isinstance(command, v.SetThumbnails)
        return command.width

    small = width()
    room.page.view.choose_layout(layout)
    assert (room.asked, width() > small) == (("wrist", "top"), True)
    room.page.view.choose_layout(Layout.INSET)
    assert width() == small


def test_the_menu_shows_and_hides_small_views(room: Room) -> None:
    room.ready()
    room.page.pictures._fill()
    (action,) = [each for each in room.page.pictures.menu().actions() if "other cameras" in each.text()]
    assert action.isChecked()
    action.trigger()
    assert room.asked == ()


def test_hidden_small_views_stay_hidden_at_the_next_start(qtbot: QtBot) -> None:
    room = Room(qtbot, small_views=False)
    room.ready()
    assert room.asked == ()
    room.page.pictures._fill()
    (action,) = [each for each in room.page.pictures.menu().actions() if "other cameras" in each.text()]
    assert not action.isChecked()
    room.client.close()
