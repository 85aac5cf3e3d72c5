"""A session as a person has it: start, watch, take over with the keyboard, go on, find it all again."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt

from desk.living import LivingDesk, plan
from mile_desktop.rollout.phases import Phase


@pytest.fixture(scope="module")
def living(open_desk: Callable[..., LivingDesk], tmp_path_factory: pytest.TempPathFactory) -> LivingDesk:
    folder = tmp_path_factory.mktemp("session")
    opened = open_desk(folder, plan(folder / "workspace"))
    opened.until_loaded()
    return opened


@pytest.fixture
def desk(living: LivingDesk) -> LivingDesk:
    living.to_idle()
    living.forget()
    return living


def test_an_episode_is_driven_shown_recorded_and_counted(desk: LivingDesk) -> None:
    frames: list[object] = []
    desk.desk.viewer.frame_ready.connect(frames.append)
    desk.start_episode()
    desk.until(lambda: desk.closed)
    assert desk.closed[0].outcome == "success"
    assert [step.step for step in desk.steps] == list(range(desk.closed[0].steps))
    assert desk.desk.library is not None
    assert desk.desk.library.catalogue.episode_count() == 1
    desk.until(lambda: "1 episode" in desk.retraining.panel._lines[0].text())
    assert frames


def test_space_takes_over_and_letting_go_gives_back(desk: LivingDesk) -> None:
    desk.start_episode()
    desk.until(lambda: desk.steps)
    desk.press(Qt.Key.Key_Space)
    desk.press(Qt.Key.Key_E)
    desk.until_phase(Phase.TAKEOVER)
    desk.until(lambda: desk.steps[-1].intervention and desk.steps[-1].executed[2] == pytest.approx(1.0))
    desk.release(Qt.Key.Key_E)
    desk.release(Qt.Key.Key_Space)
    desk.until_phase(Phase.AUTONOMOUS)
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: desk.closed)
    assert desk.closed[0].outcome == "success"
    assert desk.closed[0].takeovers == 1
