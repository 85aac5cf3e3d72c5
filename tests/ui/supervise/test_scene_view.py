import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QImage, QPainter, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from mile_desktop.channels.shared import Frame
from mile_desktop.rollout.messages import CameraRequest, EpisodeClosed, Note, SetAlert, StartEpisodes, WindowInput
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.supervise.model import EpisodeAction
from mile_desktop.ui.supervise.page import SupervisePage
from mile_desktop.ui.supervise.scene_view import STALE_S, SceneView
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.overlay import paint_badge
from mile_desktop.ui.viewport.phase_style import style_of
from mile_desktop.ui.viewport.tile_layout import Layout
from mile_desktop.ui.viewport.tiles import SCENE
from mile_desktop.viewer.camera import View
from mile_desktop.viewer.messages import Preset, SetSize, SetView, UsePreset
from tests.ui.supervise.examples import session, status, taken

PRESETS = (
    Preset(name="over", title="Overview", yaw_deg=40.0, pitch_deg=-30.0, distance_m=1.0, target=(0.5, 0.0, 0.0)),
    Preset(name="top", title="Top", yaw_deg=90.0, pitch_deg=-89.0, distance_m=0.8, target=(0.5, 0.0, 0.0)),
)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def frame(colour: int = 120, *, channels: int = 3, timestamp: float = 100.0) -> Frame:
    camera = View(yaw_deg=50.0, pitch_deg=-30.0, distance_m=1.0, target=(0.5, 0.0, 0.1))
    return Frame(
        pixels=np.full((120, 160, channels), colour, np.uint8),
        sequence=1,
        timestamp=timestamp,
        view_projection=camera.view_projection(160 / 120),
        anchor=np.array([0.5, 0.0, 0.1], np.float32),
        step=3,
        flags=0,
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def view(qtbot: QtBot, clock: Clock) -> SceneView:
    view = SceneView(clock=clock)
    qtbot.addWidget(view)
    view.resize(640, 400)
    view.set_presets(PRESETS)
    view.start_session(session())
    view.show()
    qtbot.waitExposed(view)
    return view


@pytest.fixture
def page(qtbot: QtBot) -> SupervisePage:
    page = SupervisePage()
    qtbot.addWidget(page)
    page.resize(1000, 700)
    page.handle(session())
    page.show()
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    return page


@pytest.mark.parametrize("channels", [3, 4])
def test_the_frame_is_shown_as_large_as_fits(view: SceneView, channels: int) -> None:
    view.show_frame(frame(77, channels=channels))
    shown = view.grab().toImage()
    assert shown.pixelColor(320, 330).getRgb()[:3] == (77, 77, 77)
    picture = view.picture_rect()
    assert picture.width() / picture.height() == pytest.approx(160 / 120)
    assert picture.height() == pytest.approx(400 - 8)


def test_the_border_takes_the_colour_of_the_phase(view: SceneView, qtbot: QtBot) -> None:
    for changes, token in (
        ({"phase": Phase.AUTONOMOUS}, "autonomous"),
        ({"phase": Phase.TAKEOVER}, "takeover"),
        ({"phase": Phase.HOLD, "asking": True}, "asking"),
        ({"phase": Phase.STOPPED}, "stopped"),
    ):
        view.show_status(status(**changes))
        qtbot.waitUntil(lambda token=token: view.border_colour() == theme.token(token))


def test_a_change_of_theme_recolours_the_border(view: SceneView, qtbot: QtBot, qapp: QApplication) -> None:
    view.show_status(status(phase=Phase.STOPPED))
    theme.apply(qapp, "light")
    try:
        assert view.border_colour() == theme.token("stopped")
    finally:
        theme.apply(qapp, "dark")


def test_overlays_are_painted_over_the_frame(view: SceneView) -> None:
    view.show_frame(frame())
    plain = view.grab().toImage()
    view.show_status(status(alert=True))
    view.show_step(taken(84, proposed=(1.0, 0.0, 1.0, 1.0), probability=0.8, low=0.6, high=0.9))
    assert view.grab().toImage() != plain


def test_an_old_picture_is_marked_only_while_the_robot_moves(view: SceneView, clock: Clock) -> None:
    view.show_frame(frame(timestamp=clock.now))
    view.show_status(status())
    view._check_age()
    assert view.notices() == []
    clock.now += STALE_S + 0.5
    view._check_age()
    assert view.notices() == ["The picture is 1.5 s old, but the robot is moving"]
    view.show_status(status(phase=Phase.HOLD))
    view._check_age()
    assert view.notices() == []


def test_an_armed_discard_and_a_lost_device_are_shown(view: SceneView) -> None:
    view.show_status(status(discard_armed=True, device_connected=False))
    text = " ".join(view.notices())
    assert "discard again" in text
    assert "Xbox pad is not connected" in text


def test_dragging_turns_shift_pans_and_the_wheel_zooms(view: SceneView, qtbot: QtBot) -> None:
    before = view.orbit
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    with qtbot.waitSignal(view.viewer_command, check_params_cb=lambda sent: isinstance(sent, SetView)):
        QTest.mouseMove(view, QPoint(360, 200))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(360, 200))
    turned = view.orbit
    assert turned.yaw_deg == pytest.approx(before.yaw_deg - 21.0)
    wheel = QWheelEvent(
        QPointF(300, 200),
        QPointF(300, 200),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, wheel)
    assert view.orbit.distance_m < turned.distance_m
    QTest.mousePress(view, Qt.MouseButton.MiddleButton, pos=QPoint(300, 200))
    QTest.mouseMove(view, QPoint(300, 260))
    QTest.mouseRelease(view, Qt.MouseButton.MiddleButton, pos=QPoint(300, 260))
    assert view.orbit.target != turned.target
    assert view.orbit.yaw_deg == turned.yaw_deg


