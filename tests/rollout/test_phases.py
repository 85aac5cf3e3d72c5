from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.rollout.phases import IN_EPISODE, MOVING, TRANSITIONS, Phase, PhaseEvent, PhaseMachine, next_phase

EVENTS = st.lists(st.sampled_from(PhaseEvent), max_size=40)


def run(events: list[PhaseEvent]) -> Phase:
    phase = Phase.IDLE
    for event in events:
        phase = next_phase(phase, event)
    return phase


@given(EVENTS)
def test_stop_is_latched_until_an_explicit_reset(events: list[PhaseEvent]) -> None:
    after_stop = [event for event in events if event is not PhaseEvent.RESET]
    assert run([PhaseEvent.START, PhaseEvent.STOP, *after_stop]) is Phase.STOPPED


@given(EVENTS)
def test_nothing_but_resume_or_a_takeover_moves_a_holding_robot(events: list[PhaseEvent]) -> None:
    movers = {PhaseEvent.RESUME, PhaseEvent.TAKEOVER_PRESSED, PhaseEvent.EPISODE_ENDED, PhaseEvent.STOP}
    held = [event for event in events if event not in movers]
    assert run([PhaseEvent.START, PhaseEvent.FAULT, *held]) is Phase.HOLD


@given(EVENTS)
def test_a_takeover_is_released_into_the_phase_in_which_it_began(events: list[PhaseEvent]) -> None:
    machine = PhaseMachine(lambda _before, _after: None)
    for event in events:
        machine.apply(event)
    began_in = machine.phase
    if machine.apply(PhaseEvent.TAKEOVER_PRESSED):
        machine.release_takeover()
        assert machine.phase is began_in


def test_every_phase_can_be_reached_and_left() -> None:
    reached = set(TRANSITIONS.values())
    left = {before for (before, _), after in TRANSITIONS.items() if after is not before}
    assert reached == set(Phase)
    assert left == set(Phase)
    assert MOVING < IN_EPISODE


def test_the_machine_notifies_of_changes_only() -> None:
    changes: list[tuple[Phase, Phase]] = []
    machine = PhaseMachine(lambda before, after: changes.append((before, after)))
    assert machine.apply(PhaseEvent.START)
    assert not machine.apply(PhaseEvent.TAKEOVER_RELEASED)
    assert machine.apply(PhaseEvent.FAULT, "first")
    assert not machine.apply(PhaseEvent.FAULT, "second")
    assert machine.reason == "second"
    assert changes == [(Phase.IDLE, Phase.AUTONOMOUS), (Phase.AUTONOMOUS, Phase.HOLD)]
