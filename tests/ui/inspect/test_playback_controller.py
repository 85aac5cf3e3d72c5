import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from mile_desktop.storage.edits import Trim
from mile_desktop.ui.inspect.page import InspectPage
from mile_desktop.ui.inspect.playback_controller import PlaybackController
from tests.ui.inspect.examples import a_recording


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def page(themed: QApplication, qtbot: QtBot) -> InspectPage:
    page = InspectPage(lambda _: {})
    qtbot.addWidget(page)
    page.resize(1100, 640)
    page.show()
    return page


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def playback(page: InspectPage, clock: Clock) -> PlaybackController:
    playback = PlaybackController(page, clock=clock)
    page.timeline.show_recording(a_recording())
    playback.load(a_recording())
    playback._timer.setInterval(10_000)  # the tests advance the time
    return playback


def test_playback_follows_the_clock_at_the_chosen_speed(playback: PlaybackController, clock: Clock) -> None:
    rows: list[int] = []
    playback.row_changed.connect(rows.append)
    playback.change_speed(1)
    playback.toggle()
    clock.now += 0.125
    playback.advance()
    assert playback.state.row == 5
    clock.now += 60.0
    playback.advance()
    assert (playback.state.row, playback.state.playing) == (19, False)
    assert not playback._timer.isActive()
    assert rows == [5, 19]


def test_buttons_and_slider_act_like_keys(page: InspectPage, playback: PlaybackController, qtbot: QtBot) -> None:
    def click(action: str) -> None:
        button = page.playback_bar.findChild(QToolButton, action)
        assert isinstance(button, QToolButton)
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    click("inspect_next_takeover")
    assert playback.state.row == 4
    click("inspect_forward")
    click("inspect_forward")
    click("inspect_back")
    assert playback.state.row == 5
    page.playback_bar._slider.setValue(11)
    assert playback.state.row == 11
    playback.jump("miss", 1)
    assert playback.state.row == 12
    assert page.timeline._row == 12


def test_a_jump_that_finds_nothing_emits_a_message(playback: PlaybackController, qtbot: QtBot) -> None:
    playback.go_last()
    with qtbot.waitSignal(playback.message) as message:
        playback.jump("false_alarm", 1)
    assert message.args == ["There is no false alarm after this step."]


def test_a_trimmed_episode_starts_at_its_first_kept_row(page: InspectPage, playback: PlaybackController) -> None:
    recording = a_recording(Trim(3, 9))
    page.timeline.show_recording(recording)
    playback.load(recording)
    assert playback.state.row == 3
    playback.set_length(60)
    playback.go(55)
    assert playback.state.row == 55
    playback.set_length(20)
    assert playback.state.row == 19


def test_the_layout_is_restored_and_invalid_data_is_ignored(page: InspectPage) -> None:
    page._rows.setSizes([400, 200])
    saved, sizes = page.save_layout(), page._rows.sizes()
    page._rows.setSizes([200, 400])
    page.restore_layout(saved)
    assert page._rows.sizes() == sizes
    page.restore_layout(b"nonsense|\xff")
    assert page._rows.sizes() == sizes


def test_a_narrow_page_shows_icons_only(page: InspectPage) -> None:
    miss = page.episodes.filters._toggles["has_miss"]
    assert miss.text() == "Miss"
    page.resize(620, 500)
    QApplication.processEvents()
    assert miss.text() == ""
    assert miss.accessibleName() == "Miss"
