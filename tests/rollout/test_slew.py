from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.rollout.slew import MAX_CHANGE_PER_S, SlewLimit
from tests.rollout.point_scene import PointRollout, vector

ACTIONS = st.lists(st.floats(-1.0, 1.0, width=32), min_size=2, max_size=40)
SCRIPT = st.lists(
    st.tuples(st.booleans(), st.floats(-1.0, 1.0, width=32), st.floats(-1.0, 1.0, width=32)), min_size=2, max_size=25
)
BOUND = MAX_CHANGE_PER_S / 20.0
ROUNDING = 1e-5


@given(ACTIONS)
def test_after_a_switch_no_step_changes_the_action_by_more_than_the_bound(actions: list[float]) -> None:
    slew = SlewLimit(1, 20.0)
    before = float(slew.limit(vector(actions[0]))[0])
    slew.switch()
    for wanted in actions[1:9]:  # 0.4 s: the limit applies in all of these steps
        executed = float(slew.limit(vector(wanted))[0])
        assert abs(executed - before) <= BOUND + ROUNDING
        assert min(before, wanted) - ROUNDING <= executed <= max(before, wanted) + ROUNDING
        before = executed


@given(SCRIPT)
def test_whoever_takes_over_and_hands_back_the_first_step_of_each_is_bounded(
    script: list[tuple[bool, float, float]],
) -> None:
    rollout = PointRollout()
    rollout.scene.max_steps = 1000
    rollout.loop.start()
    for takeover, person, policy in script:
        rollout.operator.takeover, rollout.operator.action = takeover, person
        rollout.policy.action = policy
        rollout.tick()
    steps = rollout.sink.steps
    for earlier, later in pairwise(steps):
        if earlier.intervention != later.intervention:
            assert np.abs(later.action - earlier.action).max() <= BOUND + ROUNDING


def test_a_full_reversal_takes_eight_steps_and_then_the_person_is_free() -> None:
    rollout = PointRollout(action=1.0)
    rollout.scene.position = -5.0
    rollout.loop.start()
    rollout.scene.position = -5.0
    rollout.tick()
    rollout.operator.takeover, rollout.operator.action = True, -1.0
    rollout.tick(8)
    assert rollout.executed()[1:] == [0.75, 0.5, 0.25, 0.0, -0.25, -0.5, -0.75, -1.0]
    assert all(step.intervention for step in rollout.sink.steps[1:]), "the takeover itself is not delayed"
    assert [float(step.human_action[0]) for step in rollout.sink.steps[1:] if step.human_action is not None] == [
        -1.0
    ] * 8
    rollout.operator.action = 1.0
    rollout.tick()
    assert rollout.executed()[-1] == 1.0


def test_after_a_hold_motion_begins_from_rest() -> None:
    rollout = PointRollout(action=1.0)
    rollout.loop.start()
    rollout.tick(2)
    rollout.loop.toggle_hold()
    rollout.tick(6)
    rollout.loop.toggle_hold()
    rollout.tick(2)
    assert rollout.executed() == [1.0, 1.0, 0.25, 0.5]


def test_a_choice_is_never_mixed_with_another() -> None:
    slew = SlewLimit(3, 20.0, discrete=True)
    slew.limit(vector(1.0, 0.0, 0.0))
    slew.switch()
    assert list(slew.limit(vector(0.0, 0.0, 1.0))) == [0.0, 0.0, 1.0]
