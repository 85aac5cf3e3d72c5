"""A scene with discrete actions on the Supervise page."""

import math

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from mile_desktop.rollout.messages import ActionChoice, SessionLoaded, WindowInput
from mile_desktop.ui.plots.probability_strip import hover_text
from mile_desktop.ui.supervise.driving_help_controller import driving_bindings
from mile_desktop.ui.supervise.page import SupervisePage
from mile_desktop.ui.supervise.strips_panel import StripsPanel
from mile_desktop.ui.viewport.orbit_controller import OrbitController
from mile_desktop.ui.viewport.phase_style import driving_hint
from mile_desktop.ui.widgets.discrete_actions import as_motion, choice_text, chosen_action, driving_text
from mile_desktop.viewer.messages import Preset, SetView
from tests.ui.supervise.examples import session, status, taken

CHOICES = (
    ActionChoice("engines off", "rest"),
    ActionChoice("to the left", "left"),
    ActionChoice("main engine", "up"),
    ActionChoice("to the right", "right"),
)
OFF, LEFT, MAIN, RIGHT = (tuple(row) for row in np.eye(4).tolist())


def lander(**changes: object) -> SessionLoaded:
    return session(action_labels=("off", "left", "main", "right"), choices=CHOICES, **changes)


@pytest.fixture
def page(qtbot: QtBot) -> SupervisePage:
    page = SupervisePage()
    qtbot.addWidget(page)
    page.resize(1000, 700)
    page.handle(lander())
    page.show()
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    page.view.setFocus()
    return page


@pytest.fixture
def sent(page: SupervisePage) -> list[WindowInput]:
    sent: list[WindowInput] = []

    def keep(command: object) -> None:
        if isinstance(command, WindowInput):
            sent.append(command)

    page.command.connect(keep)
    return sent


def test_a_discrete_action_is_shown_as_a_motion() -> None:
    assert chosen_action(MAIN, CHOICES) is CHOICES[2]
    assert as_motion(LEFT, CHOICES) == (-1.0, 0.0, 0.0)
    assert as_motion(MAIN, CHOICES) == (0.0, 0.0, 1.0)
    assert as_motion((0.1, 0.2, 0.3, 1.0), ()) == (0.1, 0.2, 0.3, 1.0)
    assert chosen_action((1.0, 0.0), CHOICES) is None


def test_proposed_and_executed_actions_are_named() -> None:
    names = ("off", "left", "main", "right")
    assert choice_text(MAIN, MAIN, names, (0.1, 0.0, 0.82, 0.08)) == "main (0.82)"
    assert choice_text(MAIN, LEFT, names) == "main proposed, left done"
    assert choice_text((math.nan,) * 4, LEFT, names) == "unknown proposed, left done"


def test_the_driving_hint_names_the_device_in_use() -> None:
    assert driving_text(CHOICES) == "A or ← to the left · W or ↑ main engine · D or → to the right"
    assert driving_hint(status(operator="gamepad"), CHOICES).startswith("stick ← to the left · stick ↑ or RT main")
    assert driving_hint(status(operator="screen"), CHOICES).startswith("drag left to the left")
    assert driving_hint(status(), ()).startswith("Left stick moves")
    assert driving_hint(status(operator="keyboard"), ()).startswith("W A S D move")
    listed = {binding.title: (binding.pad, binding.keys_text) for binding in driving_bindings(CHOICES)}
    assert listed["Main engine"] == ("left stick ↑, RT", "W or ↑")
    assert driving_bindings(()) == ()


@pytest.mark.parametrize(("key", "axis", "value"), [(Qt.Key.Key_Left, 0, -1.0), (Qt.Key.Key_W, 1, 1.0)])
def test_arrows_and_letters_drive(
    page: SupervisePage, sent: list[WindowInput], key: Qt.Key, axis: int, value: float
) -> None:
    page.view.set_presets((Preset(name="m", title="M", yaw_deg=0, pitch_deg=0, distance_m=1, target=(0, 0, 0)),))
    window = page.windowHandle()
    QTest.keyPress(window, Qt.Key.Key_Space)
    QTest.keyPress(window, key)
    assert sent[-1].takeover
    assert sent[-1].action[axis] == pytest.approx(value)
    QTest.keyRelease(window, key)
    QTest.keyRelease(window, Qt.Key.Key_Space)
    assert not sent[-1].takeover


def test_two_keys_for_one_direction_hold_it_until_both_are_up(page: SupervisePage, sent: list[WindowInput]) -> None:
    window = page.windowHandle()
    for key in (Qt.Key.Key_Space, Qt.Key.Key_W, Qt.Key.Key_Up):
        QTest.keyPress(window, key)
    QTest.keyRelease(window, Qt.Key.Key_Up)
    assert math.hypot(*sent[-1].action[:2]) == pytest.approx(1.0)
    QTest.keyRelease(window, Qt.Key.Key_W)
    assert sent[-1].action[:2] == (0.0, 0.0)
    QTest.keyRelease(window, Qt.Key.Key_Space)