def test_cameras_are_chosen_by_number_by_steps_and_by_double_click(view: SceneView) -> None:
    sent: list[object] = []
    view.viewer_command.connect(sent.append)
    view.choose_camera(1)
    view.choose_camera(7)
    view.step_camera(1)
    view.step_camera(-1)
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton)
    assert sent == [UsePreset(name=name) for name in ("top", "over", "top", "over")]
    assert view.orbit.yaw_deg == 40.0


def test_the_size_is_requested_once_after_resizing_and_is_bounded(view: SceneView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.viewer_command, check_params_cb=lambda sent: isinstance(sent, SetSize)):
        view.resize(1920, 1200)
    sent: list[SetSize] = []
    view.viewer_command.connect(sent.append)
    view._ask_for_size()
    [asked] = sent
    assert asked.width * asked.height <= 960 * 540
    assert asked.width % 4 == 0
    assert asked.width / asked.height == pytest.approx(1912 / 1192, rel=0.01)


def test_the_page_passes_on_events_and_commands(page: SupervisePage) -> None:
    sent: list[object] = []
    page.command.connect(sent.append)
    page.handle(status(phase=Phase.IDLE))
    page.controls.button(EpisodeAction.START).click()
    page.handle(status())
    for step in range(5):
        page.handle(taken(step))
    page.handle(EpisodeClosed(episode_id="e", outcome="success", steps=5, takeovers=0, human_steps=0))
    page.handle(Note(level="info", text="not for this page"))
    page.handle(CameraRequest(direction=1))
    page.strips.bar._threshold.setValue(0.8)
    assert sent == [StartEpisodes(episodes=1), SetAlert(threshold=0.8, debounce_steps=3, ask_me=False)]
    assert page.view._threshold == 0.8


