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
def playing(page: InspectPage, clock: Clock) -> PlaybackController:
    playing = PlaybackController(page, clock=clock)
    page.timeline.show_recording(a_recording())
    playing.load(a_recording())
    playing._timer.setInterval(10_000)  # the tests pass the time
    return playing


def test_it_plays_by_the_clock_at_the_chosen_speed(playing: PlaybackController, clock: Clock) -> None:
    rows: list[int] = []
    playing.row_changed.connect(rows.append)
    playing.change_speed(1)
    playing.toggle()
    clock.now += 0.125
    playing.advance()
    assert playing.playback.row == 5
    clock.now += 60.0
    playing.advance()
    assert (playing.playback.row, playing.playback.playing) == (19, False)
    assert not playing._timer.isActive()
    assert rows == [5, 19]


def test_buttons_and_slider_do_what_keys_do(page: InspectPage, playing: PlaybackController, qtbot: QtBot) -> None:
    def click(action: str) -> None:
        button = page.transport.findChild(QToolButton, action)
        assert isinstance(button, QToolButton)
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    click("inspect_next_takeover")
    assert playing.playback.row == 4
    click("inspect_forward")
    click("inspect_forward")
    click("inspect_back")
    assert playing.playback.row == 5
    page.transport._slider.setValue(11)
    assert playing.playback.row == 11
    playing.jump("miss", 1)
    assert playing.playback.row == 12
    assert page.timeline._row == 12


def test_a_jump_that_leads_nowhere_says_so(playing: PlaybackController, qtbot: QtBot) -> None:
    playing.go_last()
    with qtbot.waitSignal(playing.nothing_there) as said:
        playing.jump("false_alarm", 1)
    assert said.args == ["There is no false alarm after this step."]


def test_a_trimmed_episode_begins_where_it_counts(page: InspectPage, playing: PlaybackController) -> None:
    recording = a_recording(Trim(3, 9))
    page.timeline.show_recording(recording)
    playing.load(recording)
    assert playing.playback.row == 3
    playing.set_length(60)
    playing.go(55)
    assert playing.playback.row == 55
    playing.set_length(20)
    assert playing.playback.row == 19


def test_the_layout_comes_back_and_nonsense_is_ignored(page: InspectPage) -> None:
    page._rows.setSizes([400, 200])
    saved, sizes = page.save_layout(), page._rows.sizes()
    page._rows.setSizes([200, 400])
    page.restore_layout(saved)
    assert page._rows.sizes() == sizes
    page.restore_layout(b"nonsense|\xff")
    assert page._rows.sizes() == sizes


def test_little_room_takes_the_words_off_the_buttons(page: InspectPage) -> None:
    assert page.episodes._miss.text() == "Miss"
    page.resize(620, 500)
    QApplication.processEvents()
    assert page.episodes._miss.text() == ""
    assert page.episodes._miss.accessibleName() == "Miss"
