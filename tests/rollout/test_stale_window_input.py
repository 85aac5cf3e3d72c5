"""What the window sent before an episode neither drives it nor holds it."""

import pytest

from mile_desktop.operators.group import OperatorGroup
from mile_desktop.operators.operator import Operator
from mile_desktop.operators.window_input import WindowOperator
from mile_desktop.rollout.phases import Phase
from tests.rollout.point_scene import PointRollout

TICK_S = 0.05


class WindowRollout:
    """A rollout driven by the window's keyboard, with or without an on-screen pad beside it."""

    def __init__(self, *, alone: bool) -> None:
        self.rollout = PointRollout(action=0.02)
        self.keyboard = WindowOperator("keyboard", clock=self.rollout.clock.now)
        members: list[Operator] = [self.keyboard]
        if not alone:
            members.append(WindowOperator("screen", clock=self.rollout.clock.now))
        self.rollout.loop.runner.operator = OperatorGroup(members)

    def hold_space(self) -> None:
        self.keyboard.feed("keyboard", takeover=True, action=(1.0, 0.0, 0.0, 0.0))

    def phases(self, seconds: float, *, held: bool = False) -> list[Phase]:
        seen = []
        for tick in range(round(seconds / TICK_S)):
            if held and tick % 2 == 0:
                self.hold_space()
            self.rollout.tick()
            seen.append(self.rollout.loop.phase)
        return seen


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("silence_s", [0.0, 0.2, 0.45, 0.6, 3.0])
@pytest.mark.parametrize("end", ["stop", "failure", "discard"])
def test_a_window_that_fell_silent_in_a_takeover_holds_no_later_episode(
    alone: bool, silence_s: float, end: str
) -> None:
    window = WindowRollout(alone=alone)
    loop = window.rollout.loop
    loop.start()
    window.phases(0.1)
    window.hold_space()
    assert window.phases(0.1)[-1] is Phase.TAKEOVER
    window.phases(silence_s)
    if end == "stop":
        loop.stop()
        loop.reset()
    elif end == "discard":
        loop.discard_episode()
    else:
        loop.end_episode("failure")
    window.phases(0.2)
    if loop.phase is Phase.IDLE:
        loop.start()
    begun = [each for each in window.phases(1.0) if each is not Phase.RESETTING]
    assert set(begun) == {Phase.AUTONOMOUS}


def test_a_key_that_is_still_held_drives_the_next_episode_after_its_next_message() -> None:
    window = WindowRollout(alone=False)
    window.rollout.loop.start(2)
    window.phases(0.1)
    window.phases(0.3, held=True)
    window.rollout.loop.end_episode("success")
    window.phases(0.2, held=True)
    assert window.phases(0.4, held=True)[-1] is Phase.TAKEOVER
