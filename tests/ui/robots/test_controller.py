from collections.abc import Iterator

import pytest

from mile_desktop.ui.composition import Composition, compose
from mile_desktop.ui.shell.preferences import PreferenceStore
from tests.ui.robots.examples import status

PROBLEM = "Stop did not reach the robot (no message for 0.6 s). ann drives it; use the robot's own emergency stop."


@pytest.fixture
def parts(store: PreferenceStore) -> Iterator[Composition]:
    made = compose(store)
    yield made
    made.application.window.close()
    made.application.window.deleteLater()
    made.application.deleteLater()


def test_a_robot_that_did_not_hear_stop_is_said_in_large_until_it_has(parts: Composition) -> None:
    alarms, changed = parts.application.window.alarms, parts.application.worker.robot_status_changed
    changed.emit(status(mode="active", armed=True))
    assert alarms.shown is None
    changed.emit(status(mode="active", armed=True, stop_problem=PROBLEM))
    assert alarms.shown is not None
    assert (alarms.shown.title, alarms.shown.text) == ("Stop did not reach the robot", PROBLEM)
    changed.emit(status(mode="stopped"))
    assert alarms.shown is None


def test_the_alarm_goes_with_the_robot(parts: Composition) -> None:
    application = parts.application
    application.worker.robot_status_changed.emit(status(stop_problem=PROBLEM))
    application.robot_changed.emit()
    assert application.window.alarms.shown is None
