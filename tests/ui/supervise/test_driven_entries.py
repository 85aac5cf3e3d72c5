"""A scene that says what drives each entry of its action, on the Supervise page."""

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from mile_desktop.cameras.settings import VIDEOS
from mile_desktop.rollout.messages import ActionChoice, SessionLoaded, WindowInput
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.supervise.page import SupervisePage
from mile_desktop.ui.supervise.scene_video_controller import FILE_NAME, SceneVideoController
from mile_desktop.ui.viewport.phase_style import driving_hint
from mile_desktop.ui.widgets.discrete_actions import drives_gripper, driving_text, entries_text
from mile_desktop.viewer.messages import StartVideo, StopVideo, ViewerReady
from tests.ui.supervise.examples import session, status, taken

TORQUE, GAS, LIFT, GRIP, FREE = (
    ActionChoice(title, push)
    for title, push in (("torque", "left"), ("gas", "away"), ("lift", "up"), ("grip", "close"), ("free", "none"))
)


def driven(*entries: ActionChoice) -> SessionLoaded:
    labels = tuple(entry.title for entry in entries) or ("dx", "dy", "dz", "grip")
    return session(action_labels=labels, entries=entries)


@pytest.fixture
def page(qtbot: QtBot) -> SupervisePage:
    page = SupervisePage()
    qtbot.addWidget(page)
    page.resize(1000, 700)
    page.show()
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    page.view.setFocus()
    return page


def test_the_hint_names_the_controls_of_the_device_in_use() -> None:
    entries = (TORQUE, GAS, GRIP, FREE)
    assert driving_hint(status(operator="keyboard"), (), entries) == "A, D torque · W, S gas · F grip"
    assert entries_text(entries, "gamepad") == "left stick ↔ torque · left stick ↕ gas · LT, RT grip"
    assert entries_text((LIFT,), "screen") == "up, down lift"
    assert entries_text(()) == ""
    assert driving_text((ActionChoice("out of reach", "none"), ActionChoice("left", "left"))) == "A or ← left"


@pytest.mark.parametrize(("entries", "gripper"), [((), True), ((TORQUE,), False), ((TORQUE, GRIP), True)])
def test_the_gripper_key_works_only_where_something_is_driven_by_it(
    entries: tuple[ActionChoice, ...], gripper: bool
) -> None:
    assert drives_gripper((), entries) is gripper
    assert not drives_gripper((TORQUE, GAS), entries)


def test_the_fourth_entry_of_a_foreign_action_is_no_gripper(page: SupervisePage) -> None:
    sent: list[WindowInput] = []
    page.command.connect(lambda command: sent.append(command) if isinstance(command, WindowInput) else None)
    page.handle(driven(TORQUE, GAS, LIFT, GRIP))
    page.handle(taken(0, proposed=(0.0, 0.0, 0.0, 0.9), executed=(0.0, 0.0, 0.0, 0.9)))
    QTest.keyPress(page.windowHandle(), Qt.Key.Key_Space)
    assert sent[-1].action[3] == 0.0
    QTest.keyClick(page.windowHandle(), Qt.Key.Key_F)
    assert sent[-1].action[3] == 1.0
    QTest.keyRelease(page.windowHandle(), Qt.Key.Key_Space)


@pytest.mark.parametrize(
    ("entries", "height", "grip", "caption"),
    [
        ((TORQUE,), False, False, "drag ↔ torque"),
        ((TORQUE, LIFT, GRIP), True, True, "drag ↔ torque · up, down lift · Open, Close grip"),
        ((), True, True, "x, y as seen"),
    ],
)
def test_the_screen_pad_shows_the_controls_that_drive(
    page: SupervisePage, entries: tuple[ActionChoice, ...], height: bool, grip: bool, caption: str
) -> None:
    page.handle(driven(*entries))
    page.show_pad(True)
    pad = page.pad
    assert (pad._height.isVisible(), pad._gripper.button(0).isVisible()) == (height, grip)
    assert pad._captions[0].text() == caption


def test_the_rate_of_the_environments_picture_is_said_while_it_moves(page: SupervisePage) -> None:
    page.view.set_picture_rate(7.6)
    assert page.view._rate_hint(status(phase=Phase.AUTONOMOUS)) == "Picture: 8 a second"
    assert page.view._rate_hint(status(phase=Phase.HOLD)) == ""
    page.view.set_picture_rate(None)
    assert page.view._rate_hint(status(phase=Phase.AUTONOMOUS)) == ""


# ── its video ────────────────────────────────────────────────────────────────────────────────────────────────────


class Processes(QObject):
    """The signals of viewer and worker."""

    ready, step_taken, episode_closed, died = Signal(object), Signal(object), Signal(object), Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[object] = []

    def send(self, command: object) -> None:
        self.sent.append(command)


@pytest.fixture
def processes(qtbot: QtBot, tmp_path: object) -> Processes:
    made = Processes()
    made.controller = SceneVideoController(made, made, lambda: tmp_path, made)  # type: ignore[arg-type]
    return made


def ready(*, draws_itself: bool) -> ViewerReady:
    return ViewerReady(scene="s", renderer="r", presets=(), flat=True, draws_itself=draws_itself)


def test_an_episode_of_a_scene_that_draws_itself_is_recorded_once(processes: Processes, tmp_path: object) -> None:
    processes.ready.emit(ready(draws_itself=True))
    first, second = taken(0), taken(1)
    processes.step_taken.emit(first)
    processes.step_taken.emit(second)
    (start,) = processes.sent
    assert isinstance(start, StartVideo)
    assert start.path == f"{tmp_path}/{VIDEOS}/{first.episode_id}/{FILE_NAME}"
    assert start.since == pytest.approx(first.timestamp - 0.1)
    processes.died.emit("The worker has ended.")
    assert processes.sent[1:] == [StopVideo()]


def test_a_viewer_that_was_started_again_goes_on_in_another_video(processes: Processes) -> None:
    processes.ready.emit(ready(draws_itself=True))
    processes.step_taken.emit(taken(0))
    processes.ready.emit(ready(draws_itself=True))
    processes.step_taken.emit(taken(1))
    assert [type(each) for each in processes.sent] == [StartVideo, StartVideo]


def test_scenes_that_are_drawn_from_states_need_no_video(processes: Processes) -> None:
    processes.ready.emit(ready(draws_itself=False))
    processes.step_taken.emit(taken(0))
    assert processes.sent == []