def test_keys_on_the_page_drive_as_seen_from_the_camera(page: SupervisePage) -> None:
    sent: list[WindowInput] = []
    page.command.connect(sent.append)
    page.view.set_presets((Preset(name="a", title="A", yaw_deg=90.0, pitch_deg=0.0, distance_m=1, target=(0, 0, 0)),))
    page.handle(status())
    QTest.keyPress(page.windowHandle(), Qt.Key.Key_Space)
    QTest.keyPress(page.windowHandle(), Qt.Key.Key_W)
    assert sent[-1].source == "keyboard"
    assert sent[-1].action[:3] == pytest.approx((-1.0, 0.0, 0.0), abs=1e-9)
    page.hide()
    assert not sent[-1].takeover


def test_a_hidden_page_runs_no_timer(page: SupervisePage, qtbot: QtBot) -> None:
    page.handle(status())
    page.pad._latch.setChecked(True)
    QTest.keyPress(page.windowHandle(), Qt.Key.Key_Space)
    page.hide()
    qtbot.waitUntil(lambda: not [timer for timer in page.findChildren(QTimer) if timer.isActive()])


def test_the_layout_is_remembered(page: SupervisePage) -> None:
    page._splitter.setSizes([350, 330])
    saved, sizes = page.save_layout(), page._splitter.sizes()
    page._splitter.setSizes([450, 230])
    page.restore_layout(saved)
    assert page._splitter.sizes() == sizes
    page.restore_layout(b"rubbish")
    assert page._splitter.sizes() == sizes


def test_the_page_fits_a_small_window(page: SupervisePage) -> None:
    assert page.minimumSizeHint().width() <= 720
    assert page.minimumSizeHint().height() <= 600


def test_a_closed_page_is_deleted(qtbot: QtBot) -> None:
    gc.collect()
    before = len(QApplication.allWidgets())
    page = SupervisePage()
    page.handle(session())
    page.handle(status())
    page.show()
    qtbot.waitExposed(page)
    gone = weakref.ref(page)
    page.close()
    page.deleteLater()
    del page
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    assert gone() is None
    assert len(QApplication.allWidgets()) == before


def test_scene_cameras_and_live_cameras_are_numbered_in_one_row(view: SceneView, qtbot: QtBot) -> None:
    view.set_cameras(["wrist", "table"])
    view.show_camera("table", frame(40))
    asked: list[object] = []
    view.viewer_command.connect(asked.append)
    view.choose_camera(3)
    assert view.tiles.main == "table"
    view.step_camera(1)
    assert (view.tiles.main, asked) == (SCENE, [UsePreset(name="over")])
    view.step_camera(-1)
    assert view.tiles.main == "table"
    view.choose_camera(9)
    assert view.tiles.main == "table"


def test_a_click_on_a_small_picture_makes_it_large(view: SceneView, qtbot: QtBot) -> None:
    view.set_cameras(["wrist"])
    view.show_camera("wrist", frame(40))
    view.show_frame(frame(200))
    with qtbot.waitSignal(view.arrangement_chosen):
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=view._rects()["wrist"].center().toPoint())
    assert view.tiles.main == "wrist"
    middle = view.grab().toImage().pixelColor(view.rect().center())
    assert middle.red() == 40
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=view._rects()[SCENE].center().toPoint())
    assert view.tiles.main == SCENE


def test_the_viewer_draws_less_for_a_small_scene(view: SceneView, qtbot: QtBot) -> None:
    view.set_cameras(["wrist"])
    view.show_frame(frame(200))
    with qtbot.waitSignal(view.viewer_command) as large:
        view.set_arrangement(Layout.INSET, SCENE)
    with qtbot.waitSignal(view.viewer_command) as small:
        view.set_arrangement(Layout.INSET, "wrist")
    assert isinstance(large.args[0], SetSize)
    assert small.args[0].width < large.args[0].width / 2