def test_arrows_belong_to_buttons_unless_space_is_held(page: SupervisePage, sent: list[WindowInput]) -> None:
    page.handle(status())  # the robot is busy: Space is for it, wherever the focus is
    page.findChild(QPushButton).setFocus()
    window = page.windowHandle()
    sent.clear()
    QTest.keyClick(window, Qt.Key.Key_Left)
    assert not sent
    page.findChild(QPushButton).setFocus()
    QTest.keyPress(window, Qt.Key.Key_Space)
    QTest.keyPress(window, Qt.Key.Key_Left)
    assert math.hypot(*sent[-1].action[:2]) == pytest.approx(1.0)
    QTest.keyRelease(window, Qt.Key.Key_Left)
    QTest.keyRelease(window, Qt.Key.Key_Space)


def test_a_discrete_action_is_not_a_gripper_command(page: SupervisePage, sent: list[WindowInput]) -> None:
    page.handle(taken(0, proposed=RIGHT, executed=RIGHT))
    window = page.windowHandle()
    QTest.keyClick(window, Qt.Key.Key_F)
    QTest.keyPress(window, Qt.Key.Key_Space)
    assert sent[-1].action[3] == 0.0
    QTest.keyRelease(window, Qt.Key.Key_Space)
    assert page.pad.as_input().action[3] == 0.0


def test_the_screen_pad_has_one_stick_with_a_caption(page: SupervisePage) -> None:
    page.show_pad(True)
    assert page.pad._plane.isVisible()
    assert not page.pad._height.isVisible()
    assert not any(button.isVisible() for button in page.pad._gripper.buttons())
    assert "drag up main engine" in page.pad._captions[0].text()
    page.handle(session())
    assert page.pad._height.isVisible()
    assert all(button.isVisible() for button in page.pad._gripper.buttons())


def test_each_step_is_a_bar_in_the_lane_of_its_action(qtbot: QtBot) -> None:
    strips = StripsPanel()
    qtbot.addWidget(strips)
    strips.start_session(lander())
    for step, executed in enumerate((OFF, MAIN, MAIN, LEFT)):
        strips.add_step(taken(step, proposed=OFF, executed=executed, intervention=executed is LEFT))
    strips.redraw()
    plot = strips.action_strip
    lanes = plot._offsets.tolist()
    x, y = plot._executed.getData()
    assert y.tolist() == [lanes[0]] * 2 + [lanes[2]] * 4
    assert np.diff(x)[::2] == pytest.approx(0.05)
    assert plot._human.getData()[1].tolist() == [lanes[1]] * 2
    assert len(plot._proposed.getData()[0]) == 8
    assert hover_text(strips._visible(), 0.0, strips._choices).endswith("off proposed, left done")
    assert "executed main" in strips.probability.numbers().columns
    strips.start_session(session())
    assert not plot._discrete


def test_the_view_paints_the_proposed_action(page: SupervisePage) -> None:
    from tests.ui.supervise.test_scene_view import frame  # noqa: PLC0415

    page.show_frame(frame())
    page.handle(status(step=3))
    plain = page.view.grab().toImage()
    for proposed in (OFF, LEFT, MAIN):
        page.handle(taken(3, proposed=proposed, executed=proposed))
        painted = page.view.grab().toImage()
        assert painted != plain
        plain = painted


def drag(mouse: OrbitController) -> None:
    for place in (QPointF(50, 50), QPointF(80, 50)):
        event = QMouseEvent(
            QEvent.Type.MouseMove, place, place, Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        mouse.press(event) if place.x() == 50 else mouse.move(event, 300)


def test_a_flat_scene_is_panned_and_not_turned(page: SupervisePage, qtbot: QtBot) -> None:
    mouse = OrbitController(page)
    preset = Preset(name="m", title="M", yaw_deg=0.0, pitch_deg=0.0, distance_m=1.0, target=(0.0, 0.0, 0.3))
    seen: list[SetView] = []
    mouse.commanded.connect(seen.append)
    mouse.set_presets((preset,), flat=True)
    drag(mouse)
    qtbot.waitUntil(lambda: len(seen) == 1)
    assert (seen[0].yaw_deg, seen[0].pitch_deg) == (0.0, 0.0)
    assert seen[0].target[0] == pytest.approx(-0.1)
    mouse.set_presets((preset,))
    drag(mouse)
    qtbot.waitUntil(lambda: len(seen) == 2)
    assert seen[1].yaw_deg != 0.0
