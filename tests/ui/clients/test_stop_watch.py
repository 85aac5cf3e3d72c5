import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.ui.clients.stop_watch import STOP_HEARD_S, StopWatch


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_an_answer_in_time_is_not_late(clock: Clock) -> None:
    watch = StopWatch(clock)
    number = watch.ask()
    clock.now += STOP_HEARD_S - 0.01
    assert watch.late_s == 0.0
    watch.answer(number)
    clock.now += 10.0
    assert watch.late_s == 0.0


def test_half_a_second_without_an_answer_is_late(clock: Clock) -> None:
    watch = StopWatch(clock)
    watch.ask()
    clock.now += STOP_HEARD_S
    assert watch.late_s == pytest.approx(STOP_HEARD_S)


def test_pressing_again_does_not_start_the_time_again(clock: Clock) -> None:
    watch = StopWatch(clock)
    for _ in range(4):
        watch.ask()
        clock.now += 0.2
    assert watch.late_s == pytest.approx(0.8)


def test_an_answer_to_an_earlier_stop_does_not_count_for_a_later_one(clock: Clock) -> None:
    watch = StopWatch(clock)
    first = watch.ask()
    watch.answer(first)
    watch.ask()
    clock.now += 1.0
    watch.answer(first)
    assert watch.late_s == pytest.approx(1.0)


def test_a_process_that_is_gone_owes_no_answer(clock: Clock) -> None:
    watch = StopWatch(clock)
    watch.ask()
    clock.now += 1.0
    watch.forget()
    assert watch.late_s == 0.0


@given(st.lists(st.sampled_from(["ask", "answer", "wait", "forget"]), max_size=40))
def test_it_is_late_exactly_while_a_stop_waits_for_half_a_second(events: list[str]) -> None:
    clock = Clock()
    watch, sent, waiting = StopWatch(clock), 0, []
    for event in events:
        if event == "ask":
            sent = watch.ask()
            waiting.append(clock.now)
        elif event == "wait":
            clock.now += 0.3
        else:
            watch.answer(sent) if event == "answer" else watch.forget()
            waiting.clear()
        assert bool(watch.late_s) == bool(waiting and clock.now - waiting[0] >= STOP_HEARD_S)