def test_a_stale_camera_is_faded_and_labelled(view: SceneView) -> None:
    view.set_cameras(["wrist"])
    view.show_camera("wrist", frame(240))
    view.set_arrangement(Layout.ONE, "wrist")
    place = QPoint(view.width() // 2, view.height() - 40)
    fresh = view.grab().toImage().pixelColor(place).red()
    view.annotate_camera("wrist", "stale · picture 2.3 s old", faded=True)
    assert view.grab().toImage().pixelColor(place).red() < fresh - 60


def test_nothing_of_the_scene_before_is_shown_while_another_one_is_loaded(view: SceneView) -> None:
    view.show_frame(frame(77))
    view.show_small_view("top", frame(50))
    view.show_status(status())
    view.show_step(taken(84))
    view.begin_loading("Drawer opening")
    view.forget_pictures()
    shown = view.grab().toImage()
    assert not view.has_picture
    assert shown.pixelColor(320, 330) == theme.token("ground")
    assert view.notices() == []
    view.start_session(session())
    view.show_status(status(phase=Phase.IDLE))
    assert not view.has_picture


def test_the_outcome_is_shown_until_the_next_episode_begins(view: SceneView) -> None:
    view.show_frame(frame())
    view.show_status(status(phase=Phase.IDLE))
    before = view.grab().toImage()
    view.show_outcome(EpisodeClosed(episode_id="e", outcome="failure", steps=149, takeovers=1, human_steps=9))
    view.show_status(status(phase=Phase.IDLE))
    assert view.grab().toImage() != before
    view.show_status(status(phase=Phase.AUTONOMOUS))
    view.show_status(status(phase=Phase.IDLE))
    assert view.grab().toImage() == before


def test_a_small_view_says_its_age_once_the_scene_has_moved_on(view: SceneView) -> None:
    view.set_small_views({"top": "3 Top"})
    view.show_small_view("top", frame(timestamp=100.0))
    view.show_frame(frame(timestamp=103.0))
    view._check_age()
    tile = view.tiles.tile("top")
    assert tile is not None
    assert tile.note == "", "nothing has moved: it shows the present"
    view.show_frame(replace(frame(timestamp=103.0), step=40))
    view._check_age()
    tile = view.tiles.tile("top")
    assert tile is not None
    assert (tile.note, tile.faded) == ("3.0 s old", True)


def test_a_blocking_state_is_explained_in_the_middle_with_an_action_that_helps(view: SceneView) -> None:
    left = []
    view.blocked.explain(
        "Nothing can be supervised yet", "It is open in another window.", "Choose", lambda: left.append(1)
    )
    assert view.blocked.isVisible()
    middle = view.blocked.geometry().center()
    assert abs(middle.x() - 320) <= 2
    assert view.rect().contains(view.blocked.geometry())
    button = view.blocked.findChild(QPushButton)
    assert isinstance(button, QPushButton)
    button.click()
    assert left == [1]
    view.start_session(session())
    assert not view.blocked.isVisible()


def test_in_a_grid_phase_and_outcome_lie_over_the_picture_of_the_scene(view: SceneView) -> None:
    view.resize(1000, 600)
    view.show_frame(frame())
    for name in ("wrist", "side"):
        view.tiles.show(name, QImage(160, 120, QImage.Format.Format_RGB32))
    view.tiles.layout = Layout.GRID
    rooms = view.tiles.rooms(view.inside())
    assert len(rooms) == 3
    assert view.main_area() == rooms[SCENE]
    for name in ("wrist", "side"):
        assert not view.main_area().intersects(rooms[name])
    view.tiles.has_scene = False  # a robot that has only cameras
    assert view.main_area() == next(iter(view.tiles.rooms(view.inside()).values()))


def test_in_a_narrow_picture_the_progress_stands_below_the_phase(view: SceneView) -> None:
    # Beside it, it would run under the gauge of p.
    moving, canvas = status(), QImage(900, 400, QImage.Format.Format_ARGB32)
    ends = []
    for width in (900, 330):
        painter = QPainter(canvas)
        area = QRectF(0, 0, width, 400)
        ends.append(paint_badge(painter, area, moving, style_of(moving), "ep 15 · step 84/200", rate_hz=20.0))
        painter.end()
    assert ends[1] > ends[0]
